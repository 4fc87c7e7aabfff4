"""A report as one page of HTML that asks nothing of anybody: no script, no picture, no font from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median

from markupsafe import Markup

from ims_spiders.report import charts
from ims_spiders.report.model import Report
from ims_spiders.report.templates import html_environment

MOST_BARS = 12
CLOSED = "Closed"
"""How such statuses begin, as the archive's views count them."""


def report_page(report: Report) -> str:
    """The page."""
    days = [issue.days_open for issue in report.issues if issue.days_open is not None]
    closed = sum(issues for status, issues in report.by_status if status.startswith(CLOSED))
    template = html_environment().get_template("report.html.j2")
    return template.render(
        title=report.title, report=report, charts=_charts(report), closed=closed,
        still_open=report.counted - closed, comments=sum(len(issue.comments) for issue in report.issues),
        median_days=round(median(days)) if days else None,
    )  # fmt: skip


def _charts(report: Report) -> Mapping[str, Markup]:
    months = report.months
    series = [
        charts.Series("Registered", [month.registered for month in months]),
        charts.Series("Closed", [month.closed for month in months]),
        charts.Series("Comments", [month.comments for month in months]),
    ]
    return {
        "status": charts.ranking("chart-status", "Issues by status", report.by_status[:MOST_BARS]),
        "product": charts.ranking("chart-product", "Issues by product", report.by_product[:MOST_BARS]),
        "year": charts.ranking("chart-year", "Issues by year of registration", report.by_year[-MOST_BARS:]),
        "months": charts.course("chart-months", "By month", [month.label for month in months], series),
    }
