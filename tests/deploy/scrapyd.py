"""A real Scrapyd in a process of its own, as `make scrapyd` starts it, and its HTTP API as people call it."""

from __future__ import annotations

import base64
import json
import netrc
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener

from tests.crawl.crawling import ROOT, Archive, Run, run

SECONDS = 60


@dataclass
class Scrapyd:
    """Serves while the block lasts; its jobs end with it."""

    archive: Archive
    variables: dict[str, str]
    options: tuple[str, ...] = ()
    module: str = "ims_spiders.daemon"
    folder: Path = ROOT
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.variables = {**self.variables, "SCRAPYD_HTTP_PORT": str(self.port)}
        self.log = self.archive.data_dir.parent / "scrapyd.log"
        command = [sys.executable, "-m", self.module, *self.options]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=self.variables, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        self.wait(lambda: f"Site starting on {self.port}" in self.log.read_text(), "Scrapyd does not start")
        found = netrc.netrc(str(self.password_file)).authenticators("127.0.0.1")
        assert found is not None
        self.username, _, self.password = found
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        # Its jobs are of its process group.
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._process.wait(SECONDS)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    @property
    def password_file(self) -> Path:
        return self.archive.data_dir / "state" / "scrapyd.netrc"

    def ask(self, path: str, login: tuple[str, str] | None, **form: Any) -> tuple[int, str]:
        """Status and body of the answer; a POST when there is a form."""
        request = Request(
            f"http://127.0.0.1:{self.port}/{path}", urlencode(form, doseq=True).encode() if form else None
        )
        if login is not None:
            request.add_header("Authorization", "Basic " + base64.b64encode(":".join(login).encode()).decode())
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=SECONDS) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def get(self, path: str) -> str:
        """What it answers to somebody with the password."""
        status, body = self.ask(path, (self.username, self.password))
        assert status == 200, (path, status, body)
        return body

    def post(self, service: str, **form: Any) -> dict[str, Any]:
        """The answer of a service to somebody with the password."""
        status, body = self.ask(service, (self.username, self.password), **form)
        assert status == 200, (service, status, body)
        answer: dict[str, Any] = json.loads(body)
        return answer

    def schedule(self, job: str, **form: Any) -> None:
        """Schedule the deployed spider under this id."""
        answer = self.post("schedule.json", project="ims_spiders", spider="ims", jobid=job, **form)
        assert (answer["status"], answer.get("jobid")) == ("ok", job), answer

    def cancel(self, job: str, **more: str) -> str | None:
        """What the job was doing when it was cancelled: `pending`, `running`, or None."""
        answer = self.post("cancel.json", project="ims_spiders", job=job, **more)
        assert answer["status"] == "ok", answer
        state: str | None = answer["prevstate"]
        return state

    def jobs(self, state: str) -> dict[str, dict[str, Any]]:
        """The jobs in that state by their id."""
        return {job["id"]: job for job in json.loads(self.get("listjobs.json?project=ims_spiders"))[state]}

    def wait_for(self, job: str, state: str = "finished") -> None:
        """Wait until the job is in that state."""
        self.wait(lambda: job in self.jobs(state), f"job {job} is not {state}")

    def session_of(self, job: str) -> dict[str, Any]:
        """The record of the session whose latest run is this job."""
        (record,) = [one for one in self.records() if one["metadata"]["runs"][-1].get("job") == job]
        return record

    def records(self) -> list[dict[str, Any]]:
        """Every session's record."""
        return [folder.read_session() for folder in self.archive.sessions()]

    def wait_for_issues(self, job: str, count: int) -> int:
        """Wait until the job has stored so many; returns its process's id."""

        def stored() -> bool:
            return any(
                folder.read_session()["metadata"]["runs"][-1].get("job") == job and len(folder.issue_ids()) >= count
                for folder in self.archive.sessions()
            )

        self.wait(stored, f"job {job} has not stored {count} issues")
        return int(self.jobs("running")[job]["pid"])

    def wait(self, done: Any, what: str) -> None:
        """Wait until `done()`; fails with what Scrapyd has logged."""
        deadline = time.monotonic() + SECONDS
        while not done():
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, f"{what}\n{self.log.read_text()[-3000:]}"
            time.sleep(0.1)

    def deploy(self, **more: str) -> Run:
        """What `make deploy` runs."""
        return run("ims_spiders.daemon.deploy", [], {**self.variables, **more}, SECONDS)
