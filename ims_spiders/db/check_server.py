"""What a PostgreSQL server says of itself that the archive depends on. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, text

_FACTS = """
    SELECT current_setting('server_version_num')::integer / 10000 AS major,
        current_setting('server_encoding') AS encoding,
        current_setting('fsync') = 'on' AS fsync, current_setting('full_page_writes') = 'on' AS full_pages,
        current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
            - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections_left,
        clock_timestamp() AS clock"""


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """`major` version; `durable`: settings that keep what was committed through a power cut, by name; connections that
    others may still open; by how many seconds this machine's clock is ahead of the server's."""

    major: int
    encoding: str
    durable: dict[str, bool]
    connections_left: int
    ahead: float


def server_facts(engine: Engine) -> ServerFacts:
    """Ask the server. Raises sqlalchemy.exc.SQLAlchemyError when it goes away."""
    with engine.connect() as connection:
        before = datetime.now(UTC)
        row = connection.execute(text(_FACTS)).one()
        middle = before + (datetime.now(UTC) - before) / 2
    durable = {"fsync": row.fsync, "full_page_writes": row.full_pages}
    return ServerFacts(row.major, row.encoding, durable, row.connections_left, (middle - row.clock).total_seconds())
