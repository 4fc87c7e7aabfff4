"""Does the database keep rows apart as the scripts made it, and may this login do what a crawl does? Reads only."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Engine, text

from ims_spiders.db.check_context import Finding
from ims_spiders.db.identity import ADMIN, CRAWL, SERVICE
from ims_spiders.db.rights_expected import (
    CRAWL_FUNCTIONS,
    CRAWL_TABLES,
    CRAWL_USER_COLUMNS,
    OWNER,
    POLICIES,
    PRIVATE,
    ROLES,
    SECURED,
    Policy,
)

INIT = "ims db init"
"""Runs the scripts again where something that they make is not as they make it."""

_OF_SCHEMA = "(to_regnamespace(:schema), to_regnamespace(:private))"
_WHO = """
    SELECT CURRENT_USER AS login, pg_get_userbyid(nspowner) AS owner,
        pg_has_role(CURRENT_USER, nspowner, 'MEMBER') AS is_owner
    FROM pg_namespace WHERE oid = to_regnamespace(:schema)"""
_POLICIES = f"""
    SELECT c.relname AS "table", p.polname AS name, p.polpermissive AS permissive, p.polcmd AS command,
        ARRAY(SELECT coalesce(pg_get_userbyid(nullif(role, 0)), 'public') FROM unnest(p.polroles) AS role) AS roles,
        pg_get_expr(p.polqual, p.polrelid) AS using, pg_get_expr(p.polwithcheck, p.polrelid) AS check
    FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid WHERE c.relnamespace IN {_OF_SCHEMA}"""  # noqa: S608
_UNSECURED = f"""
    SELECT CAST(c.relnamespace::regnamespace AS text) || '.' || quote_ident(c.relname) AS name,
        coalesce((SELECT p.relname FROM pg_inherits AS i JOIN pg_class AS p ON p.oid = i.inhparent
            WHERE i.inhrelid = c.oid), c.relname) AS "table", c.relispartition AS part
    FROM pg_class AS c
    WHERE c.relnamespace IN {_OF_SCHEMA} AND c.relkind IN ('r', 'p')
        AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"""  # noqa: S608
_POWERFUL = """
    WITH RECURSIVE ours (oid) AS (
        SELECT oid FROM pg_roles WHERE rolname = ANY (:roles) OR rolname IN (CURRENT_USER, :owner)
        UNION SELECT member FROM pg_auth_members JOIN ours ON roleid = ours.oid
    )
    SELECT rolname AS name FROM pg_roles JOIN ours USING (oid) WHERE rolsuper OR rolbypassrls ORDER BY 1"""
_PRIVATE_READERS = """
    SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END AS name
    FROM pg_namespace, aclexplode(nspacl) WHERE oid = to_regnamespace(:private) AND grantee <> nspowner"""
_EVERYBODYS = f"""
    SELECT DISTINCT CAST(c.relnamespace::regnamespace AS text) || '.' || quote_ident(c.relname) AS name
    FROM pg_class AS c, aclexplode(c.relacl) AS a WHERE c.relnamespace IN {_OF_SCHEMA} AND a.grantee = 0"""  # noqa: S608
_TABLE_RIGHTS = """
    SELECT name, kind FROM unnest(CAST(:names AS text[]), CAST(:kinds AS text[])) AS wanted (name, kind)
    WHERE coalesce(has_table_privilege(:role, to_regclass(:schema || '.' || name), kind), false) IS FALSE"""
_COLUMN_RIGHTS = """
    SELECT name, kind FROM unnest(CAST(:names AS text[]), CAST(:kinds AS text[])) AS wanted (name, kind)
    WHERE coalesce(has_column_privilege(:role, to_regclass(:schema || '.users'), name, kind), false) IS FALSE"""
_FUNCTION_RIGHTS = """
    SELECT name FROM unnest(CAST(:names AS text[])) AS wanted (name) WHERE NOT EXISTS (
        SELECT FROM pg_proc WHERE proname = name AND pronamespace = to_regnamespace(:schema)
            AND has_function_privilege(:role, oid, 'EXECUTE'))"""
_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}


def rights_findings(engine: Engine, schema: str = "ims") -> list[Finding]:
    """Everything that is not as it should be; `mend` is a command, or the statement for who may give it.

    Raises sqlalchemy.exc.SQLAlchemyError when the database goes away.
    """
    with engine.connect() as connection, connection.begin():
        return list(RightsCheck(connection, schema).findings())


class RightsCheck:
    """Looks at one schema over one connection."""

    def __init__(self, connection: Connection, schema: str):
        self._connection = connection
        self._schema = schema
        self._names = {"schema": f'"{schema}"', "private": f'"{schema}_private"'}

    def findings(self) -> Iterator[Finding]:
        """All of them; without the roles nothing else can be asked."""
        there = {
            row.rolname
            for row in self._rows("SELECT rolname FROM pg_roles WHERE rolname = ANY (:roles)", roles=list(ROLES))
        }
        if there != set(ROLES):
            yield Finding("role_missing", f"no role {', '.join(sorted(set(ROLES) - there))}", INIT)
            return
        (who,) = self._rows(_WHO)
        yield from self._login(who)
        yield from self._powerful(who.owner)
        yield from self._row_security()
        yield from self._policies(who.owner)
        yield from self._entrances()
        yield from self._crawl_rights()

    def _rows(self, statement: str, **parameters: Any) -> list[Any]:
        used = {name: value for name, value in self._names.items() if f":{name}" in statement}
        return list(self._connection.execute(text(statement), {**used, **parameters}).all())

    def _login(self, who: Any) -> Iterator[Finding]:
        """The owner is to be admin, crawl and service; another login that crawls is to be able to become the crawl."""
        wanted = [(ADMIN, "USAGE"), (SERVICE, "SET"), (CRAWL, "SET")] if who.is_owner else [(CRAWL, "SET")]
        for role, how in wanted:
            if self._connection.scalar(
                text("SELECT pg_has_role(CAST(:role AS name), :how)"), {"role": role, "how": how}
            ):
                continue
            if who.is_owner:
                yield Finding("membership", f"{who.login} is not a member of {role}", INIT)
            else:
                mend = f"crawl with the login of {who.owner}, or have it run: GRANT {role} TO {_quoted(who.login)}"
                yield Finding(
                    "membership", f"the login {who.login} may not do what a crawl does (it is not in {role})", mend
                )

    def _powerful(self, owner: str) -> Iterator[Finding]:
        for row in self._rows(_POWERFUL, roles=list(ROLES), owner=owner):
            mend = f"use another login, or as a superuser: ALTER ROLE {_quoted(row.name)} NOSUPERUSER NOBYPASSRLS"
            yield Finding("role_too_powerful", f"row security does not hold for {row.name}", mend)

    def _row_security(self) -> Iterator[Finding]:
        for row in self._rows(_UNSECURED):
            if row.table in SECURED:
                force = f"ALTER TABLE {row.name} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY"
                # The scripts do not look at a partition that is there.
                yield Finding(
                    "row_security", f"row security is not forced on {row.name}", _psql(force) if row.part else INIT
                )

    def _policies(self, owner: str) -> Iterator[Finding]:
        found = {(row.table, row.name): row for row in self._rows(_POLICIES)}
        for policy in POLICIES:
            row = found.pop((policy.table, policy.name), None)
            if row is None:
                yield Finding("policy_missing", f"the policy {policy.name} is missing", INIT)
            elif not _is(row, policy, owner, self._schema):
                yield Finding("policy_changed", f"the policy {policy.name} is not what it was made as", INIT)
        for table, name in sorted(found):
            schema = f"{self._schema}_private" if table in PRIVATE else self._schema
            mend = _psql(f"DROP POLICY {_quoted(name)} ON {_quoted(schema)}.{_quoted(table)}")
            yield Finding("policy_unknown", f"the policy {name} on {table} is not the archive's", mend)

    def _entrances(self) -> Iterator[Finding]:
        for row in self._rows(_PRIVATE_READERS):
            mend = _psql(f"REVOKE ALL ON SCHEMA {_quoted(self._schema + '_private')} FROM {row.name}")
            yield Finding("private_schema", f"{row.name} may enter the schema {self._schema}_private", mend)
        for row in self._rows(_EVERYBODYS):
            yield Finding(
                "public_right", f"everybody has rights on {row.name}", _psql(f"REVOKE ALL ON {row.name} FROM PUBLIC")
            )

    def _crawl_rights(self) -> Iterator[Finding]:
        tables = [(table, kind) for table, kinds in CRAWL_TABLES.items() for kind in kinds]
        columns = [(column, kind) for kind, names in CRAWL_USER_COLUMNS.items() for column in names]
        lacking = [f"{row.kind} on {row.name}" for row in self._rights(_TABLE_RIGHTS, tables)]
        lacking += [f"{row.kind} of users.{row.name}" for row in self._rights(_COLUMN_RIGHTS, columns)]
        functions = self._rows(_FUNCTION_RIGHTS, names=list(CRAWL_FUNCTIONS), role=CRAWL)
        lacking += [f"calling {row.name}()" for row in functions]
        for right in lacking:
            yield Finding("right_missing", f"{CRAWL} has no right to {right}", INIT)

    def _rights(self, statement: str, wanted: list[tuple[str, str]]) -> list[Any]:
        names, kinds = [list(part) for part in zip(*wanted, strict=True)]
        return self._rows(statement, names=names, kinds=kinds, role=CRAWL)


def _is(row: Any, policy: Policy, owner: str, schema: str) -> bool:
    role = owner if policy.role == OWNER else policy.role
    said = (row.permissive, _COMMANDS[row.command], list(row.roles), plain(row.using, schema), plain(row.check, schema))
    return said == (True, policy.command, [role], plain(policy.using, schema), plain(policy.check, schema))


def plain(condition: str | None, schema: str) -> str | None:
    """A condition without what servers of several versions print differently: brackets, casts, names given, blanks."""
    if condition is None:
        return None
    bare = re.sub(rf'("?{re.escape(schema)}"?\.|::text|\bAS current_user_id\b|[()\s])', " ", condition)
    return " ".join(bare.split())


def _psql(statement: str) -> str:
    return f"ims db psql -c {shlex.quote(statement)}"


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'
