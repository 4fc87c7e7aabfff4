"""What the parts of a check share: findings, how to mend them, the connection, and what was looked at."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from ims_spiders.db.sight import sees_everything
from ims_spiders.db.statements import Statements

BATCH = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """Something on which files and database do not agree: its kind, what it is, and how to mend it."""

    kind: str
    what: str
    mend: str


class CheckContext:
    """The archive under check."""

    def __init__(
        self,
        connection: Connection,
        data_dir: Path,
        schema: str,
        looked_at: Counter[str],
        progress: Callable[[str, int, int], None] | None,
    ):
        self.data_dir = data_dir
        self.schema = schema
        self._connection = connection
        self._table = Statements(schema).table
        self._looked_at = looked_at
        self._progress = progress

    def rows(self, statement: str, **parameters: Any) -> Sequence[Any]:
        """The result of a statement in which tables stand in braces: `SELECT … FROM {issues}`."""
        return self._connection.execute(text(statement.format_map(_Tables(self._table))), parameters).all()

    def pages(self, statement: str, **parameters: Any) -> Iterator[Sequence[Any]]:
        """The result in pages: the first column is the key, the statement takes `:after` and `:size` in its order."""
        after = -1
        while page := self.rows(statement, after=after, size=BATCH, **parameters):
            yield page
            after = page[-1][0]

    def sees_everything(self) -> bool:
        """Whether row security hides nothing from this connection."""
        return sees_everything(self._connection)

    def looked_at(self, what: str, done: int, total: int, more: int = 1) -> None:
        """Count `more` of what was looked at, and tell it."""
        self._looked_at[what] += more
        if self._progress:
            self._progress(what, min(done, total), total)

    def count(self, what: str, more: int = 1) -> None:
        """Count without telling."""
        self._looked_at[what] += more

    def shown(self, path: Path) -> str:
        """A path as it can be pasted into a shell."""
        return shlex.quote(str(path))

    def write_again(self, issue_id: str, session_uuid: object) -> str:
        """How an issue's rows are written anew from a session's file: without its hash it counts as changed."""
        newest = "SELECT max(s.created_at) FROM session_issues AS s WHERE s.issue_pk = i.issue_pk"
        forget = (
            f"UPDATE issues AS i SET content_hash = NULL, last_crawled_at = ({newest}) WHERE issue_id = '{issue_id}'"  # noqa: S608
        )
        return f"{_psql(forget)} && ims db load {session_uuid}"

    def count_again(self, issue_id: str) -> str:
        """How an issue's sightings are counted anew."""
        links = "SELECT count(*) FROM session_issues AS s WHERE s.issue_pk = i.issue_pk"
        return _psql(f"UPDATE issues AS i SET crawl_count = ({links}) WHERE issue_id = '{issue_id}'")  # noqa: S608 - digits

    def load_anew(self, session_uuid: object) -> str:
        """How a session's rows are made anew from its folder."""
        return f"{self.delete_session(session_uuid)} && ims db load {session_uuid}"

    def delete_session(self, session_uuid: object) -> str:
        """How a session is taken out of the database."""
        return _psql(f"DELETE FROM crawl_sessions WHERE session_uuid = '{session_uuid}'")  # noqa: S608 - a uuid


def _psql(statement: str) -> str:
    """The command that runs a statement without double quotes in it; psql knows the schema."""
    return f'ims db psql -c "{statement}"'


class _Tables(dict[str, str]):
    """Full names of tables, as they are asked for."""

    def __init__(self, full_name: Callable[[str], str]):
        super().__init__()
        self._full_name = full_name

    def __missing__(self, name: str) -> str:
        return self._full_name(name)
