"""All rows, by being imported."""

from tests.faults import (
    rows_browser,
    rows_content,
    rows_database,
    rows_disk,
    rows_hostile,
    rows_login,
    rows_process,
    rows_search,
    rows_server,
    rows_waiting,
)
from tests.faults.row import ROWS

__all__ = [
    "ROWS",
    "rows_browser",
    "rows_content",
    "rows_database",
    "rows_disk",
    "rows_hostile",
    "rows_login",
    "rows_process",
    "rows_search",
    "rows_server",
    "rows_waiting",
]
