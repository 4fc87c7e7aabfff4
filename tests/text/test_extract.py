"""Real files of every format come out as the text that is in them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ims_spiders.text.extract import Extraction, extract_text
from ims_spiders.text.limits import Limits
from tests.text import make

KOREAN = "2025-10-17 18:12:14 [ERROR] 프로세스 종료: 코드 -5412, 서버를 다시 시작하십시오.\n"
JAPANESE = "2025-10-17 18:12:14 [ERROR] プロセス終了: サーバーを再起動してください。\n"
ASCII = "2025-10-17 18:12:15 INFO listener ready on port 8629\n"


def extract(path: Path, content: bytes) -> Extraction:
    path.write_bytes(content)
    return extract_text(path, path.name)


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("utf-8", KOREAN + JAPANESE),
        ("utf-8-sig", KOREAN),
        ("cp949", KOREAN),
        ("euc-kr", "번호,제목,담당자\n1,로그인 실패,김철수\n"),
        ("cp949", ASCII * 40 + "종료됨\n"),
        ("shift_jis", JAPANESE),
        ("shift_jis", ASCII * 40 + "終了しました\n"),
        ("euc_jp", JAPANESE),
        ("euc_jp", ASCII * 40 + JAPANESE),
        ("iso2022_jp", JAPANESE),
        ("utf-16", KOREAN),
        ("utf-16-le", KOREAN + "가각갂 가가\n"),
        ("utf-16-be", JAPANESE),
        ("utf-32", KOREAN),
        ("cp1252", "Erreur réseau détectée à l'exécution\n"),
    ],
)
def test_text_of_any_charset(tmp_path: Path, charset: str, text: str) -> None:
    assert extract(tmp_path / "server.log", text.encode(charset)) == Extraction("extracted", text)


def test_a_character_cut_in_half_at_the_end_does_not_change_the_charset(tmp_path: Path) -> None:
    found = extract(tmp_path / "cut.log", (KOREAN + "종료").encode()[:-1])
    assert found.text is not None
    assert found.text.startswith(KOREAN + "종")


def test_a_log_with_a_hole_is_text(tmp_path: Path) -> None:
    found = extract(tmp_path / "rotated.log", bytes(3000) + (ASCII * 5).encode())
    assert found == Extraction("extracted", ASCII * 5)


@pytest.mark.parametrize(
    "content",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500),
        bytes(range(256)) * 20,
        bytes(5000),
        b"{\\rtf1\\ansi plain enough}",
        b"\x1f\x8b\x08\x00plain enough",
    ],
    ids=["png", "ole", "every byte", "zeros", "rtf", "gzip"],
)
def test_what_is_no_text_is_not_taken_for_it(tmp_path: Path, content: bytes) -> None:
    found = extract(tmp_path / "named.txt", content)
    assert (found.status, found.text) == ("unsupported", None)


def test_an_archive_is_not_a_document(tmp_path: Path) -> None:
    path = tmp_path / "logs.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.log", ASCII)
    assert extract_text(path, "logs.docx.zip").status == "unsupported"


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"\xef\xbb\xbf"])
def test_nothing_in_it(tmp_path: Path, content: bytes) -> None:
    found = extract(tmp_path / "empty.txt", content)
    assert (found.status, found.text) == ("empty", None)
    assert found.reason


def test_pages_of_a_pdf_are_separated_by_form_feeds(tmp_path: Path) -> None:
    path = make.pdf(tmp_path / "report.pdf", ["첫 페이지 TPETIME", "", "third page"])
    found = extract_text(path, path.name)
    assert found.status == "extracted"
    assert found.text is not None
    assert [page.strip() for page in found.text.split("\f")] == ["첫 페이지 TPETIME", "", "third page"]


def test_a_pdf_of_pictures_is_empty(tmp_path: Path) -> None:
    assert extract_text(make.pdf(tmp_path / "scan.pdf", ["", ""]), "scan.pdf").status == "empty"


def test_a_locked_pdf_says_so(tmp_path: Path) -> None:
    found = extract_text(make.pdf(tmp_path / "locked.pdf", ["x"], password="geheim"), "locked.pdf")
    assert found == Extraction("failed", reason="it is locked by a password")


def test_a_document_comes_in_reading_order(tmp_path: Path) -> None:
    found = extract_text(make.word(tmp_path / "report.docx"), "report.docx")
    assert found.text is not None
    assert found.text.splitlines() == [
        "기술지원 보고서",
        "첫 문단: TPETIME 오류",
        "번호와 이름\t상태",
        "1\t山田太郎\tClosed",
        "last paragraph",
        "대외비 아님",
    ]


def test_content_controls_insertions_and_text_boxes_are_read_once(tmp_path: Path) -> None:
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    compatible = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    box = "<w:txbxContent><w:p><w:r><w:t>boxed</w:t></w:r></w:p></w:txbxContent>"
    document = docx.Document()
    first = document.add_paragraph("before")
    for xml in (
        f"<w:sdt {space}><w:sdtContent><w:p><w:r><w:t>controlled</w:t></w:r></w:p></w:sdtContent></w:sdt>",
        f"<w:p {space}><w:pPr><w:tabs><w:tab/></w:tabs></w:pPr><w:ins><w:r><w:t>added</w:t></w:r></w:ins>"
        "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>",
        f"<w:p {space} {compatible}><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
        f"<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent></w:r></w:p>",
    ):
        first._p.addprevious(parse_xml(xml))
    document.save(str(tmp_path / "odd.docx"))
    text = extract_text(tmp_path / "odd.docx", "odd.docx").text
    assert text is not None
    assert text.split() == ["controlled", "added", "boxed", "before"]
    assert "\t" not in text


@pytest.mark.parametrize("name", ["report.txt", "report.docx", "report", "../../etc/보고서.xlsx"])
def test_content_decides_before_the_name(tmp_path: Path, name: str) -> None:
    found = extract_text(make.pdf(tmp_path / "stored", ["same text"]), name)
    assert found.text is not None
    assert found.text.strip() == "same text"


def test_text_called_a_document_is_read_as_text(tmp_path: Path) -> None:
    assert extract(tmp_path / "notes.docx", KOREAN.encode()).text == KOREAN
    assert extract(tmp_path / "notes.pdf", KOREAN.encode("cp949")).text == KOREAN
    log = ASCII + "uploaded %PDF-1.7 report\n"
    assert extract(tmp_path / "upload.log", log.encode()).text == log


def test_damaged_documents_say_so(tmp_path: Path) -> None:
    whole = make.word(tmp_path / "report.docx").read_bytes()
    found = extract(tmp_path / "torn.docx", whole[: len(whole) // 2])
    assert found.status == "failed"
    assert found.reason is not None
    assert "damaged" in found.reason
    torn = extract(tmp_path / "torn.pdf", b"%PDF-1.4\n1 0 obj <<")
    assert torn.status == "failed"


def test_a_missing_file_is_a_failure_not_an_exception(tmp_path: Path) -> None:
    found = extract_text(tmp_path / "nothing.txt", "nothing.txt")
    assert found.status == "failed"
    assert found.reason is not None
    assert "No such file" in found.reason


def test_text_beyond_the_limit_is_cut_and_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "long.log").write_text(KOREAN * 100, encoding="utf-8")
    found = extract_text(tmp_path / "long.log", "long.log", Limits(characters=1000))
    assert found == Extraction("extracted", (KOREAN * 100)[:1000], "cut after 1000 characters")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"]), min_size=1))
def test_any_printable_utf8_text_survives(tmp_path: Path, text: str) -> None:
    # The word in front makes sure that it does not begin like some other kind of file.
    found = extract(tmp_path / "any.txt", f"log {text}".encode())
    assert found.text == f"log {text}"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(max_size=400), start=st.sampled_from([b"", b"%PDF-1.7\n", b"PK\x03\x04", b"\xff\xfe", b"\x1b$B"])
)
def test_any_bytes_end_in_one_of_the_four_ways(tmp_path: Path, content: bytes, start: bytes) -> None:
    found = extract(tmp_path / "any.pdf", start + content)
    assert found.status in {"extracted", "empty", "unsupported", "failed"}
    assert (found.text is not None) == (found.status == "extracted")
    assert found.text is None or "\x00" not in found.text
    assert found.status == "extracted" or found.reason
