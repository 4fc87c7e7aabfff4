"""`ims report`: what it writes where, and what it refuses."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from pypdf import PdfReader

from ims_spiders.db.embedded import EmbeddedServer
from tests.cli.conftest import Ims
from tests.cli.db_archive import loaded_archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ims]:
    made = loaded_archive(tmp_path_factory.mktemp("report"))
    yield made
    EmbeddedServer(made.folder / "data").stop()


def test_html_into_a_file(archive: Ims) -> None:
    path = archive.folder / "report.html"
    path.write_text("before")
    done = archive.run("report", "-q", "TPETIME", "-o", str(path), TZ="Asia/Tokyo")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == f"A report on 6 of 6 issues found is in {path}.\n"
    page = path.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "All times are JST (UTC+09:00)" in page
    assert page.count("<article") == 6


def test_stdout_is_the_default_and_a_dash(archive: Ims) -> None:
    done = archive.run("report", "--query", "+TPETIME", "--product", "JEUS", "--format", "md", "--limit", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("# Report: +TPETIME\n")
    assert "\n- Product: JEUS\n" in done.stdout
    assert "\n1 issue.\n" in done.stdout
    assert archive.run("report", "-q", "TPETIME", "-o", "-").stdout.startswith("<!DOCTYPE html>")
    assert not (archive.folder / "-").exists()


def test_the_last_session_with_a_title(archive: Ims) -> None:
    done = archive.run("report", "--session", "last", "--title", "오늘의 <b>보고서", "--format", "md", "--user", "kim")
    assert done.stdout.startswith("# 오늘의 &lt;b&gt;보고서\n")
    assert "\n2 issues.\n" in done.stdout


@pytest.mark.long
def test_a_pdf(archive: Ims) -> None:
    path = archive.folder / "report.pdf"
    done = archive.run("report", "-q", "TPETIME", "--status", "open", "--format", "pdf", "-o", str(path))
    assert (done.returncode, done.stdout) == (0, "")
    text = PdfReader(io.BytesIO(path.read_bytes())).pages[0].extract_text()
    assert "Report: TPETIME" in text


def test_nothing_found_is_a_report_too(archive: Ims) -> None:
    done = archive.run("report", "-q", "+nowhere", "--format", "md")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing in the archive fits." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "--query TEXT"),
        (("-q", "  "), "query"),
        (("-q", "x", "--format", "pdf"), "-o FILE"),
        (("-q", "x", "--format", "pdf", "-o", "-"), "-o FILE"),
        (("-q", "x", "--since", "yesterday"), "2026-03-01"),
        (("-q", "x", "--session", "monday"), "ims db history"),
        (("-q", "x", "--session", "00000000-0000-4000-8000-000000000000"), "ims db history"),
        (("-q", "x", "--user", "nobody"), "nobody"),
        (("-q", "x", "-o", "missing/report.html"), "folder"),
    ],
)
def test_what_is_refused(archive: Ims, arguments: tuple[str, ...], reason: str) -> None:
    done = archive.run("report", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_browser_html_is_the_way(archive: Ims) -> None:
    done = archive.run("report", "-q", "x", "--format", "pdf", "-o", "report2.pdf", IMS_BROWSER="/nowhere/browser")
    assert done.returncode == 2
    assert "--format html" in done.stderr
    assert not (archive.folder / "report2.pdf").exists()
