"""Small files that become huge when they are unpacked. Their topic holds the size in megabytes."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator

from ims_spiders.demo.world.model import File

_MEGABYTE = b"A" * 2**20


def _megabytes(file: File) -> Iterator[bytes]:
    for _ in range(int(file.topic[0])):
        yield _MEGABYTE


def zip_bomb(file: File, member: str = "bomb.txt") -> bytes:
    """An archive with one member of that size."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        info = zipfile.ZipInfo(member, (2025, 1, 2, 3, 4, 6))
        info.compress_type = zipfile.ZIP_DEFLATED
        with archive.open(info, "w", force_zip64=True) as body:
            for block in _megabytes(file):
                body.write(block)
    return target.getvalue()


def docx_bomb(file: File) -> bytes:
    """The same with the name under which a Word file keeps its text."""
    return zip_bomb(file, "word/document.xml")


def gzip_bomb(file: File) -> bytes:
    """A compressed log of that size."""
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as archive:
        for block in _megabytes(file):
            archive.write(block)
    return target.getvalue()


def pdf_bomb(file: File) -> bytes:
    """A PDF whose only page has a content stream of that size."""
    packer = zlib.compressobj(9)
    stream = b"".join(packer.compress(block) for block in _megabytes(file)) + packer.flush()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%b\nendstream" % (len(stream), stream),
    ]
    body, offsets = b"%PDF-1.4\n", []
    for number, value in enumerate(objects, start=1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, value)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    return body + b"xref\n0 5\n0000000000 65535 f \n" + table + trailer
