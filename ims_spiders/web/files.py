"""Attachments out of the data folder: those that the database names, as files to be kept, pictures also to be seen."""

from __future__ import annotations

import asyncio
import os
import stat
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web

from ims_spiders.web.download import disposition
from ims_spiders.web.guard import SETTINGS
from ims_spiders.web.keys import DATABASE
from ims_spiders.web.pictures import HEAD_BYTES, picture_type
from ims_spiders.web.problems import NotThereError
from ims_spiders.web.sight import Sight

FOLDER = "attachments"
CHUNK = 1 << 18
READER_SECONDS = 60
"""How long a reader may take for a chunk."""
SANDBOX = "default-src 'none'; sandbox; frame-ancestors 'none'"
_FILE = """
    SELECT a.filename, a.file_path, a.download_error
    FROM {schema}.attachments AS a JOIN {schema}.issues AS i USING (issue_pk)
    WHERE i.issue_id = :issue_id AND a.attachment_id = :attachment_id"""


async def file_download(request: web.Request) -> web.StreamResponse:
    """The attachment as a file to be kept, whatever it is."""
    row, descriptor = await _opened(request)
    headers = {"Content-Disposition": disposition(row.filename), "Content-Type": "application/octet-stream"}
    return await _sent(request, descriptor, headers)


async def picture(request: web.Request) -> web.StreamResponse:
    """The attachment to be seen. Raises NotThereError when it is no picture, whatever its name says."""
    row, descriptor = await _opened(request)
    kind = picture_type(os.pread(descriptor, HEAD_BYTES, 0))
    if kind is None:
        os.close(descriptor)
        raise NotThereError("This file is no picture that is safe to show. It can be downloaded.")
    headers = {"Content-Disposition": disposition(row.filename, "inline"), "Content-Type": kind}
    return await _sent(request, descriptor, headers)


async def _opened(request: web.Request) -> tuple[Any, int]:
    """What the database says of the file, and a descriptor to read it from, which is the caller's to close."""
    wanted = (request.match_info["issue_id"], int(request.match_info["attachment_id"]))
    row = await request.app[DATABASE].look(partial(_named, *wanted))
    if row.file_path is None:
        reason = f" The crawl says: {row.download_error}." if row.download_error else ""
        raise NotThereError(
            f"The archive does not have this file.{reason} To ask for it again: ims crawl --resume last"
        )
    return row, await asyncio.to_thread(open_inside, request.app[SETTINGS].data_dir, row.file_path)


def open_inside(data_dir: Path, name: str) -> int:
    """A descriptor of an attachment by its name relative to the data folder.

    Raises NotThereError when that leads to anything but a file among the attachments, or when the file is gone.
    """
    gone = NotThereError("The file is not in the data folder any more. To see what else is missing: ims db check")
    try:
        folder = (data_dir / FOLDER).resolve(strict=True)
        path = (data_dir / name).resolve(strict=True)
        if not path.is_relative_to(folder):
            raise gone
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError, RuntimeError) as error:
        raise gone from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise gone
    return descriptor


def _named(issue_id: str, attachment_id: int, sight: Sight) -> Any:
    rows = sight.rows(_FILE, issue_id=issue_id, attachment_id=attachment_id)
    if not rows:
        raise NotThereError(f"The issue {issue_id} has no such file in the archive.")
    return rows[0]


async def _sent(request: web.Request, descriptor: int, headers: dict[str, str]) -> web.StreamResponse:
    """The bytes, chunk by chunk. Who stops reading is given up, and nobody takes a part for the whole."""
    response = web.StreamResponse(headers={**headers, "Content-Security-Policy": SANDBOX})
    try:
        response.content_length = os.fstat(descriptor).st_size
        await response.prepare(request)
        if request.method == hdrs.METH_HEAD or await _streamed(descriptor, response, response.content_length):
            await response.write_eof()
        elif request.transport is not None:
            request.transport.abort()
    except OSError:
        # The headers may be on their way: a page about it would become a part of the file.
        if request.transport is not None:
            request.transport.abort()
    finally:
        os.close(descriptor)
    return response


async def _streamed(descriptor: int, response: web.StreamResponse, size: int) -> bool:
    """Whether so many bytes were there to be sent. Raises OSError when the disk or the reader fails or is too slow."""
    at = 0
    while at < size:
        chunk = await asyncio.to_thread(os.pread, descriptor, min(CHUNK, size - at), at)
        if not chunk:
            return False
        async with asyncio.timeout(READER_SECONDS):
            await response.write(chunk)
        at += len(chunk)
    return True
