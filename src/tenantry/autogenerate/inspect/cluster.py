"""Roles, extensions and event triggers."""

from collections.abc import Iterator

from sqlalchemy import Connection

from tenantry.autogenerate.definitions import EventTrigger, Extension, Role, sql
from tenantry.autogenerate.inspect.scope import NOT_OF_EXTENSION, Scope
from tenantry.autogenerate.inspect.tables import ENABLED

_ROLES = """
    SELECT r.rolname, r.rolcanlogin, r.rolbypassrls, r.rolcreatedb, r.rolcreaterole, r.rolinherit, r.rolreplication,
           nullif(r.rolconnlimit, -1) AS connection_limit, s.setconfig,
           shobj_description(r.oid, 'pg_authid') AS comment,
           ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
                 WHERE m.member = r.oid ORDER BY g.rolname) AS member_of
    FROM pg_roles r LEFT JOIN pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0
    WHERE r.rolname NOT LIKE 'pg\\_%'
"""

_EXTENSIONS = """
    SELECT e.extname, n.nspname, e.extversion, obj_description(e.oid, 'pg_extension') AS comment
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
"""


def inspect_roles(connection: Connection, scope: Scope) -> Iterator[Role]:
    """All roles of the cluster but PostgreSQL's own."""
    for row in scope.rows(connection, _ROLES):
        yield Role(
            scope.role(row.rolname),
            login=row.rolcanlogin,
            bypass_rls=row.rolbypassrls,
            create_db=row.rolcreatedb,
            create_role=row.rolcreaterole,
            inherit=row.rolinherit,
            replication=row.rolreplication,
            connection_limit=row.connection_limit,
            settings=tuple(sorted(_setting(setting) for setting in row.setconfig or ())),
            member_of=tuple(sorted({scope.role(name) for name in row.member_of})),
            comment=row.comment,
        )


def _setting(setting: str) -> tuple[str, str]:
    name, _, value = setting.partition("=")
    return name.lower(), value


def inspect_extensions(connection: Connection, scope: Scope) -> Iterator[Extension]:
    """All extensions of the database."""
    for row in scope.rows(connection, _EXTENSIONS):
        yield Extension(row.extname, schema=row.nspname, version=row.extversion, comment=row.comment)


_EVENT_TRIGGERS = f"""
    SELECT t.evtname, t.evtevent, t.evttags, t.evtenabled, n.nspname, p.proname,
           obj_description(t.oid, 'pg_event_trigger') AS comment
    FROM pg_event_trigger t JOIN pg_proc p ON p.oid = t.evtfoid JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE {NOT_OF_EXTENSION.format("'pg_event_trigger'::regclass", "t.oid")}
"""


def inspect_event_triggers(connection: Connection, scope: Scope) -> Iterator[EventTrigger]:
    """All event triggers of the database."""
    for row in scope.rows(connection, _EVENT_TRIGGERS):
        yield EventTrigger(
            row.evtname,
            event=row.evtevent,
            tags=tuple(sorted(row.evttags or ())),
            execute=f"{sql.qualified(scope.schema(row.nspname), row.proname)}()",
            enabled=ENABLED[row.evtenabled],
            comment=row.comment,
        )
