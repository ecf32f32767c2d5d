"""Roles, extensions and event triggers."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from tenantry.autogenerate.definitions import EventTrigger, Extension, Role, sql
from tenantry.autogenerate.definitions.membership import unusual_options
from tenantry.autogenerate.inspect.scope import NOT_OF_EXTENSION, Scope
from tenantry.autogenerate.inspect.tables import ENABLED

_ROLES = """
    SELECT r.rolname, r.rolcanlogin, r.rolbypassrls, r.rolcreatedb, r.rolcreaterole, r.rolinherit, r.rolreplication,
           nullif(r.rolconnlimit, -1) AS connection_limit, s.setconfig, d.setconfig AS database_settings,
           shobj_description(r.oid, 'pg_authid') AS comment,
           (SELECT jsonb_agg(to_jsonb(m) || jsonb_build_object('group', g.rolname)) FROM pg_auth_members m
            JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid) AS memberships
    FROM pg_roles r LEFT JOIN pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = 0
    LEFT JOIN pg_db_role_setting d ON d.setrole = r.oid
     AND d.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
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
            settings=_settings(row.setconfig),
            database_settings=_settings(row.database_settings),
            **_memberships(row.memberships or (), scope, inherits=row.rolinherit),
            comment=row.comment,
        )


def _settings(settings: Iterable[str] | None) -> tuple[tuple[str, str], ...]:
    parts = (setting.partition("=") for setting in settings or ())
    return tuple(sorted((name.lower(), value) for name, _, value in parts))


def _memberships(found: Iterable[Mapping[str, Any]], scope: Scope, *, inherits: bool) -> dict[str, Any]:
    """The groups, and the options of each; whoever granted one more often has it if any grant says so."""
    by_group: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in found:
        by_group[scope.role(row["group"])].append(row)
    options = []
    for group, rows in by_group.items():
        admin, inherit, set_role = (_any(rows, name) for name in ("admin_option", "inherit_option", "set_option"))
        unusual = unusual_options(admin=bool(admin), inherit=inherit, set_role=set_role, role_inherits=inherits)
        options += [(group, option) for option in unusual]
    return {"member_of": tuple(sorted(by_group)), "member_options": tuple(sorted(options))}


def _any(rows: Iterable[Mapping[str, Any]], name: str) -> bool | None:
    """PostgreSQL 15 has no such options."""
    values = [row[name] for row in rows if name in row]
    return any(values) if values else None


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


QUERIES: Final = (_ROLES, _EXTENSIONS, _EVENT_TRIGGERS)
