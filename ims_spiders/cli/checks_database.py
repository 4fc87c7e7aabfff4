"""The doctor's checks of the database: it answers, is fit for the archive, keeps rows apart, and lacks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from ims_spiders.cli.checks_result import Check, bad, doubtful, good, some, unseen
from ims_spiders.cli.dbstatus import database_status
from ims_spiders.config import DatabaseConfig, load_database_config
from ims_spiders.db.check_rights import rights_findings
from ims_spiders.db.check_server import ServerFacts, server_facts
from ims_spiders.db.cluster import binary, data_version
from ims_spiders.db.engine import connect, safe_message
from ims_spiders.db.schema import VERSION
from ims_spiders.db.status import SessionState
from ims_spiders.db.status_database import database_state
from ims_spiders.exceptions import ImsError

OLDEST = 16
APART_SECONDS = 60
LOAD = "run: ims db load"


def database(data_dir: Path, states: Sequence[SessionState]) -> list[Check]:
    """Where the archive is searched. An embedded one that does not run is fine: a crawl starts it."""
    config = load_database_config()
    if not config.use_database:
        return [good("Database", "not used, since USE_DATABASE is false")]
    try:
        found = database_status(config, data_dir)
        if found.get("running") is False:
            return _asleep(found)
    except (ImsError, SQLAlchemyError) as error:
        return [bad("Database", safe_message(error), "set DATABASE_URL to a PostgreSQL 16 or newer")]
    if not found["reachable"]:
        advice = "start that server, or correct DATABASE_URL; `ims crawl` works without and `ims db load` catches up"
        return [bad("Database", f"{found['database']}: {found.get('reason')}", advice)]
    wrong = _schema(found)
    return [wrong] if wrong is not None else _content(config, data_dir, states, found)


def _asleep(found: dict[str, Any]) -> list[Check]:
    """The embedded server, which is there to be started. Raises EmbeddedServerError when it is not."""
    version = data_version(Path(found["folder"]) / "cluster")
    binary("postgres", version)
    asleep = good("Database", f"{found['database']} starts on demand")
    if version is None:
        return [asleep]
    return [asleep, unseen("Database rights", "not looked at: the server does not run", "run: ims db start")]


def _schema(found: dict[str, Any]) -> Check | None:
    """What is wrong when the database that answers does not hold the archive in this version."""
    where, version = found["database"], found["schema_version"]
    if version is None:
        return bad("Database", f"{where} has no schema {found['schema']}", "run: ims db init")
    if version != VERSION:
        advice = "run `ims db upgrade`; one that is newer needs a newer ims_spiders"
        return bad("Database", f"{where} has the schema in version {version}, not {VERSION}", advice)
    return None


def _content(
    config: DatabaseConfig, data_dir: Path, states: Sequence[SessionState], found: dict[str, Any]
) -> list[Check]:
    where = f"{found['database']}, PostgreSQL {found['server_version']}"
    engine = connect(config, data_dir, start_embedded=False)
    try:
        return [
            server(server_facts(engine), where, config.pool_size),
            _rights(engine, config.schema_name),
            _behind(engine, states, config.schema_name),
        ]
    except (ImsError, SQLAlchemyError) as error:
        return [bad("Database", f"{where}: {safe_message(error, engine)}", "see the server's log, and try again")]
    finally:
        engine.dispose()


def server(facts: ServerFacts, where: str, wanted: int) -> Check:
    """Whether it is fit for an archive; `wanted` is how many connections a crawl may open."""
    name = "Database"
    if facts.major < OLDEST:
        return bad(name, f"{where} is too old", f"move to PostgreSQL {OLDEST} or newer, or unset DATABASE_URL")
    if facts.encoding != "UTF8":
        advice = (
            "make the database anew: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0, ims db init, ims db load"
        )
        return bad(name, f"{where} stores {facts.encoding}, which has no Korean or Japanese letters", advice)
    risky = [setting for setting, is_on in facts.durable.items() if not is_on]
    if risky:
        sql = "; ".join(f"ALTER SYSTEM SET {setting} = on" for setting in risky)
        found = f"{where} may lose or damage rows when the power fails: {' and '.join(risky)} off"
        return doubtful(name, found, f"as its superuser: {sql}; SELECT pg_reload_conf()")
    if facts.connections_left < wanted:
        found = f"{where} takes only {facts.connections_left} more connections, {wanted} are wanted"
        return doubtful(name, found, "raise its max_connections, or lower DATABASE_POOL_SIZE")
    if abs(facts.ahead) > APART_SECONDS:
        side = "ahead of" if facts.ahead > 0 else "behind"
        found = f"{where}: this machine's clock is {abs(facts.ahead):.0f} seconds {side} the server's"
        return doubtful(name, found, "set the clock of the one that is wrong: timedatectl set-ntp true")
    return good(name, f"{where}, schema ready")


def _rights(engine: Engine, schema: str) -> Check:
    """Row security, policies, and what the login may do."""
    findings = rights_findings(engine, schema)
    if not findings:
        return good("Database rights", f"{engine.url.username or 'the login'} can crawl, and rows are kept apart")
    mends = list(dict.fromkeys(finding.mend for finding in findings))
    commands = [mend for mend in mends if mend.startswith("ims ")]
    advice = [f"run: {some(commands, 5)}"] if commands else []
    advice += [mend for mend in mends if mend not in commands]
    return bad("Database rights", some([finding.what for finding in findings]), " · ".join(advice))


def _behind(engine: Engine, states: Sequence[SessionState], schema: str) -> Check:
    state = database_state(engine, states, schema)
    if state is None:
        return unseen("Database content", "this login does not see whether sessions are missing")
    if not state.behind:
        return good("Database content", "no session is missing")
    return doubtful("Database content", f"{len(state.behind)} sessions are in files only", LOAD)
