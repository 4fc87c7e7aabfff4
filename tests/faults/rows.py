"""All rows, by being imported."""

from tests.faults import rows_browser, rows_database, rows_server
from tests.faults.row import ROWS

__all__ = ["ROWS", "rows_browser", "rows_database", "rows_server"]
