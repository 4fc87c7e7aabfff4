"""The search page: what `ims search` finds, in the same order, with filters to click on; without words the newest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from sqlalchemy import Engine

from ims_spiders.config import load_embedding_config, load_tracker_config
from ims_spiders.db.queries import record_query
from ims_spiders.db.synonyms import load_own_synonyms
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import Reading
from ims_spiders.query.configured import configured_reader, today_at
from ims_spiders.report.text import plain
from ims_spiders.search import Filters, Hit, SearchResult, find
from ims_spiders.search.archive import ArchiveSearch
from ims_spiders.search.asking import products
from ims_spiders.search.meaning_endpoint import needed_embedder
from ims_spiders.web.database import ArchiveDatabase
from ims_spiders.web.guard import SETTINGS
from ims_spiders.web.keys import DATABASE, OWN_WORDS
from ims_spiders.web.render import link, page
from ims_spiders.web.search_form import SearchForm, search_form
from ims_spiders.web.sight import Sight

PER_PAGE = 20
MOST_PAGES = 10
MOST_FACETS = 12
_STATUSES = "SELECT DISTINCT status FROM {schema}.issues WHERE status IS NOT NULL ORDER BY status LIMIT 40"
_COMMENT = re.compile(r"^comment ([0-9]+)")


class OwnWords:
    """The user's own file of synonyms: read when it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = (0, 0)

    def load(self, engine: Engine, schema: str) -> None:
        """Have searches know what the file says now. Raises ConfigurationError for a line that is none."""
        found = self._path.stat() if self._path.exists() else None
        state = (found.st_mtime_ns, found.st_size) if found else None
        if state != self._known:
            load_own_synonyms(engine, schema, self._path)
            self._known = state


@dataclass(frozen=True, slots=True)
class Answer:
    """What the database has to say to a search, with what the form offers."""

    username: str
    products: list[str]
    statuses: list[str]
    result: SearchResult | None
    problem: str | None = None


async def search_page(request: web.Request) -> web.Response:
    """The form, and what it finds."""
    form = search_form(request.query)
    database, settings = request.app[DATABASE], request.app[SETTINGS]
    problem = await _load_words(database, request.app[OWN_WORDS], settings.schema)
    answer = await database.look(partial(_answer, form))
    if form.query and form.page == 1 and answer.result is not None and request.method == "GET":
        await database.write(partial(_keep, form, answer.username, answer.result, settings.schema))
    problems = [*form.problems, *(one for one in (problem, answer.problem) if one)]
    return page("search.html.j2", 400 if answer.problem else 200, **_shown(form, answer), problems=problems)


async def _load_words(database: ArchiveDatabase, words: OwnWords, schema: str) -> str | None:
    """What is wrong with the file of synonyms; it is no reason not to search."""

    def load(engine: Engine) -> str | None:
        try:
            words.load(engine, schema)
        except ConfigurationError as error:
            return f"Synonyms of your own are not known: {error}"
        return None

    return await database.write(load)


def _answer(form: SearchForm, sight: Sight) -> Answer:
    connection = sight.connection
    known = sorted(products(connection, sight.schema))
    statuses = [row.status for row in sight.rows(_STATUSES)]
    limit = min(form.page, MOST_PAGES) * PER_PAGE
    if not form.query:
        filters = Filters(
            tuple(filter(None, map(str.strip, form.product.split(",")))), form.status, form.since, form.before
        )
        everything = Reading("", "", "en", "direct", 1.0)
        result = ArchiveSearch(connection, sight.schema).search(everything, "", filters, limit)
        return Answer(sight.username, known, statuses, result)
    config = load_tracker_config()
    by_meaning = config.search_meaning if form.meaning is None else form.meaning
    try:
        result = find(
            connection, form.query, reader=configured_reader(config, known), today=today_at(config),
            product=form.product or None, status=form.status, since=form.since, until=form.before, limit=limit,
            schema=sight.schema, embedder=needed_embedder() if by_meaning else None,
        )  # fmt: skip
    except ConfigurationError as error:
        return Answer(sight.username, known, statuses, None, str(error))
    return Answer(sight.username, known, statuses, result)


def _keep(form: SearchForm, username: str, result: SearchResult, schema: str, engine: Engine) -> None:
    """Among the user's queries, as `ims search` does."""
    reading = result.query
    row = {
        "original_query": reading.original_query, "parsed_query": reading.ims_query,
        "query_language": reading.language, "product": form.product or reading.product,
        "results_count": result.total, "parsing_method": reading.method, "parsing_confidence": reading.confidence,
        "synonym_expanded": bool(result.synonyms), "intent_filtered": reading.intent_filtered,
    }  # fmt: skip
    record_query(engine, username, row, schema)


def _shown(form: SearchForm, answer: Answer) -> dict[str, Any]:
    result = answer.result
    hits = result.hits[(form.page - 1) * PER_PAGE :][:PER_PAGE] if result else ()
    listed = min(result.total, MOST_PAGES * PER_PAGE) if result else 0
    return {
        "form": form, "answer": answer, "result": result, "hits": [(hit, _pieces(hit), _place(hit)) for hit in hits],
        "facets": _facets(form, result) if result else [], "pages": -(-listed // PER_PAGE), "per_page": PER_PAGE,
        "most": MOST_PAGES * PER_PAGE, "offers_meaning": load_embedding_config().url is not None,
        "by_meaning": load_tracker_config().search_meaning if form.meaning is None else form.meaning,
    }  # fmt: skip


def _pieces(hit: Hit) -> list[tuple[str, bool]]:
    """The snippet in pieces, each with whether it is what was looked for."""
    text, pieces, at = plain(hit.snippet.text), [], 0
    for start, end in hit.snippet.marks:
        pieces += [(text[at:start], False), (text[start:end], True)]
        at = end
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]


def _place(hit: Hit) -> str:
    """The address of the issue, of its comment when that is where the hit stands."""
    found = _COMMENT.match(hit.snippet.place) if hit.snippet.where == "comment" else None
    path = f"/issue/{hit.issue_id}"
    return f"{link(path, comment=found[1])}#comment-{found[1]}" if found else path


def _facets(form: SearchForm, result: SearchResult) -> list[tuple[str, list[tuple[str, int, str]]]]:
    """By what the hits can be narrowed: names of values with their number and address."""
    shown = []
    for name, values in result.facets.items():
        links = [(value, issues, _narrowed(form, name, value)) for value, issues in values[:MOST_FACETS] if value]
        if len(links) > 1:
            shown.append((name, links))
    return shown


def _narrowed(form: SearchForm, name: str, value: str) -> str:
    if name == "year":
        return form.link(since=f"{value}-01-01", until=f"{value}-12-31")
    return form.link(**{name: value})
