"""What the doctor says of the browser and of the readers of attachments, when these cannot do their work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ims_spiders.cli import checks_browser
from ims_spiders.cli.checks_browser import Seen, browser, look_at_browser
from ims_spiders.cli.checks_text import SAMPLES, greedy, text, why_unread
from ims_spiders.config import TrackerConfig
from ims_spiders.text.formats import FORMATS
from ims_spiders.text.limits import Limits
from ims_spiders.text.pool import POOL


@pytest.fixture
def new_readers() -> Iterator[None]:
    """Children that are started in the test, and end with it."""
    POOL.close()
    yield
    POOL.close()


def test_there_is_a_sample_of_each_format_that_is_read() -> None:
    assert set(SAMPLES) == {one.name for one in FORMATS if one.module is not None}


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_sample_is_read(tmp_path: Path, kind: str) -> None:
    assert why_unread(kind, tmp_path) is None


@pytest.mark.usefixtures("new_readers")
def test_a_reader_that_cannot_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pypdf.py").write_text("raise ImportError('libpdf.so.1: cannot open')")
    monkeypatch.syspath_prepend(tmp_path)
    found = {check.name: check for check in text()}
    assert not found["Text of attachments"].ok
    assert "pdf: ImportError: libpdf.so.1: cannot open" in found["Text of attachments"].found
    assert "docx" not in found["Text of attachments"].found
    assert "make setup" in (found["Text of attachments"].advice or "")
    assert found["Limits on attachments"].state == "ok"


def test_whether_a_limit_holds_is_seen(tmp_path: Path) -> None:
    assert "memory" in (greedy(tmp_path, Limits()).reason or "")
    assert greedy(tmp_path, Limits(memory=1 << 40)).status == "extracted"


def test_a_script_without_a_font_is_told_by_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    private_use = {"Latin": "ab", "of nobody's": "\ue001\ue002"}
    monkeypatch.setattr(checks_browser, "LETTERS", private_use)
    seen = look_at_browser()
    assert (seen.missing, seen.draws) == (["of nobody's"], True)
    assert int(seen.version.partition(".")[0]) > 100


@pytest.mark.parametrize(
    ("seen", "states", "advice"),
    [
        (Seen("1", True, []), ["ok", "ok"], None),
        (Seen("1", True, ["Korean"]), ["ok", "warn"], "fonts-noto-cjk"),
        (Seen("1", False, []), ["fail"], "/dev/shm"),  # noqa: S108 - a name in a text
    ],
)
def test_what_a_browser_shows_of_itself(
    monkeypatch: pytest.MonkeyPatch, seen: Seen, states: list[str], advice: str | None
) -> None:
    monkeypatch.setattr(checks_browser, "look_at_browser", lambda: seen)
    checks = browser(TrackerConfig())
    assert [check.state for check in checks] == states
    assert "sandbox" in checks[0].found
    assert advice is None or advice in (checks[-1].advice or "")


def test_a_sandbox_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing() -> Seen:
        raise RuntimeError("Target page, context or browser has been closed")

    monkeypatch.setattr(checks_browser, "look_at_browser", refusing)
    monkeypatch.setattr(checks_browser, "why_it_does_not_start", lambda: "chrome does not start: No usable sandbox!")
    (check,) = browser(TrackerConfig())
    assert "user namespaces" in (check.advice or "")


def test_a_browser_that_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMS_BROWSER", "/bin/false")
    (check,) = browser(TrackerConfig())
    assert not check.ok
    assert "/bin/false does not start" in check.found
    assert "IMS_BROWSER" in (check.advice or "")
