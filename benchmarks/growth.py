"""Prints what growth costs: the tables that grow, plain and by month, side by side; and what a cleanup takes.

    python benchmarks/growth.py [--sessions 20000] [--history 200000]

An embedded server of its own is made in a temporary folder; a million sessions and ten million history rows need 8 GB
there. Absolute times depend on the machine; the ratios, side by side in one run, do not.
"""

# ruff: noqa: S608, T201 - every name in the SQL stands here; it prints

from __future__ import annotations

import argparse
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.cluster import OWNER, SUPERUSER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect
from ims_spiders.db.schema import initialise

VARIANTS = ("plain", "by_month")
MONTHS = 36
OLDEST_MONTHS = 3
LINKS, HISTORY_ROWS, AUDIT_ROWS = 5, 12, 3
"""Links and audit rows a session, history rows an issue."""
LOOKUPS = 200
MOMENT = "timestamptz '2024-01-01 00:00Z' + n::float8 / {count} * interval '1095 days'"


@dataclass(frozen=True, slots=True)
class Table:
    """A table that grows: by which time it would be split, its n-th row, look-ups by n, and rows that come in again."""

    name: str
    moment: str
    row: str
    lookups: dict[str, str]
    key: str = ""
    again: str = ""


TABLES = (
    Table(
        "crawl_sessions",
        "started_at",
        f"""n AS session_id, md5(n::text)::uuid AS session_uuid, 1 + n % 50 AS user_id, 'OpenFrame Batch' AS product,
            'TPETIME 배치 오류 ' || n % 1000 AS original_query, '+TPETIME (batch 배치)' AS parsed_query,
            CASE n % 20 WHEN 0 THEN 'failed' ELSE 'completed' END AS status, {MOMENT} AS started_at,
            {MOMENT} + interval '5 minutes' AS completed_at, 300 AS duration_seconds, {LINKS} AS issues_crawled,
            'sessions/20260101-000000-OpenFrame-' || n AS data_path, {MOMENT} AS created_at""",
        {
            "session by uuid": "SELECT session_id FROM {t} WHERE session_uuid = md5('{n}')::uuid",
            "session by key, as each link's foreign key": "SELECT 1 FROM {t} WHERE session_id = {n}",
            "a user's 20 latest": "SELECT * FROM {t} WHERE user_id = 1 + {n} % 50 ORDER BY started_at DESC LIMIT 20",
            "a user's day": "SELECT * FROM {t} WHERE user_id = 1 + {n} % 50 AND status <> 'running'"
            " AND started_at >= date '2024-01-01' + {n} % 1000 AND started_at < date '2024-01-02' + {n} % 1000",
        },
        "session_uuid",
        "session_id = {n}",
    ),
    Table(
        "session_issues",
        "created_at",
        f"""n AS session_issue_id, 1 + (n - 1) / {LINKS} AS session_id, 1 + n * 7919 % {{issues}} AS issue_pk,
            {MOMENT} AS created_at, n % {LINKS} AS crawl_order, 12 AS crawl_duration_ms, 0 AS depth,
            'search' AS found_by, encode(sha256((n % 1000000)::text::bytea), 'hex') AS content_hash,
            'OpenFrame Batch' AS product, 'Open' AS status""",
        {
            "links of a session": f"SELECT * FROM {{t}} WHERE session_id = 1 + ({{n}} - 1) / {LINKS}",
            "sessions of an issue": "SELECT session_id FROM {t} WHERE issue_pk = 1 + {n}::bigint * 7919 % {issues}",
            "an issue's first sighting": "SELECT session_id FROM {t} WHERE issue_pk = 1 + {n}::bigint * 7919 % {issues}"
            " ORDER BY created_at, session_issue_id LIMIT 1",
        },
        "session_id, issue_pk",
        f"session_id BETWEEN ({{n}} - 1) / {LINKS} AND ({{n}} - 1) / {LINKS} + 19",
    ),
    Table(
        "issue_history",
        "changed_at",
        f"""n AS history_id, 1 + (n - 1) / {HISTORY_ROWS} AS issue_pk, 'kim' || n % 100 AS changed_by,
            {MOMENT} - n % {HISTORY_ROWS} * interval '3 days' AS changed_at, 'status_change' AS change_type,
            'Status' AS field_name, 'Open' AS old_value, 'Closed' AS new_value,
            'Status : Open → Closed, 재기동 후 확인 ' || n AS description, decode(md5(n::text), 'hex') AS details_hash,
            1 AS ordinal, {MOMENT} AS created_at""",
        {
            "history of an issue": f"SELECT * FROM {{t}} WHERE issue_pk = 1 + ({{n}} - 1) / {HISTORY_ROWS}"
            " ORDER BY history_id"
        },
        "issue_pk, changed_at, changed_by, details_hash, ordinal",
        f"issue_pk BETWEEN ({{n}} - 1) / {HISTORY_ROWS} AND ({{n}} - 1) / {HISTORY_ROWS} + 8",
    ),
    Table(
        "audit_log",
        "created_at",
        f"""n AS log_id, 1 + n % 50 AS user_id, 'update' AS action, 'crawl_sessions' AS resource_type,
            n::text AS resource_id, '{{{{"status": "running"}}}}'::jsonb AS old_value,
            '{{{{"status": "completed", "issues_crawled": 12}}}}'::jsonb AS new_value,
            '127.0.0.1'::inet AS ip_address, 'ims_spiders' AS user_agent, {MOMENT} AS created_at,
            'ims_crawl' AS database_role""",
        {
            "a user's 50 latest": "SELECT * FROM {t} WHERE user_id = 1 + {n} % 50 ORDER BY created_at DESC LIMIT 50",
        },
    ),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=20_000)
    parser.add_argument("--history", type=int, default=200_000)
    wanted = parser.parse_args()
    counts = {
        "crawl_sessions": wanted.sessions,
        "session_issues": wanted.sessions * LINKS,
        "issue_history": wanted.history,
        "audit_log": wanted.sessions * AUDIT_ROWS,
    }
    issues = max(1000, wanted.history // HISTORY_ROWS)
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        engine = connect(DatabaseConfig(DATABASE_SCHEMA="ims"), Path(folder))
        try:
            initialise(engine)
            engine.dispose()
            for table in TABLES:
                compare(server, table, counts[table.name], issues)
            measure_cleanup(server, wanted.sessions, issues)
        finally:
            server.stop()


# Plain and by month --------------------------------------------------------------------------------------------------


def compare(server: EmbeddedServer, table: Table, count: int, issues: int) -> None:
    """One table in both variants: a column each."""
    show(f"{table.name}, {count:,} rows", *(name.replace("_", " ") for name in VARIANTS))
    found: list[dict[str, str]] = []
    for variant in VARIANTS:
        with session(server, SUPERUSER) as run:
            run(f"CREATE SCHEMA {variant}")
            create(run, table, variant)
            found.append(measure(run, table, f"{variant}.{table.name}", count, issues))
            run(f"DROP SCHEMA {variant} CASCADE")
    for name in found[0]:
        show(f"  {name}", *(column[name] for column in found))


def create(run: Any, table: Table, variant: str) -> None:
    """The product's table with the product's indexes. By month, each unique one has to hold the month's column too."""
    name, by_month = f"{variant}.{table.name}", variant == "by_month"
    split = f" PARTITION BY RANGE ({table.moment})" if by_month else ""
    run(f"CREATE TABLE {name} (LIKE ims.{table.name} INCLUDING DEFAULTS INCLUDING STORAGE){split}")
    if by_month:
        run(f"CREATE TABLE {name}_rest PARTITION OF {name} DEFAULT")
        for month in range(MONTHS):
            since, until = ((f"20{24 + m // 12}-{m % 12 + 1:02}-01") for m in (month, month + 1))
            run(f"CREATE TABLE {name}_{month} PARTITION OF {name} FOR VALUES FROM ('{since}Z') TO ('{until}Z')")
    for (definition,) in run(
        f"SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'ims.{table.name}'::regclass"
    ):
        moved = re.sub(rf"INDEX (\S+) ON (ONLY )?ims\.{table.name}", rf"INDEX \1 ON {name}", definition)
        columns = re.search(r"\((.*?)\)", moved)
        if "UNIQUE" in moved and by_month and columns and table.moment not in columns[1]:
            moved = moved.replace(columns[0], f"({columns[1]}, {table.moment})", 1)
        run(moved)


def measure(run: Any, table: Table, name: str, count: int, issues: int) -> dict[str, str]:
    """Everything that is measured of one variant."""
    row = table.row.format(count=count, issues=issues)
    columns = ", ".join(re.findall(r" AS (\w+)", row))
    seconds = timed(run, f"INSERT INTO {name} ({columns}) SELECT {row} FROM generate_series(1, {count}::bigint) AS n")
    found = {"rows inserted a second": f"{count / seconds:,.0f}"}
    run(f"ANALYZE {name}")
    found["table, MB"], found["indexes, MB"] = sizes(run, name)
    draw = random.Random(1)
    for lookup, statement in table.lookups.items():
        numbers = [draw.randint(1, count) for _ in range(LOOKUPS)]
        times = [timed(run, statement.format(t=name, n=number, issues=issues)) for number in numbers]
        found[f"{lookup}, ms"] = milliseconds(statistics.median(times))
    if table.again:
        found["a batch that comes in again unchanged, ms"] = milliseconds(upsert(run, table, name, count))
    return found | forget(run, table, name)


def upsert(run: Any, table: Table, name: str, count: int) -> float:
    """Seconds for rows that are there already, the median of many batches."""
    draw = random.Random(2)
    key = table.key if name.startswith("plain") or table.moment in table.key else f"{table.key}, {table.moment}"
    changing = "status" if table.name != "issue_history" else "new_value"
    times = []
    for _ in range(LOOKUPS // 2):
        chosen = table.again.format(n=draw.randint(1, count - 100 if count > 200 else count))
        ((rows,),) = run(f"SELECT json_agg(t)::text FROM {name} AS t WHERE {chosen}")
        statement = f"""INSERT INTO {name} AS t SELECT * FROM json_populate_recordset(NULL::{name}, %s)
            ON CONFLICT ({key}) DO UPDATE SET {changing} = excluded.{changing}
            WHERE t.{changing} IS DISTINCT FROM excluded.{changing}"""
        times.append(timed(run, statement, rows))
    return statistics.median(times)


def forget(run: Any, table: Table, name: str) -> dict[str, str]:
    """The oldest months go: what that takes, and what the files weigh afterwards."""
    if name.startswith("plain"):
        seconds = timed(run, f"DELETE FROM {name} WHERE {table.moment} < '2024-{OLDEST_MONTHS + 1:02}-01Z'")
    else:
        seconds = sum(timed(run, f"DROP TABLE {name}_{month}") for month in range(OLDEST_MONTHS))
    vacuum = timed(run, f"VACUUM {name}")
    after = sizes(run, name)
    return {
        f"the oldest {OLDEST_MONTHS} of {MONTHS} months gone, s": f"{seconds:.2f}",
        "vacuum after that, s": f"{vacuum:.2f}",
        "table + indexes after that, MB": " + ".join(after),
    }


# The product's own way to forget -------------------------------------------------------------------------------------


def measure_cleanup(server: EmbeddedServer, sessions: int, issues: int) -> None:
    """delete_old_sessions for a tenth of all sessions, with keys, policies, audit and statistics as they are."""
    issues = min(issues, 100_000)
    begun = time.perf_counter()
    with session(server, SUPERUSER) as run:
        run("SET session_replication_role = replica")
        for statement in FILL:
            run(statement.format(sessions=sessions, links=sessions * LINKS, issues=issues))
        run("VACUUM ANALYZE")
    show(f"cleanup of {sessions:,} sessions, {sessions * LINKS:,} links, {issues:,} issues", "")
    show("  filled in, s", f"{time.perf_counter() - begun:.1f}")
    with session(server, OWNER) as run:
        begun = time.perf_counter()
        ((deleted,),) = run("SELECT ims.delete_old_sessions(NULL, 985)")
        seconds = time.perf_counter() - begun
        show("  sessions deleted", f"{deleted:,}")
        show("  delete_old_sessions, s", f"{seconds:.1f}")
        show("  sessions deleted a second", f"{deleted / seconds:,.0f}")
        ((left, counted),) = run(
            "SELECT (SELECT count(*) FROM ims.session_issues), (SELECT sum(crawl_count) FROM ims.issues)"
        )
        if left != counted:
            raise SystemExit(f"{left} links, and issues count {counted}")
    with session(server, SUPERUSER) as run:
        show("  vacuum after that, s", f"{timed(run, 'VACUUM'):.1f}")


FILL = (
    "INSERT INTO ims.users (user_id, username) SELECT n, 'user' || n FROM generate_series(1, 50) AS n",
    """INSERT INTO ims.issues (issue_pk, issue_id, title, product, status, registered_date, crawl_count)
    SELECT n, n::text, 'TPETIME during batch ' || n, 'OpenFrame Batch', 'Open', now() - n % 1000 * interval '1 day', 0
    FROM generate_series(1, {issues}) AS n""",
    """INSERT INTO ims.crawl_sessions (
        session_id, session_uuid, user_id, product, original_query, status, started_at, issues_crawled
    )
    SELECT n, md5(n::text)::uuid, 1 + n % 50, 'OpenFrame Batch', 'TPETIME ' || n % 1000, 'completed',
        now() - (1 - n::float8 / {sessions}) * interval '1095 days', 5 FROM generate_series(1, {sessions}) AS n""",
    """INSERT INTO ims.search_queries (user_id, session_id, original_query, queried_at)
    SELECT user_id, session_id, original_query, started_at FROM ims.crawl_sessions""",
    """INSERT INTO ims.session_errors (session_id, sequence, error_type, error_message)
    SELECT session_id, 1, 'network_error', 'no answer' FROM ims.crawl_sessions WHERE session_id % 10 = 0""",
    """INSERT INTO ims.session_issues (session_id, issue_pk, created_at, product, status)
    SELECT 1 + (n - 1) / 5, 1 + n * 7919 % {issues}, now() - (1 - n::float8 / {links}) * interval '1095 days',
        'OpenFrame Batch', 'Open' FROM generate_series(1, {links}::bigint) AS n""",
    """UPDATE ims.issues AS i SET crawl_count = l.n, first_crawled_at = l.first, last_crawled_at = l.last
    FROM (
        SELECT issue_pk, count(*) AS n, min(created_at) AS first, max(created_at) AS last
        FROM ims.session_issues GROUP BY issue_pk
    ) AS l
    WHERE i.issue_pk = l.issue_pk""",
    """INSERT INTO ims.attachments (issue_pk, session_id, file_id, filename)
    SELECT issue_pk, 1 + issue_pk % {sessions}, '1', 'a.log' FROM ims.issues""",
)


# Tools ---------------------------------------------------------------------------------------------------------------


@contextmanager
def session(server: EmbeddedServer, user: str) -> Iterator[Any]:
    """A function that runs a statement as this account, each a transaction of its own, and returns its rows."""
    connection = psycopg2.connect(server.dsn(user), password=server.password(user), options="-c TimeZone=UTC")
    connection.autocommit = True

    def run(statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return list(cursor.fetchall()) if cursor.description else []

    try:
        yield run
    finally:
        connection.close()


def timed(run: Any, statement: str, *parameters: Any) -> float:
    """Seconds."""
    begun = time.perf_counter()
    run(statement, *parameters)
    return time.perf_counter() - begun


def sizes(run: Any, name: str) -> tuple[str, str]:
    """MB of a table and of its indexes, with all partitions."""
    ((table, indexes),) = run(
        f"""SELECT sum(pg_table_size(relid)), sum(pg_indexes_size(relid))
        FROM (SELECT '{name}'::regclass AS relid UNION SELECT relid FROM pg_partition_tree('{name}')) AS t"""
    )
    return f"{float(table) / 1e6:,.0f}", f"{float(indexes) / 1e6:,.0f}"


def milliseconds(seconds: float) -> str:
    """As the table shows it."""
    return f"{seconds * 1000:.2f}"


def show(*cells: str) -> None:
    """One line of the table."""
    print(cells[0].ljust(66), *(cell.rjust(16) for cell in cells[1:]), flush=True)


if __name__ == "__main__":
    main()
