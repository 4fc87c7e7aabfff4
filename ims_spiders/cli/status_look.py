"""Looks at everything that `ims status` shows: files first, so that it works without a database; starts nothing."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ims_spiders.config import DatabaseConfig, TrackerConfig, load_database_config, load_tracker_config
from ims_spiders.db.status import Running, Sessions, SessionState, running
from ims_spiders.exceptions import ConfigurationError, ImsError

if TYPE_CHECKING:
    from ims_spiders.db.status_database import DatabaseState

Found = dict[str, Any]
MOST = 20
"""Sessions that are named; all are counted."""


class Look:
    """Looks as often as one likes; what has not changed is not read again. Raises ConfigurationError for settings."""

    def __init__(self) -> None:
        self._tracker: TrackerConfig = load_tracker_config()
        self._database: DatabaseConfig = load_database_config()
        self._sessions = Sessions(self._tracker.data_dir)

    def now(self) -> Found:
        """Everything, as `ims status --json` prints it."""
        states = self._sessions.look()
        crawls = running(states)
        database, queue = self._look_at_database(states)
        ended = [state for state in states if state.status != "running"]
        last = max(ended, key=lambda state: state.completed_at or state.started_at, default=None)
        return {
            "running": [_crawl(one) for one in crawls if one.alive],
            "killed": [_crawl(one) for one in crawls if not one.alive],
            "queue": queue,
            "scrapyd": scrapyd_state(self._tracker),
            "database": database,
            "last": _session(last) if last is not None else None,
            "suspicious": [_session(state) for state in suspicious(states)][-MOST:],
        }

    def _look_at_database(self, states: Sequence[SessionState]) -> tuple[Found, Found | None]:
        from sqlalchemy.exc import SQLAlchemyError

        from ims_spiders.cli.dbstatus import database_status
        from ims_spiders.db.engine import describe, safe_message
        from ims_spiders.db.schema import VERSION

        if not self._database.use_database:
            return {"used": False, "database": describe(self._database), "reachable": None}, None
        try:
            found = {"used": True, **database_status(self._database, self._tracker.data_dir)}
            if found.get("schema_version") != VERSION:
                return found, None
            state = self._database_state(states)
        except (ImsError, SQLAlchemyError) as error:
            return {"used": True, "reachable": False, "reason": safe_message(error)}, None
        if state is None:
            return found, None
        found |= {"behind": len(state.behind), "behind_sessions": state.behind[-MOST:]}
        return found, {"counts": state.counts, "jobs": state.jobs}

    def _database_state(self, states: Sequence[SessionState]) -> DatabaseState | None:
        from ims_spiders.db.engine import connect
        from ims_spiders.db.status_database import database_state

        engine = connect(self._database, self._tracker.data_dir, start_embedded=False)
        try:
            return database_state(engine, states, self._database.schema_name)
        finally:
            engine.dispose()


def suspicious(states: Sequence[SessionState]) -> list[SessionState]:
    """Sessions that the monitors doubt; not those after which the same was crawled again and well."""
    newest = {(state.username, state.product, state.query): state for state in states if state.status == "completed"}
    return [state for state in newest.values() if state.is_suspicious]


def scrapyd_state(config: TrackerConfig) -> Found | None:
    """What the Scrapyd answers that SCRAPYD_URL or a stored password is for; None when there is neither."""
    stored = (config.data_dir / "state" / "scrapyd.netrc").exists()
    if not (stored or os.environ.get("SCRAPYD_URL") or os.environ.get("SCRAPYD_PASSWORD")):
        return None
    try:
        from ims_spiders.daemon.scrapyd_api import ScrapydApi
    except ImportError:
        return {"reachable": False, "reason": "Scrapyd is not installed here"}
    try:
        scrapyd = ScrapydApi.of_settings()
        answer = scrapyd.ask("daemonstatus.json")
    except ConfigurationError as error:
        return {"reachable": False, "reason": str(error)}
    counts = {name: answer.get(name) for name in ("pending", "running", "finished")}
    return {"reachable": True, "url": scrapyd.url, "node": answer.get("node_name"), **counts}


def _crawl(one: Running) -> Found:
    """A crawl under way, or one that was killed."""
    session = _session(one.session)
    session |= {name: one.figures.get(name) for name in ("host", "pid", "errors", "retries", "updated_at")}
    resume = None if one.alive else f"ims crawl --resume {one.session.uuid}"
    return session | {"done": one.done, "found": one.found, "issues_per_second": round(one.rate, 2), "resume": resume}


def _session(state: SessionState) -> Found:
    found = asdict(state)
    found["folder"] = str(state.folder.path)
    found["suspicions"] = list(state.suspicions)
    return found
