"""How well the search finds what is relevant: nDCG@10, recall@10 and MRR over judged queries, by category.

    make bench-relevance CORPUS=issues.json QUERIES=queries.json

The corpus is a JSON list of issues with `id`, `title` and `description`; the queries are a list with `category`,
`query` and `relevant` (issue id to grade). Every issue is stored and every query asked as a user's would be, in a
database of its own. Gains are 2^grade - 1, as in Järvelin and Kekäläinen (2002) and most tools since. A table goes to
stderr, one line of JSON to stdout; its totals leave out the category xling, whose queries look for other languages.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from statistics import fmean
from typing import Any

from sqlalchemy import Engine

from ims_spiders.config import DatabaseConfig
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import connect
from ims_spiders.db.schema import initialise
from ims_spiders.query import QueryReader
from ims_spiders.search import find

DEPTH = 10
"""How far down a list people look."""
ACROSS_LANGUAGES = "xling"
SHIPPED = Path(__file__).parent / "relevance"


def main() -> int:
    """Run it; 0 unless the files cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, nargs="?", default=SHIPPED / "corpus.json")
    parser.add_argument("queries", type=Path, nargs="?", default=SHIPPED / "queries.json")
    parser.add_argument("--verbose", action="store_true", help="show every query that is not answered perfectly")
    arguments = parser.parse_args()
    try:
        corpus, queries = _read(arguments.corpus), _read(arguments.queries)
        for path, entries, needed in (
            (arguments.corpus, corpus, ("id", "title")),
            (arguments.queries, queries, ("category", "query", "relevant")),
        ):
            _check(path, entries, needed)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    with _archive() as engine:
        started = time.perf_counter()
        ids = _store(engine, corpus)
        sys.stderr.write(f"{len(corpus)} issues stored in {time.perf_counter() - started:.1f} s\n")
        figures = _judge(engine, ids, queries, arguments.verbose)
    _report(figures)
    return 0


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is no JSON in UTF-8: {error}") from error


def _check(path: Path, entries: Any, needed: Sequence[str]) -> None:
    if not isinstance(entries, list) or not entries:
        raise ValueError(f"{path} has to be a JSON list with entries")
    for number, entry in enumerate(entries):
        missing = [name for name in needed if not isinstance(entry, dict) or name not in entry]
        if missing:
            raise ValueError(f"{path}: entry {number} has no {missing[0]!r}")


@contextmanager
def _archive() -> Iterator[Engine]:
    """An empty archive on a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            engine = connect(DatabaseConfig(), Path(folder))
            initialise(engine)
            yield engine
            engine.dispose()
        finally:
            server.stop()


def _store(engine: Engine, corpus: Sequence[dict[str, Any]]) -> list[str]:
    """As issues with a title and a description, numbered by their places in the file; returns the file's own ids.

    The triggers see to their words.
    """
    rows = [
        {"issue_id": str(number), "title": issue["title"] or "-", "description": issue.get("description")}
        for number, issue in enumerate(corpus, start=1)
    ]
    statement = (
        "INSERT INTO ims.issues (issue_id, title, description) VALUES (%(issue_id)s, %(title)s, %(description)s)"
    )
    for start in range(0, len(rows), 1000):
        with engine.begin() as connection:
            connection.exec_driver_sql(statement, rows[start : start + 1000])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
    return [str(issue["id"]) for issue in corpus]


def _judge(
    engine: Engine, ids: Sequence[str], queries: Sequence[dict[str, Any]], verbose: bool
) -> list[dict[str, Any]]:
    reader = QueryReader()
    figures = []
    for entry in queries:
        grades = {str(issue): int(grade) for issue, grade in entry["relevant"].items() if int(grade) > 0}
        with engine.connect() as connection:
            started = time.perf_counter()
            hits = find(connection, entry["query"], reader=reader, today=date.today(), limit=100).hits  # noqa: DTZ011
            took = time.perf_counter() - started
        found = [ids[int(hit.issue_id) - 1] for hit in hits]
        figures.append(_figures(entry, grades, found, took))
        if verbose and figures[-1]["ndcg"] < 1:
            top = ", ".join(f"{issue}:{grades.get(issue, 0)}" for issue in found[:DEPTH])
            sys.stderr.write(f"{figures[-1]['ndcg']:.3f} {entry['category']} {entry['query']}: {top}\n")
    return figures


def _figures(entry: dict[str, Any], grades: dict[str, int], found: Sequence[str], took: float) -> dict[str, Any]:
    def discounted(gains: Sequence[int]) -> float:
        return sum((2**gain - 1) / math.log2(place + 2) for place, gain in enumerate(gains[:DEPTH]))

    ideal = discounted(sorted(grades.values(), reverse=True))
    first = next((place for place, issue in enumerate(found, start=1) if issue in grades), None)
    return {
        "category": entry["category"],
        "ndcg": discounted([grades.get(issue, 0) for issue in found]) / ideal if ideal else 1.0,
        "recall": len(set(found[:DEPTH]) & set(grades)) / min(DEPTH, len(grades)) if grades else 1.0,
        "mrr": 1 / first if first else 0.0,
        "took": took,
    }


def _report(figures: Sequence[dict[str, Any]]) -> None:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for figure in figures:
        groups[figure["category"]].append(figure)
    own = [figure for figure in figures if figure["category"] != ACROSS_LANGUAGES] or list(figures)
    sys.stderr.write(f"{'category':<14} queries   nDCG@10  recall@10      MRR\n")
    for name, group in [*sorted(groups.items()), (f"all but {ACROSS_LANGUAGES}", own)]:
        mean = _means(group)
        sys.stderr.write(
            f"{name:<14} {len(group):>7}   {mean['ndcg']:>7.3f}  {mean['recall']:>9.3f}  {mean['mrr']:>7.3f}\n"
        )
    times = sorted(figure["took"] * 1000 for figure in figures)
    sys.stderr.write(
        f"a query with its snippets: {times[len(times) // 2]:.1f} ms in the middle, {times[-1]:.0f} ms at most\n"
    )
    result = {**_means(own), "by_category": {name: _means(group) for name, group in sorted(groups.items())}}
    sys.stdout.write(json.dumps(result) + "\n")


def _means(group: Sequence[dict[str, Any]]) -> dict[str, float]:
    return {name: round(fmean(figure[name] for figure in group), 4) for name in ("ndcg", "recall", "mrr")}


if __name__ == "__main__":
    sys.exit(main())
