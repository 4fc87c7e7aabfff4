"""A database that is away for a while, under a real Scrapyd: jobs go on, the poller goes on, and all is caught up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ims_spiders.db.cluster import DATABASE
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.schema import initialise
from ims_spiders.demo.server import DemoTracker
from tests.conftest import database_engine
from tests.crawl.crawling import Archive
from tests.daemon.cluster import Cluster, cluster
from tests.deploy.conftest import PASSWORD

LONG = {"product": "OpenFrame", "query": "TPETIME", "related": "0", "max_results": "12"}


@pytest.fixture
def nodes(own_server: EmbeddedServer, tmp_path: Path) -> Iterator[Cluster]:
    own_server.start()
    engine = database_engine(own_server, DATABASE)
    initialise(engine)
    with (
        DemoTracker(password=PASSWORD, latency=0.1) as tracker,
        cluster(tmp_path / "nodes", Archive(tmp_path / "none", engine), tracker, 1, lease_seconds="60") as made,
    ):
        yield made
    engine.dispose()


@pytest.mark.long
def test_jobs_and_poller_outlive_a_database_that_is_away(nodes: Cluster, own_server: EmbeddedServer) -> None:
    (node,) = nodes.nodes
    for job in ("under way", "waiting"):
        assert node.put(job.replace(" ", "-"), **LONG)["status"] == "ok"
    nodes.wait(lambda: any(record["status"] == "running" for record in node.records()), "it does not start")
    own_server.stop()
    refused = node.put("refused", **LONG)
    assert (refused["status"], "QueueUnavailable" in refused["message"]) == ("error", True)
    node.wait(lambda: len(node.archive.last().issue_ids()) > 2, "it stores nothing while the database is away")
    node.wait(lambda: "No jobs until the queue answers again" in node.log.read_text(), "the poller does not notice")
    own_server.start()
    nodes.wait(lambda: not nodes.jobs("pending", "running"), "not all is done")
    done = nodes.jobs("finished", "failed", "cancelled")
    assert {job: (row["status"], row["attempts"]) for job, row in done.items()} == {
        "under-way": ("finished", 1),
        "waiting": ("finished", 1),
    }
    rows = nodes.database.rows("SELECT status, issues_crawled FROM ims.crawl_sessions")
    assert [(row["status"], row["issues_crawled"]) for row in rows] == [("completed", 12)] * 2
    assert "The queue answers again" in node.log.read_text()
