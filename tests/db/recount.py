"""The figures of the archive counted again from the raw tables, in plain Python: what the SQL has to come to."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, text

Row = dict[str, Any]
Figures = dict[tuple[Any, ...], Row]

TABLES = (
    "users", "crawl_sessions", "search_queries", "session_errors", "issues", "session_issues", "issue_comments",
    "issue_history", "attachments",
)  # fmt: skip
ENDED = {"completed", "failed", "cancelled", "interrupted"}
BETWEEN_WORDS = re.compile(r"[\s+'\"(),;]+")


@dataclass(frozen=True)
class Archive:
    """All rows of the raw tables, and whose midnight ends a day."""

    tables: dict[str, list[Row]]
    zone: ZoneInfo

    @classmethod
    def read(cls, engine: Engine, schema: str = "ims") -> Archive:
        """Everything, in one transaction."""
        with engine.connect() as connection:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            tables = {
                name: [dict(row) for row in connection.execute(text(f"SELECT * FROM {schema}.{name}")).mappings()]
                for name in TABLES
            }
            zone = connection.execute(text(f"SELECT time_zone FROM {schema}.archive_settings")).scalar_one()
        return cls(tables, ZoneInfo(zone))

    def day(self, moment: datetime) -> date:
        """The day on which this moment counts."""
        return moment.astimezone(self.zone).date()

    @property
    def ended(self) -> list[Row]:
        """Sessions that count."""
        return [row for row in self.tables["crawl_sessions"] if row["status"] in ENDED]

    def names(self) -> dict[int, str]:
        """User names by id."""
        return {row["user_id"]: row["username"] for row in self.tables["users"]}

    def queries(self) -> Iterable[tuple[int, date, Row]]:
        """Queries that count, with the user and day that they count for: those of their session, or their own."""
        sessions = {row["session_id"]: row for row in self.ended}
        for query in self.tables["search_queries"]:
            if query["session_id"] is None:
                yield query["user_id"], self.day(query["queried_at"]), query
            elif session := sessions.get(query["session_id"]):
                yield session["user_id"], self.day(session["started_at"]), query

    def links(self) -> dict[int, list[Row]]:
        """Links by session."""
        found = defaultdict(list)
        for link in self.tables["session_issues"]:
            found[link["session_id"]].append(link)
        return found

    def first_sightings(self) -> set[int]:
        """The links (session_issue_id) by which an issue came into the archive."""
        first: dict[int, Row] = {}
        for link in self.tables["session_issues"]:
            known = first.get(link["issue_pk"])
            if known is None or _when(link) < _when(known):
                first[link["issue_pk"]] = link
        since = {row["issue_pk"]: row["first_crawled_at"] for row in self.tables["issues"]}
        return {row["session_issue_id"] for row in first.values() if since[row["issue_pk"]] >= row["created_at"]}


def daily(archive: Archive) -> Figures:
    """analytics_daily by (user_id, stat_date)."""
    sessions, queries = defaultdict(list), defaultdict(list)
    for session in archive.ended:
        sessions[session["user_id"], archive.day(session["started_at"])].append(session)
    for user_id, day, query in archive.queries():
        queries[user_id, day].append(query)
    links, first = archive.links(), archive.first_sightings()
    return {key: _day(sessions[key], queries[key], links, first) for key in {*sessions, *queries}}


def _day(sessions: Sequence[Row], queries: Sequence[Row], links: dict[int, list[Row]], first: set[int]) -> Row:
    seen = [link for session in sessions for link in links.get(session["session_id"], ())]
    products: dict[str, dict[str, int]] = defaultdict(lambda: {"sessions": 0, "issues": 0})
    for session in sessions:
        entry = products[session["product"] or "(all)"]
        entry["sessions"] += 1
        entry["issues"] += session["issues_crawled"]
    asked = Counter(row["original_query"] for row in queries if (row["original_query"] or "").strip(" "))
    top = sorted(asked.items(), key=lambda entry: (-entry[1], entry[0]))[:10]
    return {
        "sessions_count": len(sessions),
        "successful_sessions": _with_status(sessions, "completed"),
        "failed_sessions": _with_status(sessions, "failed"),
        "issues_crawled": _total(sessions, "issues_crawled"),
        "unique_issues": len({link["issue_pk"] for link in seen}),
        "new_issues": sum(link["session_issue_id"] in first for link in seen),
        "attachments_downloaded": _total(sessions, "attachments_downloaded"),
        "avg_session_duration_sec": _mean((row["duration_seconds"] for row in sessions), 3),
        "avg_issues_per_session": _mean((row["issues_crawled"] for row in sessions), 3),
        "product_stats": dict(products),
        "top_queries": [{"query": query, "count": count} for query, count in top],
    }


def monthly(archive: Archive) -> Figures:
    """analytics_monthly by (user_id, year, month)."""
    sessions, queries = defaultdict(list), defaultdict(list)
    for session in archive.ended:
        day = archive.day(session["started_at"])
        sessions[session["user_id"], day.year, day.month].append(session)
    for user_id, day, query in archive.queries():
        queries[user_id, day.year, day.month].append(query)
    links = archive.links()
    return {key: _month(sessions[key], queries[key], links, _days_of(key[1], key[2])) for key in {*sessions, *queries}}


def _month(sessions: Sequence[Row], queries: Sequence[Row], links: dict[int, list[Row]], days: int) -> Row:
    last: dict[int, Row] = {}
    for link in (link for session in sessions for link in links.get(session["session_id"], ())):
        known = last.get(link["issue_pk"])
        if known is None or _when(link) > _when(known):
            last[link["issue_pk"]] = link
    words: Counter[str] = Counter()
    for query in queries:
        asked = query["original_query"] if query["parsed_query"] is None else query["parsed_query"]
        words.update({word for word in BETWEEN_WORDS.split((asked or "").lower()) if word})
    return {
        "total_sessions": len(sessions),
        "avg_sessions_per_day": _rounded(Decimal(len(sessions)) / days, 3),
        "total_issues_crawled": _total(sessions, "issues_crawled"),
        "unique_issues": len(last),
        "keyword_trends": dict(sorted(words.items(), key=lambda entry: (-entry[1], entry[0]))[:50]),
        "product_distribution": _distribution(last.values(), "product"),
        "issue_status_breakdown": _distribution(last.values(), "status"),
        "avg_parsing_confidence": _mean((row["parsing_confidence"] for row in queries), 4),
        "synonym_expansion_rate": _mean((int(row["synonym_expanded"]) for row in queries), 4),
    }


def session_summary(archive: Archive) -> Figures:
    """mv_daily_session_summary by (stat_date, user_id): the sessions' part of the daily figures."""
    names = archive.names()
    kept = (
        "sessions_count", "successful_sessions", "failed_sessions", "issues_crawled", "attachments_downloaded",
        "avg_session_duration_sec", "avg_issues_per_session",
    )  # fmt: skip
    return {
        (day, user_id): {"username": names[user_id]} | {name: figures[name] for name in kept}
        for (user_id, day), figures in daily(archive).items()
        if figures["sessions_count"]
    }


def user_stats(archive: Archive) -> Figures:
    """get_user_stats by (user_id,), of all users."""
    links, first = archive.links(), archive.first_sightings()
    return {(user["user_id"],): _user(archive, user, links, first) for user in archive.tables["users"]}


def _user(archive: Archive, user: Row, links: dict[int, list[Row]], first: set[int]) -> Row:
    sessions = [row for row in archive.tables["crawl_sessions"] if row["user_id"] == user["user_id"]]
    seen = [link for session in sessions for link in links.get(session["session_id"], ())]
    ended = {row["session_id"] for row in sessions if row["status"] in ENDED}
    products = Counter(row["product"] for row in sessions if row["product"])
    return {
        "username": user["username"],
        "total_sessions": len(sessions),
        "completed_sessions": _with_status(sessions, "completed"),
        "failed_sessions": _with_status(sessions, "failed"),
        "running_sessions": _with_status(sessions, "running"),
        "issues_crawled": _total(sessions, "issues_crawled"),
        "unique_issues": len({link["issue_pk"] for link in seen}),
        "new_issues": sum(link["session_issue_id"] in first for link in seen if link["session_id"] in ended),
        "attachments_downloaded": _total(sessions, "attachments_downloaded"),
        "avg_session_duration_sec": _mean((row["duration_seconds"] for row in sessions), 3),
        "avg_issues_per_session": _mean((row["issues_crawled"] for row in sessions), 3),
        "last_session_at": max((row["started_at"] for row in sessions), default=None),
        "favourite_product": min(products, key=lambda name: (-products[name], name), default=None),
        "total_queries": sum(row["user_id"] == user["user_id"] for row in archive.tables["search_queries"]),
    }


def product_stats(archive: Archive) -> Figures:
    """v_product_stats by (product,)."""
    comments = Counter(row["issue_pk"] for row in archive.tables["issue_comments"])
    files = Counter(row["issue_pk"] for row in archive.tables["attachments"])
    groups = defaultdict(list)
    for issue in archive.tables["issues"]:
        groups[_named(issue["product"]),].append(issue)
    figures = {}
    for key, issues in groups.items():
        closed = sum((row["status"] or "").startswith("Closed") for row in issues)
        registered = [row["registered_date"] for row in issues if row["registered_date"]]
        figures[key] = {
            "issue_count": len(issues),
            "open_count": len(issues) - closed,
            "closed_count": closed,
            "missing_count": sum(row["missing_since"] is not None for row in issues),
            "comment_count": sum(comments[row["issue_pk"]] for row in issues),
            "attachment_count": sum(files[row["issue_pk"]] for row in issues),
            "first_registered": min(registered, default=None),
            "last_registered": max(registered, default=None),
            "last_crawled_at": max(row["last_crawled_at"] for row in issues),
        }
    return figures


def issue_trends(archive: Archive) -> Figures:
    """mv_issue_trends by (month, product)."""
    figures: Figures = defaultdict(lambda: {"registered_count": 0, "closed_count": 0})
    for issue in archive.tables["issues"]:
        for column, count in (("registered_date", "registered_count"), ("closed_date", "closed_count")):
            if issue[column]:
                month = archive.day(issue[column]).replace(day=1)
                figures[month, _named(issue["product"])][count] += 1
    return dict(figures)


def issue_counts(archive: Archive) -> Figures:
    """The counts of v_issue_search by (issue_id,)."""
    counted = {
        "session_count": Counter(row["issue_pk"] for row in archive.tables["session_issues"]),
        "comment_count": Counter(row["issue_pk"] for row in archive.tables["issue_comments"]),
        "history_count": Counter(row["issue_pk"] for row in archive.tables["issue_history"]),
        "attachment_count": Counter(row["issue_pk"] for row in archive.tables["attachments"]),
    }
    return {
        (row["issue_id"],): {name: counts[row["issue_pk"]] for name, counts in counted.items()}
        | {"crawl_count": counted["session_count"][row["issue_pk"]]}
        for row in archive.tables["issues"]
    }


def session_details(archive: Archive) -> Figures:
    """What v_session_detail adds to a session, by (session_id,)."""
    names, links = archive.names(), archive.links()
    ids = {row["issue_pk"]: row["issue_id"] for row in archive.tables["issues"]}
    queries = {row["session_id"]: row for row in archive.tables["search_queries"] if row["session_id"]}
    errors = Counter((row["session_id"], row["severity"]) for row in archive.tables["session_errors"])
    figures = {}
    for session in archive.tables["crawl_sessions"]:
        key = session["session_id"]
        ordered = sorted(links.get(key, ()), key=_place)
        query = queries.get(key, {})
        figures[key,] = {
            "username": names[session["user_id"]],
            "parsing_method": query.get("parsing_method"),
            "parsing_confidence": query.get("parsing_confidence"),
            "issue_ids": [ids[link["issue_pk"]] for link in ordered],
            "issue_count": len(ordered),
            "error_count": errors[key, "error"],
            "warning_count": errors[key, "warning"],
        }
    return figures


def recent_activity(archive: Archive) -> list[tuple[Any, ...]]:
    """v_recent_activity, newest first."""
    names = archive.names()
    found: list[tuple[Any, ...]] = [
        (
            row["started_at"], "session", row["user_id"], names[row["user_id"]], row["session_id"], row["product"],
            row["original_query"], row["status"], row["issues_crawled"],
        )
        for row in archive.tables["crawl_sessions"]
    ]  # fmt: skip
    found += [
        (
            row["queried_at"], "query", row["user_id"], names[row["user_id"]], None, row["product"],
            row["original_query"], None, row["results_count"],
        )
        for row in archive.tables["search_queries"]
        if row["session_id"] is None
    ]  # fmt: skip
    return sorted(found, key=repr)


def _when(link: Row) -> tuple[datetime, int]:
    return link["created_at"], link["session_issue_id"]


def _place(link: Row) -> tuple[bool, int, int]:
    return link["crawl_order"] is None, link["crawl_order"] or 0, link["session_issue_id"]


def _named(name: str | None) -> str:
    return "(none)" if name is None else name


def _with_status(sessions: Iterable[Row], status: str) -> int:
    return sum(row["status"] == status for row in sessions)


def _total(sessions: Iterable[Row], name: str) -> int:
    return sum(row[name] for row in sessions)


def _distribution(links: Iterable[Row], name: str) -> dict[str, int]:
    return dict(Counter(_named(link[name]) for link in links))


def _mean(values: Iterable[Any], places: int) -> Decimal | None:
    known = [Decimal(value) for value in values if value is not None]
    return _rounded(sum(known, Decimal()) / len(known), places) if known else None


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _days_of(year: int, month: int) -> int:
    first = date(year, month, 1)
    return ((first + timedelta(days=32)).replace(day=1) - first).days
