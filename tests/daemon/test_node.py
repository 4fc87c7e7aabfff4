"""What a node reads from its configuration, and what it tells a job's process of its lease."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from scrapyd.config import Config
from sqlalchemy import Engine

from ims_spiders.daemon.configuration import set_option
from ims_spiders.daemon.node import Node, Ticket, settings_from
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.jobs import JobQueue, NewJob
from ims_spiders.exceptions import ConfigurationError, QueueUnavailable
from tests.conftest import database_engine
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


@pytest.mark.parametrize(
    "job",
    [
        NewJob("project", "ims", "one", "kim", 8, {"settings": {"EXTENSIONS": "{}"}}),
        NewJob("project", "ims", "../../one", "kim", 8),
        NewJob("project", "-sEXTENSIONS={}", "one", "kim", 8),
    ],
)
def test_a_job_that_would_do_more_than_crawl_is_not_run(server: EmbeddedServer, engine: Engine, job: NewJob) -> None:
    queue = JobQueue(lambda: database_engine(server, str(engine.url.database)))
    node = Node(queue, settings_from(Config(extra_sources=[str(ROOT / "deploy" / "scrapyd-cluster.conf")])))
    queue.add(job)
    node.add("project", "ims", "harmless", 0, {"settings": {"LOG_LEVEL": "INFO"}})
    assert node.take(["project"]) is None
    assert [row.exit_code for row in queue.listed("failed")] == [2]
    taken = node.take(["project"])
    assert taken is not None
    assert (taken["_job"], taken["settings"]) == ("harmless", {"LOG_LEVEL": "INFO"})
    queue.close()


def test_what_the_queue_could_not_be_told_is_told_when_it_answers_again(server: EmbeddedServer, engine: Engine) -> None:
    away = True

    def connect() -> Engine:
        if away:
            raise ConfigurationError("it is away")
        return database_engine(server, str(engine.url.database))

    seen = JobQueue(lambda: database_engine(server, str(engine.url.database)))
    node = Node(JobQueue(connect), settings_from(Config(extra_sources=[str(ROOT / "deploy" / "scrapyd-cluster.conf")])))
    seen.add(NewJob("project", "ims", "one", "kim", 8))
    job = seen.take(["project"], node.settings.taker)
    assert job is not None
    node.ended(Ticket(job.job_id, job.token, 60, 0), None)
    with pytest.raises(QueueUnavailable):
        node.catch_up()
    away = False
    node.catch_up()
    assert [(row.job, row.reason) for row in seen.listed("pending")] == [("one", "killed")]
    node.queue.close()
    seen.close()


def test_a_process_that_is_slow_to_start_keeps_its_job(server: EmbeddedServer, engine: Engine) -> None:
    queue = JobQueue(lambda: database_engine(server, str(engine.url.database)))
    settings = settings_from(Config(extra_sources=[str(ROOT / "deploy" / "scrapyd-cluster.conf")]))
    node = Node(queue, replace(settings, taker=replace(settings.taker, lease_seconds=1)))
    node.add("project", "ims", "one", 0, {})
    message = node.take(["project"])
    assert message is not None
    node.started(Ticket.read(message["_lease"]))
    for _ in range(4):
        time.sleep(0.5)
        node.catch_up()
    assert [row.job for row in queue.listed("running")] == ["one"]
    node.ended(Ticket.read(message["_lease"]), None)
    node.catch_up()
    assert [row.job for row in queue.listed("pending")] == ["one"]
    queue.close()
