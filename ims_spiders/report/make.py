"""Makes a report: the question to what the archive has on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Engine

from ims_spiders.db.sight import looking_at
from ims_spiders.exceptions import ConfigurationError
from ims_spiders.query import Reading
from ims_spiders.query.grammar import parse
from ims_spiders.query.tree import Number
from ims_spiders.report import development
from ims_spiders.report.found import Wanted, find
from ims_spiders.report.issues import archive_state, session, stories
from ims_spiders.report.model import Question, Report, Session
from ims_spiders.report.text import one_line
from ims_spiders.report.times import zone_name

LAST = "last"


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to have a report on. `until` is the last day; `session` a uuid or LAST.

    What is given here goes before what the reading says. Without a reading a session is given.
    """

    reading: Reading | None = None
    product: str | None = None
    statuses: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    session: str | None = None
    user: str | None = None
    limit: int = 50
    title: str | None = None


def make_report(engine: Engine, request: Request, schema: str = "ims") -> Report:
    """The report, with the archive as whoever asks may see it.

    Raises ConfigurationError when there is no such user or session to be seen.
    """
    with looking_at(engine, request.user, schema) as (connection, user_id):
        confined = None
        if request.session is not None:
            uuid = None if request.session == LAST else request.session
            confined = session(connection, uuid, user_id, schema)
            if confined is None:
                raise ConfigurationError(f"there is no session {request.session} to be seen; see `ims db history`")
        wanted = _wanted(request, confined)
        found = find(connection, wanted, schema)
        words = [term.text for term in parse(wanted.ims_query).terms if not isinstance(term, Number)]
        issues = tuple(stories(connection, found.keys, words, schema))
        state = archive_state(connection, schema)
    question = _question(request.reading, wanted, confined)
    now = datetime.now().astimezone()
    events, left_out = development.timeline(issues)
    return Report(
        title=one_line(request.title) or _title(question), made_at=now, zone=zone_name(now), question=question,
        archive=state, found=found.total, issues=issues, by_status=development.by_status(issues),
        by_product=development.by_product(issues), by_year=development.by_year(issues),
        months=development.by_month(issues), timeline=events, events_left_out=left_out,
    )  # fmt: skip


def _wanted(request: Request, confined: Session | None) -> Wanted:
    """What is searched: what was asked for, else what the query says by itself."""
    reading = request.reading
    product = request.product or (reading.product if reading else None)
    until = request.until
    if until is None and reading is not None and reading.until is not None:
        until = reading.until - timedelta(days=1)
    return Wanted(
        ims_query=reading.ims_query if reading else "",
        products=tuple(name.strip() for name in (product or "").split(",") if name.strip()),
        statuses=request.statuses or (reading.status if reading else ()),
        since=request.since or (reading.since if reading else None),
        until=until,
        session=confined.uuid if confined else None,
        limit=request.limit,
    )


def _question(reading: Reading | None, wanted: Wanted, confined: Session | None) -> Question:
    """What was searched, as it is shown."""
    return Question(
        asked=one_line(reading.original_query) if reading else "",
        ims_query=one_line(wanted.ims_query),
        explanation=one_line(reading.explanation) if reading else "",
        products=tuple(map(one_line, wanted.products)),
        statuses=tuple(map(one_line, wanted.statuses)),
        since=wanted.since,
        until=wanted.until,
        session=confined,
    )


def _title(question: Question) -> str:
    if question.asked:
        return f"Report: {question.asked}"
    products = ", ".join(question.products)
    return f"Report: issues of {products}" if products else "Report: issues of a crawl"
