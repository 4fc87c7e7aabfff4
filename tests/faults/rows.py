"""All rows, by being imported."""

from tests.faults import rows_content, rows_database, rows_login, rows_search, rows_server, rows_waiting
from tests.faults.row import ROWS

__all__ = ["ROWS", "rows_content", "rows_database", "rows_login", "rows_search", "rows_server", "rows_waiting"]
