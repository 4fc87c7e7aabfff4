"""Products in figures, and how their issues come and go at the tracker by month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from aiohttp import web
from markupsafe import Markup

from ims_spiders.db.rows import database_safe
from ims_spiders.report import charts
from ims_spiders.report.times import months_between
from ims_spiders.web.keys import DATABASE
from ims_spiders.web.problems import NotThereError
from ims_spiders.web.render import page
from ims_spiders.web.sight import Sight

MOST_BARS, MOST_MONTHS, MOST_PRODUCTS = 12, 48, 500
_PRODUCTS = "SELECT * FROM {schema}.v_product_stats ORDER BY issue_count DESC, product LIMIT :most"
# Not the view for it: that is as of the last refresh.
_MONTHS = """
    SELECT to_char(d.month, 'YYYY-MM') AS label, count(*) FILTER (WHERE d.registered) AS registered,
        count(*) FILTER (WHERE NOT d.registered) AS closed
    FROM {schema}.issues AS i CROSS JOIN {schema}.archive_settings AS a
    CROSS JOIN LATERAL (VALUES (date_trunc('month', i.registered_date AT TIME ZONE a.time_zone), true),
        (date_trunc('month', i.closed_date AT TIME ZONE a.time_zone), false)) AS d (month, registered)
    WHERE d.month < now() + interval '1 day' AND (CAST(:product AS text) IS NULL OR i.product = :product)
    GROUP BY d.month ORDER BY d.month DESC LIMIT :most"""
_STATUSES = """
    SELECT coalesce(status, '(none)') AS status, count(*) AS issues FROM {schema}.issues
    WHERE CAST(:product AS text) IS NULL OR product = :product
    GROUP BY 1 ORDER BY issues DESC, status LIMIT :most"""


@dataclass(frozen=True, slots=True)
class Figures:
    """Rows as the statements above name their columns; months from the newest to the oldest."""

    products: Sequence[Any]
    months: Sequence[Any]
    statuses: Sequence[Any]


async def products_page(request: web.Request) -> web.Response:
    """All products, or with `product` the one of that name."""
    product = str(database_safe(request.query.get("product", ""))) or None
    figures = await request.app[DATABASE].look(partial(_read, product))
    return page("products.html.j2", product=product, figures=figures, charts=_charts(figures))


def _read(product: str | None, sight: Sight) -> Figures:
    statuses = sight.rows(_STATUSES, product=product, most=MOST_BARS)
    if product is not None and not statuses:
        raise NotThereError("The archive has no issue of a product of that name.")
    everything = sight.rows(_PRODUCTS, most=MOST_PRODUCTS) if product is None else ()
    return Figures(everything, sight.rows(_MONTHS, product=product, most=MOST_MONTHS), statuses)


def _charts(figures: Figures) -> dict[str, Markup]:
    known = {row.label: row for row in figures.months}
    labels = months_between(min(known), max(known))[-MOST_MONTHS:] if known else []
    series = [
        charts.Series("Registered", [known[label].registered if label in known else 0 for label in labels]),
        charts.Series("Closed", [known[label].closed if label in known else 0 for label in labels]),
    ]
    return {
        "products": charts.ranking(
            "products", "Issues by product", [(row.product, row.issue_count) for row in figures.products[:MOST_BARS]]
        ),
        "statuses": charts.ranking(
            "statuses", "Issues by status", [(row.status, row.issues) for row in figures.statuses]
        ),
        "months": charts.course("months", "Issues registered and closed by month", labels, series),
    }
