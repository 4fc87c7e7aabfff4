"""A report as PDF, printed by the real browser."""

from __future__ import annotations

import io
import re
import socket
import threading
from pathlib import Path

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine

from ims_spiders.exceptions import BrowserMissing, ImsError
from ims_spiders.report.page import report_page
from ims_spiders.report.pdf import as_pdf
from tests.report.archive import fill, report_on


def words(pdf: bytes) -> str:
    """The text of all pages without its blanks, which are the printer's."""
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def test_its_text_is_found_again(engine: Engine) -> None:
    fill(engine)
    made = report_on(engine, title="교착 상태 デッドロック <b>")
    pdf = as_pdf(report_page(made), made.title)
    found = words(pdf)
    for said in (
        "교착상태デッドロック<b>",
        "原因はロック順序です。",
        "comment12,青井架空,2025-02-09",
        "Bystatus",
        "1/",
    ):
        assert said in found, said
    reader = PdfReader(io.BytesIO(pdf))
    page = reader.pages[0]
    assert [round(side) for side in (page.mediabox.width, page.mediabox.height)] == [595, 842]
    assert [str(entry["/Title"]) for entry in reader.outline if not isinstance(entry, list)] == [made.title]
    notes = [note.get_object() for other in reader.pages for note in other.get("/Annots", [])]
    links = {note["/A"].get("/URI") for note in notes if "/A" in note}
    assert "https://ims.example.com/tody/ims/issue/issueView.do?issueId=1" in links


@pytest.mark.long
def test_letters_are_no_radicals() -> None:
    letters = "立見生長門食高青黄麦歯竜鬼一二三十土木金人大小日月한글かな"
    written = f"<p lang=ja style='font-family:\"Noto Sans CJK JP\",sans-serif'>{letters}"
    drawn = f"<svg width=600 height=20 lang=ja><text y=15 opacity=.5>{letters}</text></svg>"
    assert words(as_pdf(f"{written}{drawn}", "x")).count(letters) == 2


def test_nothing_is_run_and_nothing_is_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        asked: list[bytes] = []

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                asked.append(connection.recv(1000))
                connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        page = (
            f"<link rel=stylesheet href={url}/a.css><img src={url}/b.png><iframe src={url}/c></iframe>"
            "<p>before</p><script>document.querySelector('p').textContent = 'ran'</script>"
        )
        found = words(as_pdf(page, "</span><script>document.title='ran'</script>"))
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert asked == []
    assert "before" in found
    assert "<script>document.title='ran'</script>" in found


def test_without_a_browser_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMS_BROWSER", "/nowhere/chromium")
    with pytest.raises(BrowserMissing, match=r"IMS_BROWSER=/nowhere/chromium.*--format html"):
        as_pdf("<p>x", "x")


def test_a_browser_that_does_not_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMS_BROWSER", "/bin/false")
    with pytest.raises(BrowserMissing, match=r"does not start: .*--format html"):
        as_pdf("<p>x", "x")


def test_a_browser_that_does_not_print(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    silent = tmp_path / "browser"
    silent.write_text("#!/bin/sh\nexec sleep 60\n")
    silent.chmod(0o755)
    monkeypatch.setenv("IMS_BROWSER", str(silent))
    with pytest.raises(ImsError, match=r"did not print within 1 seconds.*--format html"):
        as_pdf("<p>x", "x", seconds=1)
