"""What hangs on tables: row security, policies, triggers."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection

from tenantry.autogenerate.definitions import Policy, RowSecurity, Trigger
from tenantry.autogenerate.inspect.scope import NOT_OF_EXTENSION, Scope

_TABLES = f"""
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND {NOT_OF_EXTENSION.format("'pg_class'::regclass", "c.oid")}
"""

_ROW_SECURITY = f"""
    SELECT n.nspname, c.relname, c.relrowsecurity, c.relforcerowsecurity {_TABLES}
    AND c.relkind IN ('r', 'p') AND (c.relrowsecurity OR c.relforcerowsecurity)
"""

_POLICIES = """
    SELECT n.nspname, c.relname, p.polname, p.polcmd, p.polpermissive,
           ARRAY(SELECT coalesce(r.rolname, 'public')::text FROM unnest(p.polroles) AS u(id)
                 LEFT JOIN pg_roles r ON r.oid = u.id) AS roles,
           pg_get_expr(p.polqual, p.polrelid) AS using_expression,
           pg_get_expr(p.polwithcheck, p.polrelid) AS check_expression,
           obj_description(p.oid, 'pg_policy') AS comment
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas)
"""

_TRIGGERS = """
    SELECT n.nspname, c.relname, t.tgname, t.tgtype, t.tgconstraint <> 0 AS is_constraint, t.tgdeferrable,
           t.tginitdeferred, t.tgenabled, t.tgoldtable, t.tgnewtable, pg_get_triggerdef(t.oid, true) AS definition,
           ARRAY(SELECT a.attname::text FROM unnest(t.tgattr::smallint[]) WITH ORDINALITY AS u(number, position)
                 JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = u.number ORDER BY position) AS of_columns,
           obj_description(t.oid, 'pg_trigger') AS comment
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ANY(:schemas) AND NOT t.tgisinternal AND t.tgparentid = 0
"""

_COMMANDS = {"*": "all", "r": "select", "a": "insert", "w": "update", "d": "delete"}
_EVENT_BITS = {"insert": 4, "update": 16, "delete": 8, "truncate": 32}
ENABLED = {"O": "origin", "A": "always", "R": "replica", "D": "disabled"}
_ROW, _BEFORE, _INSTEAD = 1, 2, 64
_TAIL = re.compile(
    r" FOR EACH (?:ROW|STATEMENT)(?: WHEN \((?P<when>.*)\))? EXECUTE FUNCTION (?P<execute>.*)$", re.DOTALL
)


def inspect_row_security(connection: Connection, scope: Scope) -> Iterator[RowSecurity]:
    """Tables on which row security is enabled or forced."""
    for row in scope.rows(connection, _ROW_SECURITY):
        yield RowSecurity(row[1], schema=scope.schema(row[0]), enabled=row[2], force=row[3])


def inspect_policies(connection: Connection, scope: Scope) -> Iterator[Policy]:
    """All policies."""
    for row in scope.rows(connection, _POLICIES):
        roles = sorted(scope.role(name) for name in row.roles)
        yield Policy(
            row.relname,
            row.polname,
            schema=scope.schema(row.nspname),
            command=_COMMANDS[row.polcmd],
            to=() if roles == ["public"] else tuple(roles),
            using=row.using_expression,
            with_check=row.check_expression,
            restrictive=not row.polpermissive,
            comment=row.comment,
        )


def inspect_triggers(connection: Connection, scope: Scope) -> Iterator[Trigger]:
    """All triggers that somebody declared, without PostgreSQL's own and the copies on partitions."""
    for row in scope.rows(connection, _TRIGGERS):
        yield _trigger(row, scope)


def _trigger(row: Any, scope: Scope) -> Trigger:
    tail = _TAIL.search(row.definition)
    assert tail is not None, row.definition  # noqa: S101
    timing = "instead of" if row.tgtype & _INSTEAD else "before" if row.tgtype & _BEFORE else "after"
    return Trigger(
        row.relname,
        row.tgname,
        schema=scope.schema(row.nspname),
        timing=timing,
        events=tuple(event for event, bit in _EVENT_BITS.items() if row.tgtype & bit),
        of=tuple(row.of_columns),
        when=tail["when"],
        execute=tail["execute"],
        for_each="row" if row.tgtype & _ROW else "statement",
        constraint=row.is_constraint,
        deferrable=row.tgdeferrable,
        initially_deferred=row.tginitdeferred,
        old_table=row.tgoldtable,
        new_table=row.tgnewtable,
        enabled=ENABLED[row.tgenabled],
        comment=row.comment,
    )


QUERIES: Final = (_ROW_SECURITY, _POLICIES, _TRIGGERS)
