"""Has a model turn the passages of new and changed issues into vectors, batch by batch, from where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Engine
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.meaning import IssueTexts, MeaningTables, StoredPassage
from ims_spiders.db.meaning_setup import prepare
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.search.meaning_endpoint import Embedder, EndpointBusyError, MeaningError, TextsRefusedError, Vector
from ims_spiders.search.meaning_passages import Piece, pieces

Progress = Callable[[str, int, int], None]
"""Called with what is worked out, how many are done, and their total."""

ISSUES_AT_ONCE = 20
"""Read, embedded and written together: what an interrupted refresh does again at most."""
TEXTS_AT_ONCE = 32
ATTEMPTS = 5
"""At a batch, with pauses of 1, 2, 4 and 8 seconds: an hour's work should not end with a server's bad moment."""
SHORTEST = 100
"""Characters to which a text that the model finds too long is cut at most."""
_PROBE = "ims"


@dataclass(slots=True)
class MeaningRefreshed:
    """Which model made vectors, of how many issues now, how many passages it was asked about, and all that it has."""

    model: str
    dimensions: int
    issues: int = 0
    asked: int = 0
    passages: int = 0


def refresh_meaning(
    engine: Engine,
    embedder: Embedder,
    progress: Progress | None = None,
    schema: str = "ims",
    server: EmbeddedServer | None = None,
) -> MeaningRefreshed:
    """Bring the vectors of this model up to what issues say now, each batch of issues in a transaction of its own.

    What the model was asked before is not asked again, also not after an interruption. When it has seen everything,
    other models' vectors are removed. `server`: see meaning_setup.prepare. Raises MeaningError when the model does not
    answer, ConfigurationError when the database cannot keep vectors or another refresh is running.
    """
    dimensions = len(embedder.embed([_PROBE])[0])
    prepare(engine, schema, server)
    with engine.connect() as connection:
        work = _Refresh(connection, schema, embedder, MeaningRefreshed(embedder.model, dimensions))
        return work.run(progress)


class _Refresh:
    """One refresh over one connection; nothing is open in the database while the model thinks."""

    def __init__(self, connection: Connection, schema: str, embedder: Embedder, done: MeaningRefreshed) -> None:
        self._connection = connection
        self._tables = MeaningTables(connection, schema)
        self._embedder = embedder
        self._done = done

    def run(self, progress: Progress | None) -> MeaningRefreshed:
        if not self._tables.alone():
            raise ConfigurationError("another `ims db refresh --meaning` is running; wait for it")
        model = self._tables.model(self._done.model, self._done.dimensions)
        total = self._tables.count_due(model)
        after = 0
        while issues := self._tables.due(model, after, ISSUES_AT_ONCE):
            self._embed(model, issues)
            after = issues[-1].issue_pk
            self._done.issues += len(issues)
            if progress:
                progress("issues embedded", self._done.issues, max(total, self._done.issues))
        self._done.passages = self._tables.finish(model)
        self._connection.commit()
        return self._done

    def _embed(self, model: int, issues: Sequence[IssueTexts]) -> None:
        cut = {issue.issue_pk: pieces(issue.title, issue.description, issue.comments) for issue in issues}
        vectors = self._tables.known(model, list(cut))
        self._connection.commit()
        missing = {piece.hash: piece.text for found in cut.values() for piece in found if piece.hash not in vectors}
        vectors |= self._ask(missing)
        passages = [
            _stored(key, place, piece, vectors[piece.hash])
            for key, found in cut.items()
            for place, piece in enumerate(found)
        ]
        self._tables.write(model, issues, passages)
        self._connection.commit()

    def _ask(self, texts: dict[str, str]) -> dict[str, str]:
        """The vectors of these texts as pgvector writes them, by the texts' keys."""
        keys = list(texts)
        found: dict[str, str] = {}
        for start in range(0, len(keys), TEXTS_AT_ONCE):
            some = keys[start : start + TEXTS_AT_ONCE]
            vectors = _patiently(self._embedder, [texts[key] for key in some])
            if any(len(vector) != self._done.dimensions for vector in vectors):
                raise MeaningError(f"the model {self._embedder.model} answers with vectors of different lengths")
            found |= {key: written(vector) for key, vector in zip(some, vectors, strict=True)}
        self._done.asked += len(keys)
        return found


def written(vector: Vector) -> str:
    """A vector as pgvector reads it, as exact as half precision is."""
    return "[" + ",".join(f"{value:.5g}" for value in vector) + "]"


def _patiently(embedder: Embedder, texts: Sequence[str]) -> list[Vector]:
    for attempt in Retrying(
        retry=retry_if_exception_type(EndpointBusyError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=1, max=8),
        reraise=True,
    ):
        with attempt:
            return _embedded(embedder, texts)
    raise AssertionError("tenacity ends with an answer or an error")


def _embedded(embedder: Embedder, texts: Sequence[str]) -> list[Vector]:
    """The vectors of texts; when a model does not take them, it is asked for fewer, then for the half of a long one."""
    try:
        return embedder.embed(texts)
    except TextsRefusedError:
        if len(texts) > 1:
            half = len(texts) // 2
            return _embedded(embedder, texts[:half]) + _embedded(embedder, texts[half:])
        if len(texts[0]) // 2 < SHORTEST:
            raise
        return _embedded(embedder, [texts[0][: len(texts[0]) // 2]])


def _stored(key: int, place: int, piece: Piece, vector: str) -> StoredPassage:
    return StoredPassage(key, place, piece.source, piece.number, piece.start, piece.size, piece.hash, vector)
