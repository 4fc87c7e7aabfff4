"""Brings roles, rights, policies and row security back to what the scripts make: by running these again."""

from __future__ import annotations

from sqlalchemy import Engine, text

from ims_spiders.db.check_rights import INIT, rights_findings
from ims_spiders.db.schema import SCRIPTS, alone, run_scripts

_AS_OWNER = """
    SELECT format('SET LOCAL ROLE %I', pg_get_userbyid(nspowner)) FROM pg_namespace
    WHERE oid = to_regnamespace(:schema)"""


def mend_rights(engine: Engine, schema: str = "ims") -> list[str]:
    """Run the scripts, as the schema's owner, over one of this version in which something is wrong. Returns what was.

    Nothing is run when nothing is. Raises sqlalchemy.exc.SQLAlchemyError when the login may not, ConfigurationError
    when others keep the tables locked; then nothing is changed.
    """
    wrong = [finding.what for finding in rights_findings(engine, schema) if finding.mend == INIT]
    if wrong:
        with alone(engine, schema) as connection:
            # What the scripts make belongs to, and what is private is kept for, whoever runs them.
            connection.exec_driver_sql(str(connection.scalar(text(_AS_OWNER), {"schema": f'"{schema}"'})))
            run_scripts(connection, SCRIPTS)
    return wrong
