"""An export of three times as many issues takes no more memory."""

from __future__ import annotations

import subprocess
import sys

import pytest
from sqlalchemy import Engine, text

from ims_spiders.db.embedded import EmbeddedServer

CHILD = r"""
import re, sys
from ims_spiders.db.engine import open_engine, parse_url
from ims_spiders.db.export import export
from ims_spiders.db.export_request import ExportRequest, Format
with open("/dev/null", "wb") as target:
    rows = export(open_engine(parse_url(sys.argv[1])), ExportRequest(format=Format(sys.argv[2])), target)
# Unlike getrusage, this begins anew with the program.
print(rows, re.search(r"VmHWM:\s+(\d+)", open("/proc/self/status").read())[1])
"""
GROWTH_KB = 12_000
"""40,000 more issues of 3 kB are 120 MB."""


def insert(engine: Engine, first: int, last: int) -> None:
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO ims.issues (issue_id, title, description, product, full_data) "
                "SELECT n::text, 'issue ' || n, repeat(md5(n::text), 30), 'OpenFrame', "
                "jsonb_build_object('description', repeat(md5(n::text), 60)) FROM generate_series(:first, :last) AS n"
            ),
            {"first": first, "last": last},
        )


@pytest.fixture
def many(engine: Engine) -> Engine:
    """A database that takes many issues quickly."""
    with engine.begin() as connection:
        connection.execute(text("DROP INDEX IF EXISTS ims.issues_words_idx, ims.issues_full_data_idx"))
        connection.execute(text("ALTER TABLE ims.issues DISABLE TRIGGER USER"))
    return engine


@pytest.mark.long
def test_memory_does_not_grow_with_the_table(server: EmbeddedServer, many: Engine) -> None:
    dsn = server.dsn(database=str(many.url.database))

    def peak(chosen: str, expected: int) -> int:
        done = subprocess.run([sys.executable, "-c", CHILD, dsn, chosen], capture_output=True, text=True, check=True)
        count, kilobytes = map(int, done.stdout.split())
        assert count == expected
        return kilobytes

    insert(many, 1, 20_000)
    before = {chosen: peak(chosen, 20_000) for chosen in ("jsonl", "csv", "parquet")}
    insert(many, 20_001, 60_000)
    after = {chosen: peak(chosen, 60_000) for chosen in before}
    assert {chosen for chosen, most in after.items() if most - before[chosen] > GROWTH_KB} == set(), (before, after)
