"""Sessions whose figures look wrong are marked, and somebody is told; healthy ones are not."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from ims_spiders.config import NotifyConfig, load_notify_config
from ims_spiders.demo.server import DemoTracker
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.extensions.monitors_figures import Coverage, Figures, earlier_records
from ims_spiders.extensions.monitors_notify import notify
from ims_spiders.extensions.monitors_suite import CrawlSuite, VerdictRunner
from tests.crawl.crawling import Archive
from tests.crawl.logged_in import variables
from tests.crawl.test_demo_tracker import PASSWORD
from tests.db.factory import folder, session
from tests.extensions.notified import MailServer, Webhook

CRAWL = ("crawl", "-p", "OpenFrame", "-q", "TPETIME", "--no-related", "-m", "25", "--yes")


@pytest.fixture
def archive(tmp_path: Path, engine: Engine) -> Archive:
    return Archive(tmp_path / "data", engine)


@pytest.mark.long
def test_a_changed_template_is_noticed_and_told_and_healthy_crawls_are_left_alone(archive: Archive) -> None:
    with DemoTracker(password=PASSWORD) as tracker, Webhook() as hook, MailServer() as server:
        env = variables(archive, tracker)
        told = {
            "IMS_NOTIFY_URL": hook.url,
            "IMS_NOTIFY_MAIL": "a@example.com, b@example.com",
            "IMS_SMTP_URL": server.url,
        }
        for _ in range(2):
            run = archive.ims({**env, **told}, *CRAWL)
            assert run.returncode == 0, run.stderr
            assert "suspicious" not in run.stderr
        assert [folder.read_session()["is_suspicious"] for folder in archive.sessions()] == [False, False]
        assert archive.last().read_session()["metadata"]["coverage"]["issues"] == 25
        hits = tracker.matching_ids("TPETIME", "OpenFrame")
        unreadable = [f"no_number:path=issueView.*{hit}" for hit in hits[:3]]
        tracker.faults.replace([*unreadable, "missing_field:label=Customer"])
        run = archive.ims({**env, **told}, *CRAWL)
        assert (hook.told, server.letters) != ([], [])
        hook.status = 500
        again = archive.ims({**env, **told, "IMS_SMTP_URL": "smtp://127.0.0.1:1"}, *CRAWL)
    assert (run.returncode, again.returncode) == (5, 5)
    assert "look wrong" in run.stderr
    assert all(len(line) <= 80 for line in run.stderr.splitlines())
    record = archive.sessions()[2].read_session()
    assert (record["status"], record["is_suspicious"]) == ("completed", True)
    reasons = {one["monitor"]: one["message"] for one in record["metadata"]["suspicions"]}
    assert set(reasons) == {"coverage", "pages"}
    assert "customer 0% after" in reasons["coverage"]
    assert "3 pages" in reasons["pages"]
    rows = archive.rows("select is_suspicious, status, metadata from ims.crawl_sessions order by session_id")
    assert [row["is_suspicious"] for row in rows] == [False, False, True, True]
    assert rows[2]["metadata"]["suspicions"] == record["metadata"]["suspicions"]
    first = hook.told[0]
    assert (first["session_uuid"], first["suspicions"]) == (record["session_uuid"], record["metadata"]["suspicions"])
    assert "TPETIME" not in str(first)
    (letter,) = server.letters
    assert sorted(server.sent_to) == ["a@example.com", "b@example.com"]
    assert record["session_uuid"][:8] in letter["Subject"]
    assert "customer" in letter.get_content()
    log = archive.last().log_path.read_text("utf-8")
    assert log.count("Nobody could be told") == 2
    assert "t0ken-of-the-hook" not in log + again.stderr


DATED = session(9, refresh="all", metadata={"query": {"since": "2026-01-01"}})


def earlier(share: int, number: int = 1, **changes: Any) -> dict[str, Any]:
    coverage = {"issues": 100, "fields": {"customer": share, "title": 100}}
    return session(number, number, metadata={"coverage": coverage}, refresh="all", **changes)


def figures(customer: int, before: list[dict[str, Any]], issues: int = 100, **changes: Any) -> Figures:
    coverage = Coverage(issues, Counter({"customer": customer, "title": issues}))
    values: dict[str, Any] = {
        "record": session(9, refresh="all"), "coverage": coverage, "declared": 12, "listed": 12, "done": issues,
        "found": issues, "unread": 0, "requests": 300, "retries": 0, "logins": 1, "earlier": tuple(before),
    }  # fmt: skip
    return Figures(**{**values, **changes})


def doubts(given: Figures) -> list[str]:
    verdict = VerdictRunner().run(CrawlSuite(), figures=given)
    assert verdict.broken == []
    return [one["monitor"] for one in verdict.suspicions]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (figures(90, [earlier(90)]), []),
        (figures(50, [earlier(90)]), []),
        (figures(10, [earlier(90)]), ["coverage"]),
        (figures(0, []), []),
        (figures(0, [earlier(3)]), []),
        (figures(1, [earlier(40)], issues=4), []),
        (figures(10, [earlier(10, 1), earlier(10, 2), earlier(90, 3)]), []),
        (figures(90, [earlier(90)], record=session(9, refresh="missing")), []),
        (figures(0, [earlier(90)], record=session(9, refresh="missing")), []),
        (figures(0, [earlier(99)], record=session(9, refresh="missing")), ["coverage"]),
        (figures(90, [], listed=11), ["totals"]),
        (figures(90, [], declared=500, listed=100), []),
        (figures(90, [], declared=500, listed=99), ["totals"]),
        (figures(90, [], done=99), ["totals"]),
        (figures(90, [], declared=None, listed=None), []),
        (figures(90, [earlier(90)], declared=1, listed=1), ["totals"]),
        (
            figures(
                90, [earlier(90)], declared=1, listed=1, record=session(9, metadata={"query": {"since": "2026-01-01"}})
            ),
            [],
        ),
        (figures(90, [], unread=2), []),
        (figures(90, [], unread=5), ["pages"]),
        (figures(90, [], retries=100), ["tracker"]),
        (figures(90, [], logins=4), ["tracker"]),
    ],
)
def test_what_each_monitor_doubts(given: Figures, expected: list[str]) -> None:
    assert doubts(given) == expected


def test_only_what_asked_the_same_in_the_same_way_is_compared_with(tmp_path: Path) -> None:
    for number in range(1, 8):
        folder(tmp_path, earlier(90, number), [])
    others: tuple[dict[str, Any], ...] = (
        {"product": "JEUS"},
        {"original_query": "x"},
        {"max_results": 5},
        {"crawl_related": False},
    )
    for number, changes in enumerate([*others, {"status": "failed"}], 10):
        folder(tmp_path, earlier(90, number, **changes), [])
    this = session(50, 50, refresh="all")
    folder(tmp_path, this, [])
    found = earlier_records(tmp_path, this)
    assert [one["session_uuid"] for one in found] == [session(number)["session_uuid"] for number in (7, 6, 5, 4, 3)]
    assert earlier_records(tmp_path, {**this, "refresh": "missing"}) == ()


def test_a_redirect_of_the_webhook_is_not_followed(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Webhook(status=302) as hook, caplog.at_level(logging.INFO):
        monkeypatch.setenv("IMS_NOTIFY_URL", hook.url)
        record = session(1, issues_crawled=3, metadata={"suspicions": [{"monitor": "pages", "message": "3 pages"}]})
        asyncio.run(notify(load_notify_config(), record))
    assert len(hook.told) == 1
    assert "status 302" in caplog.text
    assert "t0ken" not in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMS_NOTIFY_URL", "http://hooks.example.com/s3cret"),
        ("IMS_NOTIFY_URL", "file:///etc/s3cret"),
        ("IMS_NOTIFY_URL", "https://hooks.example.com:99999/s3cret"),
        ("IMS_SMTP_URL", "https://mail.example.com/s3cret"),
        ("IMS_NOTIFY_MAIL", "s3cret\nBcc: x@example.com"),
        ("IMS_NOTIFY_MAIL", "team@example.com"),
    ],
)
def test_wrong_settings_are_said_without_what_is_in_them(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match="IMS_") as refused:
        load_notify_config()
    assert "s3cret" not in str(refused.value)


def test_a_crawl_with_wrong_settings_does_not_begin(archive: Archive) -> None:
    env = archive.variables("http://127.0.0.1:1", "demo", PASSWORD, IMS_NOTIFY_URL="http://hooks.example.com/s3cret")
    run = archive.ims(env, *CRAWL)
    assert run.returncode == 2
    assert "IMS_NOTIFY_URL" in run.stderr
    assert "s3cret" not in run.stderr
    assert archive.sessions() == []


def test_by_default_nobody_is_told() -> None:
    assert (NotifyConfig().notify_url, NotifyConfig().addresses) == (None, [])
