"""`ims crawl` with a query in people's own words: what is shown, when it asks, and that nothing is asked twice."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ims_spiders.cli.runner import CrawlRequest
from ims_spiders.cli.understood import understood
from ims_spiders.db.files import session_folders
from ims_spiders.demo.server import DemoTracker
from tests import forked
from tests.cli.conftest import Ims, clean_environment
from tests.forked import IMS
from tests.query.endpoint import running_endpoint

DOUBTFUL = "zebrafink errors without license"
"""Nothing in the tracker answers it, so that a crawl is over at once."""
BEGUN = "no login given"
"""What a crawl that began says without a password: the query comes first."""


@pytest.fixture
def quick(ims_at: Ims) -> Ims:
    """`ims` without a database and a browser."""
    ims_at.environment |= {"USE_DATABASE": "false", "IMS_RENDER": "never"}
    return ims_at


def at_terminal(ims: Ims, *arguments: str, typed: str = "", **more: str) -> tuple[int, str, str]:
    """Run `ims` with a terminal for its input; exit code, stdout, stderr."""
    ours, theirs = pty.openpty()
    env = {**clean_environment(), **ims.environment, **more}
    pipe = subprocess.PIPE
    with forked.start("ims", arguments, ims.folder, env, stdin=theirs, stdout=pipe, stderr=pipe) as process:
        os.write(ours, typed.encode())
        out, said = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    return process.returncode, out, said


def last_session(ims: Ims) -> dict[str, Any]:
    return list(session_folders(ims.folder / "data"))[-1].read_session()


def test_a_terminal_shows_the_reading_and_asks_only_when_it_is_not_sure(ims: Ims) -> None:
    code, _, said = at_terminal(ims, "crawl", "-q", "find crashes or deadlocks in OpenFrame")
    assert "Searching for: crashes deadlocks (confidence 0.95)" in said
    assert "Product OpenFrame." in said
    assert "Is that what you mean?" not in said
    assert (code, BEGUN in said) == (2, True)
    code, out, said = at_terminal(ims, "crawl", "-q", DOUBTFUL, typed="n\n")
    assert (code, out.strip(), BEGUN in said) == (2, "", False)
    assert "Searching for: +zebrafink +errors (confidence 0.63)" in said
    assert "Is that what you mean?" in said
    assert f"ims query '{DOUBTFUL}'" in said


def test_a_yes_and_the_option_begin_the_crawl(ims: Ims) -> None:
    _, _, said = at_terminal(ims, "crawl", "-q", DOUBTFUL, typed="y\n")
    assert BEGUN in said
    _, _, said = at_terminal(ims, "crawl", "-q", DOUBTFUL, "--yes")
    assert "Searching for: +zebrafink +errors" in said
    assert "Is that what you mean?" not in said
    assert BEGUN in said


def test_a_product_that_was_given_is_said_to_hold(ims: Ims) -> None:
    _, _, said = at_terminal(ims, "crawl", "-p", "OpenFrame", "-q", "find crashes in Tibero")
    assert "Product Tibero" in said
    assert "The product is OpenFrame, as --product says." in said


def test_a_session_that_goes_on_is_not_read_again(ims: Ims) -> None:
    code, _, said = at_terminal(ims, "crawl", "--resume", "last", "-q", DOUBTFUL)
    assert code == 2
    assert "Searching for" not in said


def test_without_a_terminal_there_is_a_warning_and_no_question(quick: Ims) -> None:
    done = quick.run("crawl", "-q", DOUBTFUL)
    assert done.returncode == 0, done.stderr
    assert "Warning: the query may be read wrongly (confidence 0.63)." in done.stderr
    assert f"ims query '{DOUBTFUL}'" in done.stderr
    session = last_session(quick)
    assert (session["parsed_query"], session["parsing_confidence"]) == ("+zebrafink +errors", 0.63)
    sure = quick.run("crawl", "-q", "zebrafink", IMS_PASSWORD="")
    assert BEGUN in sure.stderr
    assert "Warning" not in sure.stderr


def test_a_language_model_is_asked_once(quick: Ims) -> None:
    with running_endpoint() as endpoint:
        endpoint.says("+zebrafink")
        settings = {"IMS_LLM_URL": endpoint.url, "IMS_LLM_MODEL": "small"}
        code, out, said = at_terminal(quick, "crawl", "--json", "-q", DOUBTFUL, **settings)
        assert code == 0, said
        assert "Is that what you mean?" not in said
        session = json.loads(out)
        assert (session["parsed_query"], session["parsing_method"]) == ("+zebrafink", "llm")
        assert len(endpoint.requests) == 1


@pytest.mark.parametrize("query", ["   ", "\u200b"])
def test_a_query_of_blanks_is_refused(quick: Ims, tracker: DemoTracker, query: str) -> None:
    tracker.reset_ledger()
    done = quick.run("crawl", "-q", query)
    assert done.returncode == 2
    assert "the query is empty" in done.stderr
    assert "Traceback" not in done.stderr
    assert tracker.ledger.entries == []


def test_wrong_words_of_the_users_own_are_refused_before_anything_is_asked(
    quick: Ims, tracker: DemoTracker, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "lexicon"
    folder.mkdir(parents=True)
    (folder / "products.txt").write_text("nonsense\n", encoding="utf-8")
    tracker.reset_ledger()
    done = quick.run("crawl", "-q", "find crashes")
    assert done.returncode == 2
    assert "products.txt" in done.stderr
    assert tracker.ledger.entries == []
    assert not (tmp_path / "data" / "sessions").exists()


def test_bytes_that_are_no_text_do_no_harm(ims: Ims) -> None:
    done = subprocess.run(
        [IMS, "crawl", "-q", b"\xff errors without license"],
        cwd=ims.folder,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "ims query '\ufffd errors without license'" in done.stderr.decode("utf-8")
    assert BEGUN in done.stderr.decode("utf-8")


def test_what_the_spider_needs_to_know_of_the_first_reading(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert understood("+TPETIME", "", ask=False) is None
    assert understood(DOUBTFUL, "", ask=False) == ""
    with running_endpoint() as endpoint:
        monkeypatch.setenv("IMS_LLM_URL", endpoint.url)
        monkeypatch.setenv("IMS_LLM_MODEL", "small")
        endpoint.says("+zebrafink")
        assert understood(DOUBTFUL, "", ask=False) == "+zebrafink"
        endpoint.body = b"nonsense"
        assert understood(DOUBTFUL, "", ask=False) == "", "asked in vain: not once more"
    assert "of no help" in capsys.readouterr().err
    request = CrawlRequest(query=DOUBTFUL, suggested="")
    assert request.arguments()["_suggested"] == ""
    assert "_suggested" not in CrawlRequest(query=DOUBTFUL).arguments()
