"""What a database holds, told so that two can be compared: everything its catalogue says, and every row."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, create_engine, text

from ims_spiders.db.cluster import OWNER, SUPERUSER
from ims_spiders.db.embedded import EmbeddedServer
from ims_spiders.db.engine import parse_url

Facts = set[tuple[str, str, str]]
"""Kind, name and everything that is said about one object."""

ACL = (
    "(SELECT string_agg(a::text, ' ' ORDER BY a::text)"
    " FROM unnest(coalesce({acl}, acldefault('{kind}', {owner}))) AS a)"
)
RELATION_ACL = ACL.format(acl="c.relacl", kind="r", owner="c.relowner")
SEQUENCE_ACL = ACL.format(acl="c.relacl", kind="s", owner="c.relowner")
FUNCTION_ACL = ACL.format(acl="p.proacl", kind="f", owner="p.proowner")
SCHEMA_ACL = ACL.format(acl="n.nspacl", kind="n", owner="n.nspowner")
DATABASE_ACL = ACL.format(acl="d.datacl", kind="d", owner="d.datdba")
OURS = "(to_regnamespace(:schema), to_regnamespace(:schema || '_private'))"

QUERIES = {
    "schema": f"""
        SELECT n.nspname, concat_ws(' | ', n.nspowner::regrole, {SCHEMA_ACL}, obj_description(n.oid, 'pg_namespace'))
        FROM pg_namespace n WHERE n.oid IN {OURS} OR n.nspname = 'public'""",
    "database": f"""
        SELECT 'this', concat_ws(' | ', {DATABASE_ACL},
            (SELECT string_agg(concat_ws(' ', nullif(s.setrole, 0)::regrole, s.setconfig::text), '; '
                ORDER BY s.setrole) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid))
        FROM pg_database d WHERE d.datname = current_database()""",
    "relation": f"""
        SELECT c.oid::regclass, concat_ws(' | ', c.relkind, c.relowner::regrole, c.relpersistence, c.relreplident,
            (SELECT string_agg(o, ' ' ORDER BY o) FROM unnest(c.reloptions) AS o),
            'row security ' || c.relrowsecurity || ', forced ' || c.relforcerowsecurity,
            pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid),
            (SELECT i.inhparent::regclass FROM pg_inherits i WHERE i.inhrelid = c.oid),
            {RELATION_ACL}, obj_description(c.oid, 'pg_class'))
        FROM pg_class c WHERE c.relnamespace IN {OURS} AND c.relkind NOT IN ('i', 'I', 'S')""",
    "column": f"""
        SELECT a.attrelid::regclass || '.' || a.attname, concat_ws(' | ', format_type(a.atttypid, a.atttypmod),
            CASE WHEN a.attnotnull THEN 'not null' END, 'default ' || pg_get_expr(d.adbin, d.adrelid),
            a.attidentity, a.attgenerated, a.attstorage, a.attcompression, nullif(a.attcollation, 0)::regcollation,
            a.attstattarget, a.attoptions::text, a.attacl::text, col_description(a.attrelid, a.attnum))
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace IN {OURS} AND c.relkind IN ('r', 'p', 'v', 'm', 'c')""",
    "constraint": f"""
        SELECT concat_ws('.', nullif(k.conrelid, 0)::regclass, k.conname),
            concat_ws(' | ', pg_get_constraintdef(k.oid), k.convalidated, obj_description(k.oid, 'pg_constraint'))
        FROM pg_constraint k WHERE k.connamespace IN {OURS}""",
    "index": f"""
        SELECT x.indexrelid::regclass, concat_ws(' | ', pg_get_indexdef(x.indexrelid), x.indisvalid, i.reloptions::text)
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid WHERE i.relnamespace IN {OURS}""",
    "sequence": f"""
        SELECT c.oid::regclass, concat_ws(' | ', s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
            s.seqcycle,
            (SELECT 'owned by ' || d.refobjid::regclass || '.' || a.attname FROM pg_depend d
             JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype = 'a'),
            {SEQUENCE_ACL})
        FROM pg_class c JOIN pg_sequence s ON s.seqrelid = c.oid WHERE c.relnamespace IN {OURS}""",
    "function": f"""
        SELECT p.oid::regprocedure, concat_ws(' | ', pg_get_functiondef(p.oid), p.proowner::regrole, {FUNCTION_ACL},
            obj_description(p.oid, 'pg_proc'))
        FROM pg_proc p WHERE p.pronamespace IN {OURS} AND p.prokind <> 'a'""",
    "trigger": f"""
        SELECT t.tgrelid::regclass || '.' || t.tgname,
            concat_ws(' | ', pg_get_triggerdef(t.oid), t.tgenabled, obj_description(t.oid, 'pg_trigger'))
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE c.relnamespace IN {OURS} AND NOT t.tgisinternal""",
    "definition": f"""
        SELECT c.oid::regclass, pg_get_viewdef(c.oid, true)
        FROM pg_class c WHERE c.relnamespace IN {OURS} AND c.relkind IN ('v', 'm')""",
    "policy": f"""
        SELECT p.polrelid::regclass || '.' || p.polname, concat_ws(' | ', p.polcmd, p.polpermissive,
            (SELECT string_agg(coalesce(nullif(r, 0)::regrole::text, 'PUBLIC'), ' ' ORDER BY r)
             FROM unnest(p.polroles) AS r),
            'using ' || pg_get_expr(p.polqual, p.polrelid), 'check ' || pg_get_expr(p.polwithcheck, p.polrelid),
            obj_description(p.oid, 'pg_policy'))
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace IN {OURS}""",
    "rule": f"""
        SELECT r.ev_class::regclass || '.' || r.rulename, pg_get_ruledef(r.oid)
        FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
        WHERE c.relnamespace IN {OURS} AND r.rulename <> '_RETURN'""",
    "type": f"""
        SELECT t.oid::regtype, concat_ws(' | ', t.typtype, t.typowner::regrole, t.typacl::text,
            format_type(t.typbasetype, t.typtypmod),
            (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid))
        FROM pg_type t WHERE t.typnamespace IN {OURS} AND t.typcategory <> 'A'""",
    "default rights": """
        SELECT concat_ws('.', d.defaclrole::regrole, nullif(d.defaclnamespace, 0)::regnamespace, d.defaclobjtype),
            d.defaclacl
        FROM pg_default_acl d""",
    "statistics": f"""
        SELECT s.stxname, pg_get_statisticsobjdef(s.oid) FROM pg_statistic_ext s WHERE s.stxnamespace IN {OURS}""",
    "extension": "SELECT extname, extversion FROM pg_extension",
}

ROLES = """
SELECT r.rolname, concat_ws(' | ', r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin,
    r.rolbypassrls, r.rolconnlimit, r.rolconfig::text, shobj_description(r.oid, 'pg_authid'),
    (SELECT string_agg(
        concat_ws(' ', m.roleid::regrole, m.grantor::regrole, m.admin_option, m.inherit_option, m.set_option), '; '
        ORDER BY m.roleid::regrole::text, m.grantor::regrole::text)
     FROM pg_auth_members m WHERE m.member = r.oid))
FROM pg_roles r WHERE r.rolname !~ '^pg_'
"""


def catalogue(engine: Engine, schema: str = "ims") -> Facts:
    """Everything the catalogue says of the archive, as if its schema were called ims."""
    with engine.connect() as connection:
        return catalogue_within(connection, schema)


def catalogue_within(connection: Connection, schema: str = "ims") -> Facts:
    """The same as the connection's transaction sees it."""
    facts: Facts = set()
    connection.execute(text("SET LOCAL search_path TO pg_catalog"))
    for kind, query in QUERIES.items():
        for name, detail in connection.execute(text(query), {"schema": schema}):
            facts.add((kind, _neutral(str(name), schema), _neutral(str(detail), schema)))
    return facts


def roles(engine: Engine) -> dict[str, str]:
    """The roles of the whole server, with what they may do and are members of."""
    with engine.connect() as connection:
        return {str(name): str(detail) for name, detail in connection.execute(text(ROLES))}


def contents(engine: Engine, schema: str = "ims") -> dict[str, list[str]]:
    """Every row of every table and materialized view; the engine should be a superuser's, whom no policy binds."""
    tables = (
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN (:schema, :schema || '_private') AND c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition"
    )
    with engine.connect() as connection:
        connection.execute(text("SET LOCAL search_path TO pg_catalog"))
        names = list(connection.scalars(text(tables), {"schema": schema}))
        return {
            _neutral(name, schema): sorted(connection.scalars(text(f"SELECT to_jsonb(t)::text FROM {name} AS t")))
            for name in names
        }


def differences(first: Facts, second: Facts) -> list[str]:
    """What only one of the two holds, in lines to be read."""
    lines = [("-", *fact) for fact in first - second] + [("+", *fact) for fact in second - first]
    return [
        " ".join((sign, kind, name, detail)) for sign, kind, name, detail in sorted(lines, key=lambda line: line[1:])
    ]


@contextmanager
def database(server: EmbeddedServer, name: str, owner: str = OWNER) -> Iterator[Engine]:
    """A database without anything, for as long as the block runs; the engine is its superuser's."""
    administrator = superuser(server, "postgres", autocommit=True)
    with administrator.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}" OWNER "{owner}"'))
    engine = superuser(server, name)
    try:
        yield engine
    finally:
        engine.dispose()
        with administrator.connect() as connection:
            connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
        administrator.dispose()


def superuser(server: EmbeddedServer, name: str, autocommit: bool = False) -> Engine:
    """An engine that nothing is hidden from."""
    return create_engine(
        parse_url(server.dsn(SUPERUSER, name)),
        connect_args={"password": server.password(SUPERUSER)},
        isolation_level="AUTOCOMMIT" if autocommit else "READ COMMITTED",
    )


def _neutral(said: str, schema: str) -> str:
    return re.sub(rf"\b{re.escape(schema)}(_private)?\b", r"ims\1", said)
