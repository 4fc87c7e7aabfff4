"""`ims schedule run --scrapyd`: what is due becomes a job of a real Scrapyd, once and under its user's name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from ims_spiders.demo.server import DemoTracker
from tests.crawl.crawling import Archive, Run
from tests.crawl.logged_in import variables
from tests.crawl.test_demo_tracker import PASSWORD
from tests.deploy.scrapyd import Scrapyd


class Default(Scrapyd):
    """Runs what is installed."""

    def jobs(self, state: str) -> dict[str, dict[str, object]]:
        return {job["id"]: job for job in json.loads(self.get("listjobs.json?project=default"))[state]}


@pytest.fixture
def scrapyd(tmp_path: Path, engine: Engine) -> Iterator[Default]:
    archive = Archive(tmp_path / "data", engine)
    with DemoTracker(password=PASSWORD, latency=0.1) as tracker:
        archive.data_dir.mkdir(parents=True, exist_ok=True)
        with Default(archive, variables(archive, tracker)) as running:
            yield running


def run(scrapyd: Default, *more: str, **environment: str) -> Run:
    return scrapyd.archive.ims({**scrapyd.variables, **environment}, "schedule", "run", "--json", *more)


def make_due(engine: Engine | None) -> None:
    assert engine is not None
    with engine.begin() as connection:
        connection.execute(text("UPDATE ims.schedules SET next_run_at = now() - interval '1 hour'"))


def test_what_is_due_is_handed_over(scrapyd: Default) -> None:
    archive = scrapyd.archive
    what = ("-p", "OpenFrame", "-m", "0", "--no-related", "--user", "lee")
    added = archive.ims(scrapyd.variables, "schedule", "add", "밤마다", "--cron", "@hourly", *what)
    assert added.returncode == 0, added.stderr
    make_due(archive.engine)

    for wrong in ({"SCRAPYD_HTTP_PORT": "9"}, {"SCRAPYD_PASSWORD": "c4n4ry-wrong"}, {"SCRAPYD_URL": "ftp://x"}):
        refused = run(scrapyd, "--scrapyd", **wrong)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "SCRAPYD_" in refused.stderr
        assert "c4n4ry" not in refused.stderr
    # Nothing was taken meanwhile.
    done = run(scrapyd, "--scrapyd")
    assert done.returncode == 0, done.stderr
    (outcome,) = json.loads(done.stdout)
    job = outcome["job"]
    assert (outcome["result"], outcome["user"]) == ("handed over to Scrapyd", "lee")
    (row,) = archive.rows("SELECT * FROM ims.schedules")
    assert (row["last_job"], row["last_result"]) == (job, "handed over to Scrapyd")

    scrapyd.wait_for_issues(job, 1)
    make_due(archive.engine)
    again = run(scrapyd, "--scrapyd")
    assert [one["result"] for one in json.loads(again.stdout)] == ["left out"]
    assert scrapyd.post("cancel.json", project="default", job=job)["prevstate"] == "running"
    scrapyd.wait_for(job)
    record = scrapyd.session_of(job)
    assert (record["username"], record["product"], record["crawl_related"]) == ("lee", "OpenFrame", False)
    assert (record["max_results"], record["refresh"], record["status"]) == (0, "changed", "cancelled")
    assert json.loads(run(scrapyd, "밤마다", "--scrapyd", "--user", "lee").stdout)[0]["job"] not in {None, job}
