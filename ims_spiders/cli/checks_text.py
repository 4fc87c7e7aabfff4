"""The doctor's checks of attachment texts: each format is really read, in the child process, and the limits hold."""

from __future__ import annotations

import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

from ims_spiders.cli.checks_result import Check, bad, doubtful, good, some
from ims_spiders.text.extract import Extraction, extract_text
from ims_spiders.text.formats import FORMATS
from ims_spiders.text.limits import MEGABYTE, Limits

SAID = "배치 TPETIME"
LATIN_SAID = "batch TPETIME"
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN_PART = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"


def plain_sample() -> bytes:
    """A log of a Korean machine."""
    return f"{SAID} 오류가 발생했습니다\n".encode("cp949")


def docx_sample() -> bytes:
    """The smallest document that Word would open."""
    members = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="'
        'application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_MAIN_PART}"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="r1" Type="{_OFFICE}" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f'<w:document xmlns:w="{_WORD}"><w:body><w:p><w:r><w:t>{SAID}</w:t></w:r></w:p>'
        "<w:sectPr/></w:body></w:document>",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, '<?xml version="1.0" encoding="UTF-8"?>' + content)
    return packed.getvalue()


def pdf_sample() -> bytes:
    """One page in a font that every reader has."""
    stream = zlib.compress(f"BT /F1 12 Tf 72 720 Td ({LATIN_SAID}) Tj ET".encode())
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    return content + table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(content)


SAMPLES: dict[str, tuple[Callable[[], bytes], str]] = {
    "pdf": (pdf_sample, LATIN_SAID),
    "docx": (docx_sample, SAID),
    "plain": (plain_sample, SAID),
}
"""How a file of each format that is read is made, and what is to be read in it."""


def text() -> list[Check]:
    """Every format that has a reader is read, and no file may cost more than the limits."""
    with tempfile.TemporaryDirectory(prefix="ims-doctor-") as folder:
        try:
            return [_formats(Path(folder)), _limits(Path(folder))]
        except OSError as error:
            return [bad("Text of attachments", str(error), "set TMPDIR to a folder that you can write")]


def _formats(folder: Path) -> Check:
    name = "Text of attachments"
    failed = [f"{kind}: {reason}" for kind in SAMPLES if (reason := why_unread(kind, folder))]
    if failed:
        return bad(name, f"cannot be read: {some(failed)}", "run `make setup` again, and see memory and process limits")
    kept = [one.name for one in FORMATS if one.module is None]
    return good(name, f"{', '.join(SAMPLES)} are read ({', '.join(kept)} files are kept without text)")


def why_unread(kind: str, folder: Path) -> str | None:
    """Why a sample of this format is not read; None when it is."""
    make, said = SAMPLES[kind]
    path = folder / f"sample.{kind}"
    path.write_bytes(make())
    found = extract_text(path, path.name)
    if found.text is None or said not in found.text:
        return found.reason or f"{found.status}, and something else than what it says"
    return None


def _limits(folder: Path) -> Check:
    name = "Limits on attachments"
    found = greedy(folder, Limits())
    limit = f"{Limits().memory // MEGABYTE} MB"
    if found.status == "failed" and "memory" in (found.reason or ""):
        return good(name, f"a file that asks for more than {limit} of memory is given up")
    advice = "crawl on Linux, or under a limit of the system's (systemd's MemoryMax, a container's memory)"
    return doubtful(name, f"more than {limit} of memory are given to a file that asks for it: {found.status}", advice)


def greedy(folder: Path, limits: Limits) -> Extraction:
    """Have a small file read with room for twice the memory that is usual; nothing of it is really used."""
    path = folder / "greedy.txt"
    path.write_bytes(plain_sample())
    # Plain text is read into a buffer of four bytes for each character that is allowed.
    return extract_text(path, path.name, Limits(memory=limits.memory, characters=Limits().memory // 2))
