"""The vectors of issues' passages in the database: what is due, what is there already, what is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

MANY = 10_000
"""From this many passages on an index finds the nearest; fewer are looked at one by one within milliseconds."""

_MODEL = """
    INSERT INTO {own}.search_meaning_models AS m (name, dimensions) VALUES (:name, :dimensions)
    ON CONFLICT (name, dimensions) DO UPDATE SET name = m.name RETURNING m.model_id"""
# What search_documents holds is written by triggers whenever a text of the issue changes: its xmin is then another.
_DUE = """
    FROM {own}.search_documents AS d LEFT JOIN {own}.search_meaning_issues AS s
        ON s.issue_pk = d.issue_pk AND s.model_id = :model
    WHERE s.seen IS DISTINCT FROM d.xmin::text AND d.issue_pk > :after"""
_TEXTS = """
    SELECT d.issue_pk, d.xmin::text AS seen, i.title, i.description, coalesce((
        SELECT jsonb_agg(jsonb_build_array(c.comment_number, c.content) ORDER BY c.comment_number)
        FROM {open}.issue_comments AS c WHERE c.issue_pk = i.issue_pk), '[]') AS comments
    FROM {own}.search_documents AS d JOIN {open}.issues AS i USING (issue_pk) WHERE d.issue_pk = ANY (:keys)"""
_KNOWN = """
    SELECT hash, embedding::text AS vector FROM {own}.search_meaning_passages
    WHERE model_id = :model AND issue_pk = ANY (:keys)"""
_LOCKED = "SELECT issue_pk FROM {open}.issues WHERE issue_pk = ANY (:keys) ORDER BY issue_pk FOR KEY SHARE"
_FORGET = "DELETE FROM {own}.search_meaning_issues WHERE model_id = :model AND issue_pk = ANY (:keys)"
_SEEN = """
    INSERT INTO {own}.search_meaning_issues (model_id, issue_pk, seen)
    SELECT :model, * FROM unnest(CAST(:keys AS bigint[]), CAST(:seen AS text[]))"""
_PASSAGES = """
    INSERT INTO {own}.search_meaning_passages
        (model_id, issue_pk, place, source, number, start, size, hash, embedding)
    SELECT :model, p.issue_pk, p.place, p.source, p.number, p.start, p.size, p.hash, CAST(p.vector AS {vector}.halfvec)
    FROM unnest(CAST(:issue_pk AS bigint[]), CAST(:place AS integer[]), CAST(:source AS text[]),
        CAST(:number AS bigint[]), CAST(:start AS integer[]), CAST(:size AS integer[]), CAST(:hash AS text[]),
        CAST(:vector AS text[])) AS p (issue_pk, place, source, number, start, size, hash, vector)"""
_OTHERS = "SELECT model_id FROM {own}.search_meaning_models WHERE model_id <> :model"
_EXTENSION = """
    SELECT quote_ident(n.nspname) FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
    WHERE e.extname = 'vector'"""
LOCK = 0x1D5_3EA7
"""Key of the advisory lock: two refreshes at once would ask for every vector twice."""


@dataclass(frozen=True, slots=True)
class IssueTexts:
    """What an issue says, and the mark by which the database tells whether it has changed since."""

    issue_pk: int
    seen: str
    title: str
    description: str | None
    comments: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A row of search_meaning_passages; `vector` is written as pgvector does, [0.25,…]."""

    issue_pk: int
    place: int
    source: str
    number: int | None
    start: int
    size: int
    hash: str
    vector: str


class MeaningTables:
    """The tables that meaning_setup.prepare made, over a connection of the owner's; commits are the caller's."""

    def __init__(self, connection: Connection, schema: str = "ims") -> None:
        self._connection = connection
        vector = connection.execute(text(_EXTENSION)).scalar_one()
        self._names = {"own": f'"{schema}_private"', "open": f'"{schema}"', "vector": vector}

    def alone(self) -> bool:
        """Keep other refreshes away for as long as the connection is not given back; False when there is one."""
        return bool(self._rows("SELECT pg_try_advisory_lock(:key)", key=LOCK)[0][0])

    def model(self, name: str, dimensions: int) -> int:
        """The number of a model; one that is new gets one."""
        return int(self._rows(_MODEL, name=name, dimensions=dimensions)[0].model_id)

    def count_due(self, model: int) -> int:
        """How many issues have changed since the model saw them, or were never seen."""
        return int(self._rows("SELECT count(*)" + _DUE, model=model, after=0)[0][0])

    def due(self, model: int, after: int, most: int) -> list[IssueTexts]:
        """The next of them, by their keys after this one."""
        # Apart from the texts: those of all that are due would be sorted.
        statement = "SELECT d.issue_pk" + _DUE + " ORDER BY d.issue_pk LIMIT :most"
        keys = [row.issue_pk for row in self._rows(statement, model=model, after=after, most=most)]
        rows = sorted(self._rows(_TEXTS, keys=keys), key=lambda row: row.issue_pk)
        return [
            IssueTexts(r.issue_pk, r.seen, r.title, r.description, tuple((n, c) for n, c in r.comments)) for r in rows
        ]

    def known(self, model: int, keys: Sequence[int]) -> dict[str, str]:
        """The vectors that the model made for these issues before, by the hashes of what it was given."""
        return {row.hash: row.vector for row in self._rows(_KNOWN, model=model, keys=list(keys))}

    def write(self, model: int, issues: Sequence[IssueTexts], passages: Iterable[StoredPassage]) -> None:
        """Put these passages in the place of those that the issues had; an issue that has gone meanwhile has none."""
        there = {row.issue_pk for row in self._rows(_LOCKED, keys=[issue.issue_pk for issue in issues])}
        kept = [issue for issue in issues if issue.issue_pk in there]
        keys = [issue.issue_pk for issue in kept]
        self._run(_FORGET, model=model, keys=keys)
        self._run(_SEEN, model=model, keys=keys, seen=[issue.seen for issue in kept])
        stored = [passage for passage in passages if passage.issue_pk in there]
        columns = {name: [getattr(passage, name) for passage in stored] for name in StoredPassage.__slots__}
        self._run(_PASSAGES, model=model, **columns)

    def finish(self, model: int) -> int:
        """Once the model has seen everything: other models' vectors go, and many get their index.

        Returns how many passages the model has.
        """
        self._run("SET LOCAL statement_timeout = 0")
        for row in self._rows(_OTHERS, model=model):
            self._run(f"DROP INDEX IF EXISTS {{own}}.{_index(row.model_id)}")
            self._run("DELETE FROM {own}.search_meaning_issues WHERE model_id = :other", other=row.model_id)
            self._run("DELETE FROM {own}.search_meaning_models WHERE model_id = :other", other=row.model_id)
        counted = "SELECT count(*) FROM {own}.search_meaning_passages WHERE model_id = :model"
        count = int(self._rows(counted, model=model)[0][0])
        if count >= MANY:
            self._build_index(model)
        self._run("ANALYZE {own}.search_meaning_passages")
        return count

    def _build_index(self, model: int) -> None:
        """Only of this model: an index needs to know how many dimensions there are."""
        statement = "SELECT dimensions FROM {own}.search_meaning_models WHERE model_id = :model"
        dimensions = int(self._rows(statement, model=model)[0].dimensions)
        # Workers would share memory that containers have little of.
        self._run("SET LOCAL max_parallel_maintenance_workers = 0")
        self._run("SET LOCAL maintenance_work_mem = '512MB'")
        self._run(
            f"CREATE INDEX IF NOT EXISTS {_index(model)} ON {{own}}.search_meaning_passages"
            f" USING hnsw ((CAST(embedding AS {{vector}}.halfvec({dimensions}))) {{vector}}.halfvec_cosine_ops)"
            f" WHERE model_id = {int(model)}"
        )

    def _rows(self, statement: str, **parameters: Any) -> Sequence[Any]:
        return self._connection.execute(text(statement.format(**self._names)), parameters).all()

    def _run(self, statement: str, **parameters: Any) -> None:
        self._connection.execute(text(statement.format(**self._names)), parameters)


def _index(model: int) -> str:
    return f"search_meaning_passages_model_{int(model)}_idx"
