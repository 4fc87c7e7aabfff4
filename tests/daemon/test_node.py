"""What a node reads from its configuration, and what it tells a job's process of its lease."""

from __future__ import annotations

import pytest
from scrapyd.config import Config

from ims_spiders.daemon.configuration import set_option
from ims_spiders.daemon.node import Ticket, settings_from
from ims_spiders.exceptions import ConfigurationError
from tests.crawl.crawling import ROOT

OF_THE_QUEUE = {
    "spiderqueue", "poller", "launcher", "jobstorage", "lease_seconds", "max_attempts", "retry_seconds",
    "jobs_per_account", "requests_per_host", "node_name", "listjobs.json",
}  # fmt: skip


def options(name: str) -> dict[str, str]:
    """Every option of one of the files in deploy/."""
    config = Config(extra_sources=[str(ROOT / "deploy" / name)])
    return {option: value for section in config.cp.sections() for option, value in config.cp.items(section)}


def test_the_two_configurations_differ_in_the_queue_and_in_nothing_else() -> None:
    one, many = options("scrapyd.conf"), options("scrapyd-cluster.conf")
    differing = {option for option in one.keys() | many.keys() if one.get(option) != many.get(option)}
    assert differing == OF_THE_QUEUE


def test_who_asks_which_tracker_and_how_much_comes_from_both_files_and_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("IMS_BASE_URL", "https://ims.example.com:8443/tody")
    monkeypatch.setenv("IMS_USERNAME", "robot")
    monkeypatch.setenv("IMS_USER", "kim")
    monkeypatch.setenv("SCRAPYD_HTTP_PORT", "7777")
    config = Config(extra_sources=[str(ROOT / "deploy" / "scrapyd-cluster.conf")])
    settings = settings_from(config)
    taker = settings.taker
    assert (taker.account, taker.host, settings.username) == ("robot", "ims.example.com:8443", "kim")
    assert (taker.jobs_per_account, taker.requests_per_host, taker.lease_seconds) == (1, 8, 60.0)
    assert taker.node.endswith(":7777")
    set_option(config, "node_name", "seoul-1")
    assert settings_from(config).taker.node == "seoul-1"
    set_option(config, "jobs_per_account", "many")
    with pytest.raises(ConfigurationError, match="are numbers"):
        settings_from(config)


@pytest.mark.parametrize("session", [None, "0b9f1a52-7f0d-4f7e-9d5a-0c1f0a3b2d4e"])
def test_a_ticket_is_read_as_it_was_written(session: str | None) -> None:
    ticket = Ticket(12, 3, 60.0, 0.5, session)
    assert Ticket.read(str(ticket)) == ticket


def test_a_ticket_of_somebody_elses_making_is_refused() -> None:
    for text in ("", "1:2:3", "a:b:c:d:e"):
        with pytest.raises(ConfigurationError, match="leave it out"):
            Ticket.read(text)
