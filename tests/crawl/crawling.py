"""Runs `scrapy crawl` and `ims crawl` as a user does, in a process of their own, and reads what they left."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text

from ims_spiders.db.files import SessionFolder, session_folders
from tests import forked

ROOT = Path(__file__).parents[2]
FAST = {"IMS_RETRY_FIRST_WAIT": "0.05", "IMS_RETRY_LONGEST_WAIT": "0.2", "IMS_DATABASE_CLOSE_SECONDS": "20"}


@dataclass
class Run:
    """A command that has ended."""

    returncode: int
    stdout: str
    stderr: str
    feed: list[dict[str, Any]] = field(default_factory=list)
    exit_code: int | None = None
    """What `ims crawl` would have ended with; `scrapy crawl` itself ends with 0 whatever happened."""


@dataclass
class Archive:
    """A data folder, perhaps with a database beside it."""

    data_dir: Path
    engine: Engine | None
    environment: dict[str, str] = field(default_factory=dict)
    _url: str | None = field(default=None, init=False, repr=False)

    @property
    def database_url(self) -> str:
        """The database's address with its password; asked for once, because the server may be away later."""
        assert self.engine is not None
        self._url = self._url or database_url(self.engine)
        return self._url

    def variables(self, base_url: str, username: str, password: str, **more: str) -> dict[str, str]:
        """The environment of a user who works with this archive and that tracker, and nothing of the tester's."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("IMS_", "DATABASE_", "PG")) and name != "USE_DATABASE"
        }
        own = {
            "IMS_BASE_URL": base_url,
            "IMS_USERNAME": username,
            "IMS_PASSWORD": password,
            "IMS_DATA_DIR": str(self.data_dir),
            "IMS_USER": "tester",
        }
        if self.engine is None:
            own["USE_DATABASE"] = "false"
        else:
            own["DATABASE_URL"] = self.database_url
        return {**kept, **own, **self.environment, **more}

    def crawl(self, variables: dict[str, str], *settings: str, timeout: float = 120, **arguments: object) -> Run:
        """`scrapy crawl ims -a name=value … -o feed`."""
        feed = self.data_dir.parent / f"feed-{len(list(self.data_dir.parent.glob('feed-*')))}.jsonl"
        command = ["crawl", "ims", "-o", str(feed)]
        for name, value in arguments.items():
            command += ["-a", f"{name}={value}"]
        for setting in [*(f"{name}={value}" for name, value in FAST.items()), *settings]:
            command += ["-s", setting]
        done = run("scrapy", command, variables, timeout)
        done.feed = [json.loads(line) for line in feed.read_text("utf-8").splitlines()] if feed.exists() else []
        if self.sessions():
            done.exit_code = self.last().read_session()["exit_code"]
        return done

    def ims(self, variables: dict[str, str], *arguments: str, timeout: float = 120) -> Run:
        """`ims …`."""
        return run("ims", arguments, variables, timeout)

    def sessions(self) -> list[SessionFolder]:
        """All session folders, oldest first."""
        return list(session_folders(self.data_dir))

    def last(self) -> SessionFolder:
        """The newest session folder."""
        return self.sessions()[-1]

    def documents(self) -> dict[str, dict[str, Any]]:
        """The issue files of the newest session."""
        folder = self.last()
        return {issue_id: folder.read_issue(issue_id) for issue_id in folder.issue_ids()}

    def rows(self, query: str, **values: object) -> list[dict[str, Any]]:
        """What the database answers."""
        assert self.engine is not None
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(query), values).mappings()]


def database_url(engine: Engine) -> str:
    """The address of an engine's database with its password, as a user would write it."""
    url = engine.url
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        parameters = raw.info.dsn_parameters
        password = raw.info.password
    query = {"host": parameters["host"]} if parameters["host"].startswith("/") else {}
    made = url.set(
        drivername="postgresql",
        username=parameters["user"],
        password=password or None,
        host=None if query else parameters["host"],
        port=int(parameters["port"]),
        database=parameters["dbname"],
        query=query,
    )
    return made.render_as_string(hide_password=False)


def run(module: str, arguments: Sequence[str], variables: dict[str, str], timeout: float) -> Run:
    """Run to the end, in the repository."""
    done = forked.run(module, arguments, ROOT, variables, timeout)
    return Run(done.returncode, done.stdout, done.stderr)
