"""Brings roles, rights, policies and row security back to what the scripts make: by running these again."""

from __future__ import annotations

from sqlalchemy import Engine

from ims_spiders.db.check_rights import INIT, rights_findings
from ims_spiders.db.schema import SCRIPTS, alone, run_scripts


def mend_rights(engine: Engine, schema: str = "ims") -> list[str]:
    """Run the scripts over a schema of this version in which they would change something. Returns what was wrong.

    Nothing is run when nothing is. Raises sqlalchemy.exc.SQLAlchemyError when the login may not, ConfigurationError
    when others keep the tables locked; then nothing is changed.
    """
    wrong = [finding.what for finding in rights_findings(engine, schema) if finding.mend == INIT]
    if wrong:
        with alone(engine, schema) as connection:
            run_scripts(connection, SCRIPTS)
    return wrong
