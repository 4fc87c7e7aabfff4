"""What statements read: which tables from end to end, through which indexes, also inside functions, triggers and keys.

Each statement of an engine is explained with the very parameters, role and policies that it is sent with, before it
runs; PostgreSQL's counters of the transaction tell what went on in functions, which EXPLAIN does not show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, Engine, event

BIG = frozenset(
    {
        "issues", "issue_comments", "issue_history", "attachments", "crawl_sessions", "session_issues",
        "search_queries", "session_errors", "pages", "audit_log", "deleted_sessions", "search_documents",
        "search_files",
    }
)  # fmt: skip
"""Tables that grow; the others are read whole as fast as any other way."""

_EXPLAINED = re.compile(r"(\s|--.*\n)*(SELECT|WITH|INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_PASSES_ON = {"Nested Loop", "Incremental Sort", "Result", "Subquery Scan", "Append", "Merge Append", "LockRows"}
"""Nodes that stop reading when the LIMIT above them has what it wants."""
_NAMES = """
    SELECT c.relname, coalesce(p.relname, c.relname), x.indpred IS NOT NULL,
        c.relkind = 'r' AND pg_relation_size(c.oid) < 100000
    FROM pg_class AS c
    LEFT JOIN pg_inherits AS h ON h.inhrelid = c.oid LEFT JOIN pg_class AS p ON p.oid = h.inhparent
    LEFT JOIN pg_index AS x ON x.indexrelid = c.oid
    WHERE c.relnamespace IN ('ims'::regnamespace, 'ims_private'::regnamespace)"""
_COUNTERS = """
    SELECT c.relname, c.relkind = 'i', pg_stat_get_xact_numscans(c.oid) FROM pg_class AS c
    WHERE c.relnamespace IN ('ims'::regnamespace, 'ims_private'::regnamespace) AND c.relkind IN ('r', 'i')"""


@dataclass(slots=True)
class Reading:
    """What was read: big tables whole, and through which indexes; with the statements that did."""

    whole: dict[str, str] = field(default_factory=dict)
    indexes: set[str] = field(default_factory=set)
    statements: int = 0


class Watch:
    """Notes what every statement of the engine reads, while it is entered."""

    def __init__(self, engine: Engine):
        self._engine = engine
        self._before: dict[tuple[str, bool], int] = {}
        self._names: dict[str, str] = {}
        self._partial: set[str] = set()
        self._small: set[str] = set()
        self.reading = Reading()

    def __enter__(self) -> Reading:
        event.listen(self._engine, "before_cursor_execute", self._explain)
        event.listen(self._engine, "after_cursor_execute", self._count)
        return self.reading

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        event.remove(self._engine, "before_cursor_execute", self._explain)
        event.remove(self._engine, "after_cursor_execute", self._count)

    def _explain(self, connection: Connection, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        with cursor.connection.cursor() as own:
            own.execute(_NAMES)
            known = own.fetchall()
            self._names = {name: parent for name, parent, _, _ in known}
            self._partial = {name for name, _, partial, _ in known if partial}
            self._small = {name for name, _, _, small in known if small}
            if _EXPLAINED.match(statement):
                own.execute("EXPLAIN (FORMAT JSON) " + statement, parameters or None)
                ((plan,),) = own.fetchall()
                self.reading.statements += 1
                self._note(plan[0]["Plan"], statement)
            self._before = self._counters(own)

    def _count(self, connection: Connection, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        with cursor.connection.cursor() as own:
            for (name, is_index), scans in self._counters(own).items():
                if scans > self._before.get((name, is_index), 0):
                    self._add(name, is_index, statement)

    @staticmethod
    def _counters(cursor: Any) -> dict[tuple[str, bool], int]:
        cursor.execute(_COUNTERS)
        return {(name, is_index): scans for name, is_index, scans in cursor.fetchall()}

    def _note(self, plan: dict[str, Any], statement: str) -> None:
        for node, limited in nodes(plan):
            for index in (node.get("Index Name"), *node.get("Conflict Arbiter Indexes", ())):
                if index:
                    self._add(index, True, statement)
            if reads_whole(node, limited) and node.get("Index Name") not in self._partial:
                self._add(node["Relation Name"], False, statement)

    def _add(self, name: str, is_index: bool, statement: str) -> None:
        """Count a partition as its table; one with next to nothing in it is best read whole."""
        known = self._names.get(name, name)
        if is_index:
            self.reading.indexes.add(known)
        elif known in BIG and name not in self._small:
            self.reading.whole.setdefault(known, statement)


def nodes(plan: dict[str, Any], limited: bool = False) -> Iterator[tuple[dict[str, Any], bool]]:
    """All nodes of a plan, each with whether a LIMIT above stops it early."""
    yield plan, limited
    passed_on = plan["Node Type"] == "Limit" or (limited and plan["Node Type"] in _PASSES_ON)
    for child in plan.get("Plans", ()):
        yield from nodes(child, passed_on and child["Parent Relationship"] not in {"InitPlan", "SubPlan"})


def reads_whole(node: dict[str, Any], limited: bool) -> bool:
    """Whether it reads a table from end to end, be it in the order of an index; a partial one is shorter than that."""
    kind = node["Node Type"]
    return kind == "Seq Scan" or (
        kind in {"Index Scan", "Index Only Scan"} and "Index Cond" not in node and not limited
    )
