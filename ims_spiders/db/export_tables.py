"""What can be exported: the tables, their columns with the keys that people know them by, and what filters them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    ColumnElement,
    LargeBinary,
    Select,
    Table,
    Text,
    Uuid,
    bindparam,
    cast,
    func,
    or_,
    select,
)
from sqlalchemy.sql.expression import FromClause

from ims_spiders.db.export_request import Filters, TableName
from ims_spiders.db.models import (
    ArchiveSettings,
    Attachment,
    Base,
    CrawledIssue,
    CrawlSession,
    HistoryEntry,
    IssueComment,
    SearchQuery,
    SessionError,
    SessionIssue,
    User,
)
from ims_spiders.exceptions import ConfigurationError

Column = ColumnElement[Any]


@dataclass(frozen=True, slots=True)
class ExportTable:
    """One table as it is exported. `wide` rows may be large each, so that fewer are held at a time."""

    name: TableName
    columns: tuple[Column, ...]
    source: FromClause
    key: str
    moment: Column
    product: Column | None = None
    status: Column | None = None
    wide: bool = False
    only_in_full: frozenset[str] = field(default_factory=frozenset)

    def select(self, filters: Filters, columns: Iterable[Column] | None = None) -> Select[Any]:
        """The rows that the filters let through, in the order of the key.

        Raises ConfigurationError when the table has not what is to be filtered by.
        """
        statement = select(*(columns or self.columns)).select_from(self.source)
        return statement.where(*self._conditions(filters)).order_by(self._key())

    def count(self, filters: Filters) -> Select[int]:
        """How many rows that will be."""
        return select(func.count()).select_from(self.source).where(*self._conditions(filters))

    @property
    def database_table(self) -> str:
        """Its name in the database."""
        return str(self._key().table.name)

    def _key(self) -> Any:
        return next(column for column in self.columns if column.name == self.key)

    def _conditions(self, filters: Filters) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if filters.product:
            column = self._filtered("product", self.product)
            conditions.append(or_(column == filters.product, column.startswith(filters.product, autoescape=True)))
        if filters.statuses:
            conditions.append(self._filtered("status", self.status).in_(filters.statuses))
        if filters.since:
            conditions.append(self.moment >= _midnight(filters.since))
        if filters.until:
            conditions.append(self.moment < _midnight(filters.until + timedelta(days=1)))
        return conditions

    def _filtered(self, name: str, column: Column | None) -> Column:
        if column is None:
            fits = [f"--{other}" for other in ("product", "status") if getattr(self, other) is not None]
            options = ", ".join([*fits, "--since", "--until"])
            raise ConfigurationError(
                f"--{name} does not fit the table {self.name}, which has none; what fits: {options}"
            )
        return column


def _midnight(day: date) -> Column:
    """When the day begins where the archive is."""
    zone = select(ArchiveSettings.time_zone).scalar_subquery()
    return func.timezone(zone, cast(bindparam(None, day.isoformat(), Text), TIMESTAMP(timezone=False)))


def _columns(model: type[Base], *first: Column) -> tuple[Column, ...]:
    """All columns of a model after those that come first; hashes as hexadecimal text."""
    taken = {column.name for column in first}
    table = model.__table__
    return (*first, *(_readable(column) for column in table.columns if column.name not in taken))


def _readable(column: Any) -> Column:
    if isinstance(column.type, LargeBinary):
        encoded: Column = func.encode(column, "hex", type_=Text).label(column.name)
        return encoded
    return column  # type: ignore[no-any-return]


def is_uuid(column: Column) -> bool:
    """Whether the column holds a uuid, which formats without such a type take as text."""
    return isinstance(column.type, Uuid)


def _table(model: type[Base]) -> Table:
    table = model.__table__
    assert isinstance(table, Table)
    return table


_ISSUES, _SESSIONS, _PEOPLE = _table(CrawledIssue), _table(CrawlSession), _table(User)
_ISSUE_ID, _SESSION, _NAME = _ISSUES.c.issue_id, _SESSIONS.c.session_uuid, _PEOPLE.c.username


def _child(name: TableName, model: type[Base], key: str, moment: str) -> ExportTable:
    """A table that hangs on issues: with the issue's number, filtered by what the issue is."""
    table = _table(model)
    return ExportTable(
        name=name, columns=_columns(model, _ISSUE_ID), source=table.join(_ISSUES), key=key,
        moment=table.c[moment], product=_ISSUES.c.product, status=_ISSUES.c.status,
    )  # fmt: skip


def _attachments() -> ExportTable:
    table = _table(Attachment)
    # Who may not see the session that brought a file may see the file.
    source = table.join(_ISSUES).outerjoin(_SESSIONS, table.c.session_id == _SESSIONS.c.session_id)
    return ExportTable(
        name=TableName.ATTACHMENTS, columns=_columns(Attachment, _ISSUE_ID, _SESSION),
        source=source, key="attachment_id", moment=table.c.created_at,
        product=_ISSUES.c.product, status=_ISSUES.c.status, wide=True,
    )  # fmt: skip


def _session_issues() -> ExportTable:
    table = _table(SessionIssue)
    return ExportTable(
        name=TableName.SESSION_ISSUES, columns=_columns(SessionIssue, _SESSION, _ISSUE_ID),
        source=table.join(_SESSIONS).join(_ISSUES, table.c.issue_pk == _ISSUES.c.issue_pk), key="session_issue_id",
        moment=table.c.created_at, product=table.c.product, status=table.c.status,
    )  # fmt: skip


def _queries() -> ExportTable:
    table = _table(SearchQuery)
    people = table.c.user_id == _PEOPLE.c.user_id
    sessions = table.c.session_id == _SESSIONS.c.session_id
    return ExportTable(
        name=TableName.QUERIES, columns=_columns(SearchQuery, _SESSION, _NAME), key="query_id",
        source=table.join(_PEOPLE, people).outerjoin(_SESSIONS, sessions),
        moment=table.c.queried_at, product=table.c.product,
    )  # fmt: skip


def _errors() -> ExportTable:
    table = _table(SessionError)
    return ExportTable(
        name=TableName.ERRORS, columns=_columns(SessionError, _SESSION), source=table.join(_SESSIONS), key="error_id",
        moment=table.c.occurred_at, product=_SESSIONS.c.product,
    )  # fmt: skip


_ALL = (
    ExportTable(
        name=TableName.ISSUES, columns=_columns(CrawledIssue, _ISSUE_ID), source=_ISSUES, key="issue_pk",
        moment=_ISSUES.c.registered_date, product=_ISSUES.c.product, status=_ISSUES.c.status, wide=True,
        only_in_full=frozenset({"full_data"}),
    ),
    _child(TableName.COMMENTS, IssueComment, "comment_id", "commented_at"),
    _child(TableName.HISTORY, HistoryEntry, "history_id", "changed_at"),
    _attachments(),
    ExportTable(
        name=TableName.SESSIONS, columns=_columns(CrawlSession, _SESSION, _NAME), source=_SESSIONS.join(_PEOPLE),
        key="session_id", moment=_SESSIONS.c.started_at, product=_SESSIONS.c.product, status=_SESSIONS.c.status,
    ),
    _session_issues(),
    _queries(),
    _errors(),
)  # fmt: skip
TABLES = {table.name: table for table in _ALL}
