"""The figures of `ims analytics` as one page of HTML that asks nothing of anybody."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from markupsafe import Markup

from ims_spiders.report import charts
from ims_spiders.report.templates import html_environment
from ims_spiders.report.times import months_between
from ims_spiders.report.usage_model import Trend, Usage, Work

LAST_DAYS, LAST_MONTHS, MOST_BARS = 31, 24, 12


def usage_page(usage: Usage) -> str:
    """The page."""
    template = html_environment().get_template("analytics.html.j2")
    return template.render(title=heading(usage), usage=usage, charts=_charts(usage), totals=totals(usage.days))


def heading(usage: Usage) -> str:
    """What the figures are of."""
    return f"Analytics of {usage.user}" if usage.user else "Analytics of the archive"


def totals(days: Iterable[Work]) -> Work:
    """The days added up."""
    rows = list(days)
    return Work(
        "total", sum(row.sessions for row in rows), sum(row.completed for row in rows),
        sum(row.failed for row in rows), sum(row.issues_crawled for row in rows),
        sum(row.new_issues for row in rows), sum(row.attachments for row in rows),
    )  # fmt: skip


def last_days(usage: Usage) -> list[Work]:
    """The last days of the period, also those without sessions."""
    last = min(usage.until or usage.made_at.date(), max(usage.made_at.date(), _last_day(usage)))
    first = max(last - timedelta(days=LAST_DAYS - 1), usage.since or date.min)
    labels = [(first + timedelta(days=number)).isoformat() for number in range((last - first).days + 1)]
    return _filled(labels, usage.days)


def last_months(usage: Usage) -> list[Work]:
    """The months with sessions and those between them, the last ones when they are many."""
    if not usage.months:
        return []
    labels = months_between(usage.months[0].label, usage.months[-1].label)
    return _filled(labels[-LAST_MONTHS:], usage.months)


def all_trends(usage: Usage) -> list[Trend]:
    """The months in which issues were registered or closed, and those between them."""
    if not usage.trends:
        return []
    known = {trend.label: trend for trend in usage.trends}
    labels = months_between(usage.trends[0].label, usage.trends[-1].label)
    return [known.get(label, Trend(label, 0, 0)) for label in labels]


def _last_day(usage: Usage) -> date:
    return date.fromisoformat(usage.days[-1].label) if usage.days else date.min


def _filled(labels: Iterable[str], rows: Iterable[Work]) -> list[Work]:
    known = {row.label: row for row in rows}
    return [known.get(label, Work(label, 0, 0, 0, 0, 0, 0)) for label in labels]


def _charts(usage: Usage) -> Mapping[str, Markup]:
    days, months, trends = last_days(usage), last_months(usage), all_trends(usage)
    products = [(row.product, row.issues) for row in usage.products]
    return {
        "day_sessions": _sessions("chart-day-sessions", "Sessions by day", days),
        "day_issues": _issues("chart-day-issues", "Issues crawled by day", days),
        "month_sessions": _sessions("chart-month-sessions", "Sessions by month", months),
        "month_issues": _issues("chart-month-issues", "Issues crawled by month", months),
        "trends": charts.course(
            "chart-trends", "Issues registered and closed by month", [trend.label for trend in trends],
            [
                charts.Series("Registered", [trend.registered for trend in trends]),
                charts.Series("Closed", [trend.closed for trend in trends]),
            ],
        ),
        "products": charts.ranking("chart-products", "Issues by product", products[:MOST_BARS]),
        "asked": charts.ranking("chart-asked", "Sessions by product asked for", usage.asked_products[:MOST_BARS]),
        "words": charts.ranking("chart-words", "Words of queries", usage.words[:MOST_BARS]),
        "languages": charts.ranking("chart-languages", "Queries by language", usage.languages),
    }  # fmt: skip


def _sessions(name: str, title: str, rows: list[Work]) -> Markup:
    return charts.course(
        name, title, [row.label for row in rows],
        [
            charts.Series("Completed", [row.completed for row in rows]),
            charts.Series("Failed", [row.failed for row in rows]),
            charts.Series("Stopped", [row.sessions - row.completed - row.failed for row in rows]),
        ], parts=True,
    )  # fmt: skip


def _issues(name: str, title: str, rows: list[Work]) -> Markup:
    return charts.course(
        name, title, [row.label for row in rows],
        [
            charts.Series("New to the archive", [row.new_issues for row in rows]),
            charts.Series("Seen again", [max(0, row.issues_crawled - row.new_issues) for row in rows]),
        ], parts=True,
    )  # fmt: skip
