"""Checks that files and database agree: whatever does not is a finding that says how to mend it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from ims_spiders.db.check_attachments import attachment_findings
from ims_spiders.db.check_context import CheckContext, Finding
from ims_spiders.db.check_issues import issue_findings
from ims_spiders.db.check_leftovers import leftover_findings
from ims_spiders.db.check_sessions import lost_session_findings, session_findings
from ims_spiders.exceptions import ConfigurationError

Progress = Callable[[str, int, int], None]
"""Called with what is looked at, how many are done, and their total."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the whole archive. `quick` leaves the bytes of attachments alone."""

    engine: Engine
    data_dir: Path
    schema: str = "ims"
    quick: bool = False
    progress: Progress | None = None

    def findings(self, looked_at: Counter[str]) -> Iterator[Finding]:
        """Every disagreement, as it is found; `looked_at` counts what was looked at.

        Memory is bounded by the longest list of issues that one session has. Sessions that are being written are left
        out. Raises ConfigurationError when the connection may not see every session, sqlalchemy.exc.OperationalError
        when the database goes away.
        """
        # Each statement is a transaction of its own: reading all files takes long, and nothing is held meanwhile.
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            context = CheckContext(connection, self.data_dir, self.schema, looked_at, self.progress)
            if not context.sees_everything():
                raise ConfigurationError(
                    "this database account does not see every session, so that what it misses may be there: "
                    "check as the owner, an admin or a readonly user"
                )
            yield from session_findings(context)
            yield from lost_session_findings(context)
            yield from issue_findings(context)
            yield from attachment_findings(context, self.quick)
            yield from leftover_findings(context)
