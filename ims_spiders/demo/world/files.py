"""Bytes of attachments: real files of each kind, always the same for the same seed, made when first asked for."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from functools import lru_cache
from random import Random
from threading import Lock

from ims_spiders.demo.world import bombs
from ims_spiders.demo.world.images import png
from ims_spiders.demo.world.model import File

_FIXED_TIME = (2025, 1, 2, 3, 4, 6)
_BUILDING = Lock()


def _lines(file: File, count: int) -> list[str]:
    rng = Random(file.seed)
    topic = file.topic or ("no topic",)
    return [
        f"2025-10-{rng.randrange(1, 29):02d} {rng.randrange(24):02d}:{rng.randrange(60):02d}:{rng.randrange(60):02d} "
        f"[{rng.choice(('I', 'W', 'E'))}] {rng.choice(topic)} #{rng.randrange(10**6)}"
        for _ in range(count)
    ]


def _log(file: File) -> bytes:
    return "\n".join(_lines(file, 40)).encode()


def _big_log(file: File) -> bytes:
    return "\n".join(_lines(file, 2000) * 10).encode()


def _text(file: File) -> bytes:
    return ("\ufeff" + "\r\n".join(_lines(file, 12))).encode()


def _cp949(file: File) -> bytes:
    lines = ["메인프레임에서 내려받은 결과입니다.", "운영 서버와 개발 서버의 결과를 비교해 주십시오.", *_lines(file, 8)]
    return "\r\n".join(lines).encode("cp949", "replace")


def _csv(file: File) -> bytes:
    rows = [f'"{line[20:60].replace(chr(34), "")}",{number}' for number, line in enumerate(_lines(file, 20))]
    return ("message,number\r\n" + "\r\n".join(rows)).encode()


def _zip(file: File) -> bytes:
    return pack({"logs/slog.txt": _log(file), "읽어주세요.txt": "첨부 로그입니다.".encode(), "raw.bin": png(file.seed)})


def _pdf(file: File) -> bytes:
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen import canvas

    for font in ("HYSMyeongJo-Medium", "HeiseiMin-W3"):
        if font not in pdfmetrics.getRegisteredFontNames():
            pdfmetrics.registerFont(UnicodeCIDFont(font))
    target = io.BytesIO()
    page = canvas.Canvas(target, invariant=1)
    for number, line in enumerate(_lines(file, 12)):
        japanese = re.search("[ぁ-ヿ]", line)
        page.setFont("HeiseiMin-W3" if japanese else "HYSMyeongJo-Medium", 10)
        page.drawString(50, 780 - 16 * number, line)
    page.save()
    return target.getvalue()


def _docx(file: File) -> bytes:
    from docx import Document

    document = Document()
    lines = _lines(file, 8)
    document.add_heading(lines[0][20:60])
    for line in lines[1:5]:
        document.add_paragraph(line)
    grid = document.add_table(rows=0, cols=2)
    for line in lines[5:]:
        cells = grid.add_row().cells
        cells[0].text, cells[1].text = line[:19], line[20:]
    target = io.BytesIO()
    document.save(target)
    return _steady(target.getvalue())


def _xlsx(file: File) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = "점검"
    for number, line in enumerate(_lines(file, 15)):
        sheet.append([number, line[:19], line[20:]])
    target = io.BytesIO()
    book.save(target)
    return _steady(target.getvalue())


def _png(file: File) -> bytes:
    return png(file.seed, 48)


def pack(members: dict[str, bytes]) -> bytes:
    """A zip archive with fixed times."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, body in members.items():
            archive.writestr(zipfile.ZipInfo(name, _FIXED_TIME), body, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def _steady(office_file: bytes) -> bytes:
    """The same office file without the moment at which it was written."""
    with zipfile.ZipFile(io.BytesIO(office_file)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    core = "docProps/core.xml"
    members[core] = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?", b"2025-01-02T03:04:06Z", members[core])
    return pack(members)


RECIPES: dict[str, Callable[[File], bytes]] = {
    "log": _log, "biglog": _big_log, "txt": _text, "cp949": _cp949, "csv": _csv, "zip": _zip, "patch": _zip,
    "pdf": _pdf, "docx": _docx, "xlsx": _xlsx, "png": _png,
    "zip_bomb": bombs.zip_bomb, "docx_bomb": bombs.docx_bomb, "gzip_bomb": bombs.gzip_bomb, "pdf_bomb": bombs.pdf_bomb,
}  # fmt: skip


@lru_cache(maxsize=4096)
def _bytes(file: File) -> bytes:
    return RECIPES[file.recipe](file)


class FileStore:
    """Makes the bytes of attachments; trackers of one process share what was made."""

    def content(self, file: File) -> bytes:
        """The bytes of a file."""
        with _BUILDING:
            return _bytes(file)

    def size_label(self, file: File) -> str:
        """The size as the tracker prints it, rounded."""
        size = float(len(self.content(file)))
        for unit in ("B", "KB"):
            if size < 1024:
                return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
            size /= 1024
        return f"{size:.1f} MB"
