"""Several real Scrapyds with one queue, each with a data folder of its own, as if on machines of their own."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from ims_spiders.demo.server import DemoTracker
from tests.crawl.crawling import FAST, ROOT, Archive
from tests.deploy.conftest import DOWNLOAD, PASSWORD
from tests.deploy.scrapyd import Scrapyd

PROJECT = "default"
OPTIONS = {
    "lease_seconds": "6",
    "retry_seconds": "0.2",
    "poll_interval": "0.2",
    "jobs_per_account": "10",
    "max_proc": "1",
}


class Node(Scrapyd):
    """A Scrapyd of deploy/scrapyd-cluster.conf, which runs what is installed."""

    def jobs(self, state: str) -> dict[str, dict[str, Any]]:
        """The jobs of all nodes in that state by their id."""
        return {job["id"]: job for job in json.loads(self.get(f"listjobs.json?project={PROJECT}"))[state]}

    def put(self, job: str, **form: Any) -> dict[str, Any]:
        """Schedule a quick crawl without attachments' login by a browser; the answer."""
        settings = [f"{name}={value}" for name, value in FAST.items()]
        form["setting"] = [*settings, "CONCURRENT_REQUESTS=2", *form.get("setting", [])]
        return self.post("schedule.json", project=PROJECT, spider="ims", jobid=job, **form)

    def stop(self, job: str, **more: str) -> str | None:
        """Cancel; what the job was doing."""
        answer = self.post("cancel.json", project=PROJECT, job=job, **more)
        assert answer["status"] == "ok", answer
        state: str | None = answer["prevstate"]
        return state

    @property
    def process(self) -> psutil.Process:
        """The daemon."""
        assert self._process is not None
        return psutil.Process(self._process.pid)

    def signal(self, number: int) -> None:
        """Send a signal to the daemon and its jobs."""
        assert self._process is not None
        os.killpg(self._process.pid, number)

    def kill(self, jobs: bool = True) -> None:
        """As a power cut would: the daemon and, unless they are to live on, its jobs."""
        assert self._process is not None
        if jobs:
            self.signal(signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait(10)


@dataclass
class Cluster:
    """The nodes, and the archive's database that they share."""

    nodes: list[Node]
    tracker: DemoTracker
    database: Archive
    alive: list[Node] = field(default_factory=list)

    def jobs(self, *states: str) -> dict[str, dict[str, Any]]:
        """What the queue holds in these states."""
        rows = self.database.rows("SELECT * FROM ims.list_jobs(:states, NULL)", states=list(states))
        return {row["job"]: row for row in rows}

    def sessions(self, job: str) -> list[dict[str, Any]]:
        """The records of the sessions, in any node's files, of which this job was a part."""
        return [
            record
            for node in self.nodes
            for record in node.records()
            if job in {run.get("job") for run in record["metadata"]["runs"]}
        ]

    def wait(self, done: Any, what: str) -> None:
        """Wait until `done()`; fails with what the first living node has logged."""
        self.alive[0].wait(done, what)

    def kill(self, node: Node, jobs: bool = True) -> None:
        """Kill one of them."""
        self.alive.remove(node)
        node.kill(jobs)


def cluster_conf(folder: Path, **options: str) -> Path:
    """deploy/scrapyd-cluster.conf with other figures."""
    lines = (ROOT / "deploy" / "scrapyd-cluster.conf").read_text("utf-8").splitlines()
    wanted = {**OPTIONS, **options}
    changed = [
        f"{name} = {wanted.pop(name)}" if (name := line.partition("=")[0].strip()) in wanted else line for line in lines
    ]
    assert not wanted, wanted
    path = folder / "scrapyd-cluster.conf"
    path.write_text("\n".join(changed) + "\n", "utf-8")
    return path


@contextmanager
def cluster(folder: Path, database: Archive, tracker: DemoTracker, count: int, **options: str) -> Iterator[Cluster]:
    """So many nodes, until the block ends."""
    folder.mkdir(exist_ok=True)
    conf = cluster_conf(folder, **options)
    with ExitStack() as stack:
        nodes = []
        for number in range(count):
            archive = Archive(folder / f"node-{number}" / "data", database.engine)
            archive.data_dir.mkdir(parents=True)
            more = {"IMS_ATTACHMENT_URL": DOWNLOAD, "IMS_RENDER": "never"}
            variables = archive.variables(tracker.base_url, "demo", PASSWORD, **more)
            nodes.append(stack.enter_context(Node(archive, variables, ("--config", str(conf)))))
        yield Cluster(nodes, tracker, database, list(nodes))
