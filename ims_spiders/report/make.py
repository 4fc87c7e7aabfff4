"""Makes a report: the question to what the archive has on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, Engine

from ims_spiders.db.sight import looking_at
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import Reading
from ims_spiders.query.grammar import parse
from ims_spiders.query.tree import Number
from ims_spiders.report import development
from ims_spiders.report.found import Found, ReaderOf, Wanted, find
from ims_spiders.report.issues import archive_state, session, stories
from ims_spiders.report.model import ArchiveState, Question, Report, Session, Story
from ims_spiders.report.text import one_line
from ims_spiders.report.times import zone_name

LAST = "last"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to have a report on. In `wanted` the session may also be LAST."""

    wanted: Wanted
    user: str | None = None
    title: str | None = None


def make_report(engine: Engine, request: Request, reader_of: ReaderOf, today: date, schema: str = "ims") -> Report:
    """The report, with the archive as whoever asks may see it.

    Raises ConfigurationError when there is no such user or session to be seen, and for a query that says nothing.
    """
    with looking_at(engine, request.user, schema) as (connection, user_id):
        confined = _session(connection, request.wanted.session, user_id, schema)
        wanted = replace(request.wanted, session=confined.uuid if confined else None)
        found = find(connection, wanted, reader_of, today, schema)
        terms = parse(found.reading.ims_query).terms if found.reading else ()
        words = [term.text for term in terms if not isinstance(term, Number)]
        issues = tuple(stories(connection, found.keys, words, schema))
        state = archive_state(connection, schema)
    return _report(request.title, _question(found.reading, wanted, confined), state, found, issues)


def _report(
    title: str | None, question: Question, state: ArchiveState, found: Found, issues: tuple[Story, ...]
) -> Report:
    now = datetime.now().astimezone()
    events, left_out = development.timeline(issues)
    facets = found.facets if found.total > len(issues) else {}
    return Report(
        title=one_line(title) or _title(question), made_at=now, zone=zone_name(now), question=question,
        archive=state, found=found.total, issues=issues,
        by_status=development.counted(facets.get("status")) or development.by_status(issues),
        by_product=development.counted(facets.get("product")) or development.by_product(issues),
        by_year=development.counted_years(facets.get("year")) or development.by_year(issues),
        months=development.by_month(issues), timeline=events, events_left_out=left_out,
        counted=found.total if facets.get("status") else len(issues),
    )  # fmt: skip


def _session(connection: Connection, wanted: str | None, user_id: int | None, schema: str) -> Session | None:
    """The session that is meant. Raises ConfigurationError when it is not to be seen."""
    if wanted is None:
        return None
    found = session(connection, None if wanted == LAST else wanted, user_id, schema)
    if found is None:
        raise ConfigurationError(f"there is no session {wanted} to be seen; see `ims db history`")
    return found


def _question(reading: Reading | None, wanted: Wanted, confined: Session | None) -> Question:
    """What was searched, as it is shown: what was asked for, else what the query says by itself."""
    product = wanted.product or (reading.product if reading else None)
    until = wanted.until
    if until is None and reading is not None and reading.until is not None:
        until = reading.until - timedelta(days=1)
    return Question(
        asked=one_line(reading.original_query) if reading else "",
        ims_query=one_line(reading.ims_query) if reading else "",
        explanation=one_line(reading.explanation) if reading else "",
        products=tuple(one_line(name) for name in (product or "").split(",") if name.strip()),
        statuses=tuple(map(one_line, wanted.statuses or (reading.status if reading else ()))),
        since=wanted.since or (reading.since if reading else None),
        until=until,
        session=confined,
    )


def _title(question: Question) -> str:
    if question.asked:
        return f"Report: {question.asked}"
    products = ", ".join(question.products)
    return f"Report: issues of {products}" if products else "Report: issues of a crawl"
