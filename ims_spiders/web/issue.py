"""The page of an issue: what the archive knows of it, and issues like it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path, PurePath
from typing import Any

from aiohttp import web

from ims_spiders.web.files import open_inside
from ims_spiders.web.guard import SETTINGS
from ims_spiders.web.issue_rows import read_issue
from ims_spiders.web.keys import DATABASE
from ims_spiders.web.pictures import HEAD_BYTES, SUFFIXES, picture_type
from ims_spiders.web.problems import NotThereError, TookTooLongError
from ims_spiders.web.render import page
from ims_spiders.web.sight import Sight

MOST_SIMILAR = 8
MOST_PICTURE_BYTES = 5_000_000
SIMILAR_SECONDS = 5
# Without the passages that `ims search --like` shows: to find them in long texts takes longer than all the rest.
_SIMILAR = "SELECT issue_id, title, product, status FROM {schema}.search_similar(:issue_id, :most)"


async def issue_page(request: web.Request) -> web.Response:
    """The issue of the address; `comments` is a page of them, `comment` the number of one that is to be on it."""
    issue_id = request.match_info["issue_id"]
    chosen = _number(request.query.get("comments")) or 1
    database = request.app[DATABASE]
    found, alike = await asyncio.gather(
        database.look(partial(read_issue, issue_id, chosen, _number(request.query.get("comment")))),
        _similar(request, issue_id),
    )
    pictures = await asyncio.to_thread(_pictures, request.app[SETTINGS].data_dir, found.files)
    return page("issue.html.j2", found=found, issue=found.issue, similar=alike, pictures=pictures)


def _pictures(data_dir: Path, files: Sequence[Any]) -> set[int]:
    """Which of the files can be shown: named and begun like a picture, and not too large."""
    found = set()
    for file in files:
        named = PurePath(file.filename).suffix.lower() in SUFFIXES
        if file.is_here and named and (file.file_size or 0) <= MOST_PICTURE_BYTES:
            with suppress(NotThereError):
                descriptor = open_inside(data_dir, file.file_path)
                if picture_type(os.pread(descriptor, HEAD_BYTES, 0)):
                    found.add(file.attachment_id)
                os.close(descriptor)
    return found


async def _similar(request: web.Request, issue_id: str) -> Sequence[Any] | None:
    """Issues like it; None when comparing takes too long, which is no reason not to show the issue."""

    def compare(sight: Sight) -> Sequence[Any]:
        sight.connection.exec_driver_sql(f"SET LOCAL statement_timeout = '{SIMILAR_SECONDS}s'")
        return sight.rows(_SIMILAR, issue_id=issue_id, most=MOST_SIMILAR)

    try:
        return await request.app[DATABASE].look(compare)
    except TookTooLongError:
        return None


def _number(value: str | None) -> int | None:
    """A number from 1 of at most 18 digits, or None."""
    fits = value is not None and value.isascii() and value.isdigit() and len(value) <= 18
    return int(value) or None if fits and value is not None else None
