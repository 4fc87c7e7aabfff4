"""`ims crawl` without arguments: asked on a real terminal, against a tracker with products of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from ims_spiders.cli.ask_products import tracker_products
from ims_spiders.config import load_tracker_config
from ims_spiders.db.files import session_folders
from ims_spiders.demo.server import DemoTracker
from tests.cli.conftest import Ims
from tests.cli.terminal import CTRL_C, CTRL_D, Terminal
from tests.query.endpoint import running_endpoint

PRODUCT, QUERY = "Enter for all: ", "Enter for everything: "


@pytest.fixture
def own_tracker() -> Iterator[DemoTracker]:
    with DemoTracker(issues=60, username="kim", password="right-password") as running:
        yield running


@pytest.fixture
def asked(ims: Ims, own_tracker: DemoTracker) -> Ims:
    """`ims` without a database and a browser."""
    ims.environment |= {
        "IMS_BASE_URL": own_tracker.base_url, "IMS_USERNAME": "kim", "IMS_PASSWORD": "right-password",
        "IMS_RENDER": "never", "USE_DATABASE": "false",
    }  # fmt: skip
    return ims


def nothing_started(ims: Ims) -> bool:
    return not (ims.folder / "data" / "sessions").exists()


def test_a_whole_dialogue(asked: Ims, own_tracker: DemoTracker) -> None:
    with Terminal(asked, "crawl") as terminal:
        offered = terminal.expect(PRODUCT)
        assert "Tibero" in offered
        assert "OpenFrame" in offered
        terminal.type("OpenFrmae\n")
        assert "did you mean OpenFrame" in terminal.expect(PRODUCT)
        terminal.type("openframe b\n")
        terminal.expect(QUERY)
        terminal.type("find crashes or deadlocks since last month\n")
        shown = terminal.expect("Is that what you mean? [Y/n]: ")
        assert re.search(r"IMS query +crashes deadlocks\n", shown)
        assert re.search(r"since +\d{4}-\d\d-01\n", shown)
        terminal.type("n\n")
        terminal.expect(QUERY)
        terminal.type("배치 it's\n")
        terminal.expect("mean? [Y/n]: ")
        terminal.type("\n")
        terminal.expect("(0: all) [100]: ")
        terminal.type("some\n")
        assert "'some' is no number" in terminal.expect("(0: all) [100]: ")
        terminal.type("2\n")
        terminal.expect("too? [Y/n]: ")
        terminal.type("n\n")
        command = terminal.expect("Start it? [Y/n]: ").splitlines()[-1].strip()
        assert command == """ims crawl -p 'openframe b' -q '배치 it'"'"'s' -m 2 --no-related"""
        assert nothing_started(asked)
        terminal.type("y\n")
        assert terminal.end() == 0, terminal.seen
    (session,) = [folder.read_session() for folder in session_folders(asked.folder / "data")]
    assert (session["product"], session["original_query"]) == ("openframe b", "배치 it's")
    assert (session["max_results"], session["crawl_related"]) == (2, False)
    assert own_tracker.ledger.logins_accepted == 1, "the crawl goes on with the login that asked for the products"


def test_a_language_model_is_asked_once(asked: Ims) -> None:
    with running_endpoint() as endpoint:
        endpoint.says("+zebrafink")
        with Terminal(asked, "crawl", IMS_LLM_URL=endpoint.url, IMS_LLM_MODEL="small") as terminal:
            for question, answer in ((PRODUCT, ""), (QUERY, "zebrafink errors without license")):
                terminal.expect(question)
                terminal.type(f"{answer}\n")
            assert re.search(r"IMS query +\+zebrafink\n", terminal.expect("mean? [Y/n]: "))
            terminal.type("\n\n\n\n")
            assert terminal.end() == 0, terminal.seen
        assert len(endpoint.requests) == 1
    (session,) = [folder.read_session() for folder in session_folders(asked.folder / "data")]
    assert (session["parsed_query"], session["parsing_method"]) == ("+zebrafink", "llm")


@pytest.mark.parametrize(("key", "code"), [(CTRL_C, 7), (CTRL_D, 2)])
def test_leaving(asked: Ims, key: str, code: int) -> None:
    with Terminal(asked, "crawl") as terminal:
        terminal.expect(PRODUCT)
        terminal.type("Tibero\n")
        terminal.expect(QUERY)
        assert terminal.leave(key) == code
    assert "Nothing was started." in terminal.seen
    assert "Traceback" not in terminal.seen
    assert nothing_started(asked)


def test_everything_is_named_before_a_no_ends_it(asked: Ims) -> None:
    with Terminal(asked, "crawl") as terminal:
        for question, answer in ((PRODUCT, ""), (QUERY, ""), ("[100]: ", "0"), ("[Y/n]: ", "")):
            terminal.expect(question)
            terminal.type(f"{answer}\n")
        assert "every issue of every product" in terminal.expect("Start it? [Y/n]: ")
        terminal.type("n\n")
        assert terminal.end() == 2
    assert nothing_started(asked)


def test_a_tracker_that_is_away_leaves_the_product_to_be_typed(asked: Ims) -> None:
    with Terminal(asked, "crawl", IMS_BASE_URL="http://127.0.0.1:9") as terminal:
        assert "They cannot be had now: " in terminal.expect(PRODUCT)
        terminal.type("-x\n")
        terminal.expect(QUERY)
        terminal.type("\n")
        terminal.expect("[100]: ")
        terminal.type("\n")
        terminal.expect("too? [Y/n]: ")
        terminal.type("\n")
        assert "ims crawl --product=-x -m 100\n" in terminal.expect("Start it? ")
        assert terminal.leave(CTRL_D) == 2


def test_a_refused_login_ends_it_before_a_second_attempt(asked: Ims, own_tracker: DemoTracker) -> None:
    with Terminal(asked, "crawl", IMS_PASSWORD="wrong-password") as terminal:
        assert terminal.end() == 3
    assert "Product:" not in terminal.seen
    assert "wrong-password" not in terminal.seen
    assert own_tracker.ledger.logins_refused == 1
    with Terminal(asked, "crawl", IMS_PASSWORD="") as terminal:
        assert terminal.end() == 2
    assert "no login given" in terminal.seen


def test_options_and_no_terminal_ask_nothing(asked: Ims) -> None:
    with Terminal(asked, "crawl", "-m", "1", "--no-related") as terminal:
        assert terminal.end() == 0, terminal.seen
    assert "Product:" not in terminal.seen
    done = asked.run("crawl", IMS_PASSWORD="")
    assert (done.returncode, "no login given" in done.stderr, "Product:" in done.stderr) == (2, True, False)


def test_the_browser_logs_in_and_a_login_that_has_expired_is_made_once_more(
    own_tracker: DemoTracker, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    settings = {
        "BASE_URL": own_tracker.base_url, "USERNAME": "kim", "PASSWORD": "right-password", "DATA_DIR": str(tmp_path),
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(f"IMS_{name}", value)
    names = {product.name for product in tracker_products(load_tracker_config())}
    assert "Tibero" in names
    monkeypatch.setenv("IMS_RENDER", "never")
    tracker_products(load_tracker_config())
    assert own_tracker.ledger.logins_accepted == 1, "the saved login"
    own_tracker.expire_sessions()
    assert {product.name for product in tracker_products(load_tracker_config())} == names
    assert own_tracker.ledger.logins_accepted == 2
