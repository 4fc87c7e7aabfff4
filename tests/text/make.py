"""Makes the files that the tests read: real ones by real libraries, and hostile ones by hand."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path

import docx
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas


def pdf(path: Path, pages: list[str], password: str | None = None) -> Path:
    """A PDF with one line of text a page, in a font for Korean."""
    pdfmetrics.registerFont(UnicodeCIDFont("HYSMyeongJo-Medium"))
    canvas = Canvas(str(path), encrypt=password)
    for text in pages:
        canvas.setFont("HYSMyeongJo-Medium", 12)
        if text:
            canvas.drawString(72, 720, text)
        canvas.showPage()
    canvas.save()
    return path


def word(path: Path) -> Path:
    """A document with a header, a footer, a paragraph, and a table with a merged cell between two paragraphs."""
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "기술지원 보고서"
    document.sections[0].footer.paragraphs[0].text = "대외비 아님"
    document.add_paragraph("첫 문단: TPETIME 오류")
    table = document.add_table(rows=2, cols=3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "번호와 이름"
    table.cell(0, 2).text = "상태"
    for column, text in enumerate(("1", "山田太郎", "Closed")):
        table.cell(1, column).text = text
    document.add_paragraph("last paragraph")
    document.save(str(path))
    return path


def replace_member(path: Path, name: str, change: bytes) -> Path:
    """The same archive with another content of one member."""
    with zipfile.ZipFile(path) as archive:
        members = {one.filename: archive.read(one) for one in archive.infolist()}
    members[name] = change
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return path


def pdf_with_content(path: Path, content: bytes, packed: bool = True) -> Path:
    """A one-page PDF whose page is made of that content stream."""
    stream = zlib.compress(content, 9) if packed else content
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    start = out.tell()
    out.write(b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets))
    out.write(b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % start)
    path.write_bytes(out.getvalue())
    return path


def lying_word(path: Path, megabytes: int) -> Path:
    """A DOCX whose text unpacks to many megabytes while its directory says a thousand bytes."""
    word(path)
    text = b"<w:t>" + b"A" * 1024
    replace_member(path, "word/document.xml", text * 1024 * megabytes)
    content = bytearray(path.read_bytes())
    name = b"word/document.xml"
    position = content.rfind(name)
    content[position - 46 + 24 : position - 46 + 28] = (1000).to_bytes(4, "little")
    path.write_bytes(content)
    return path
