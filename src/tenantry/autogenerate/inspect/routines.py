"""Functions, procedures and views."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection

from tenantry.autogenerate.definitions import Function, Procedure, Routine, View
from tenantry.autogenerate.inspect.scope import NOT_OF_EXTENSION, Scope

_ROUTINES = f"""
    SELECT n.nspname, p.proname, p.prokind, pg_get_function_arguments(p.oid) AS arguments,
           pg_get_function_result(p.oid) AS returns, l.lanname, p.provolatile, p.prosecdef, p.proisstrict,
           p.proparallel, p.proleakproof, p.procost, p.prorows, p.proretset, p.proconfig,
           coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) AS body, obj_description(p.oid, 'pg_proc') AS comment
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
    WHERE n.nspname = ANY(:schemas) AND p.prokind IN ('f', 'p')
      AND {NOT_OF_EXTENSION.format("'pg_proc'::regclass", "p.oid")}
"""

_VIEWS = f"""
    SELECT n.nspname, c.relname, c.relkind = 'm' AS materialized, pg_get_viewdef(c.oid) AS definition,
           ARRAY(SELECT format('%s %s', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod))
                 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 ORDER BY a.attnum) AS columns,
           o.security_invoker, o.security_barrier, o.check_option, obj_description(c.oid, 'pg_class') AS comment,
           ARRAY(SELECT ARRAY[a.attname::text, d.description] FROM pg_description d JOIN pg_attribute a
                 ON a.attrelid = d.objoid AND a.attnum = d.objsubid
                 WHERE d.objoid = c.oid AND d.classoid = 'pg_class'::regclass ORDER BY a.attname) AS column_comments
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, LATERAL (
        SELECT bool_or(option_value::boolean) FILTER (WHERE option_name = 'security_invoker') AS security_invoker,
               bool_or(option_value::boolean) FILTER (WHERE option_name = 'security_barrier') AS security_barrier,
               max(lower(option_value)) FILTER (WHERE option_name = 'check_option') AS check_option
        FROM pg_options_to_table(c.reloptions)) o
    WHERE n.nspname = ANY(:schemas) AND c.relkind IN ('v', 'm')
      AND {NOT_OF_EXTENSION.format("'pg_class'::regclass", "c.oid")}
"""

_VOLATILITY = {"v": "volatile", "s": "stable", "i": "immutable"}
_PARALLEL = {"u": "unsafe", "r": "restricted", "s": "safe"}
_DEFAULT_COST = {"c": 1.0, "internal": 1.0}
_DEFAULT_ROWS = 1000.0
_LISTED = re.compile(r'"((?:[^"]|"")*)"|([^,\s]+)')


def inspect_routines(connection: Connection, scope: Scope) -> Iterator[Routine]:
    """All functions and procedures."""
    for row in scope.rows(connection, _ROUTINES):
        yield _function(row, scope) if row.prokind == "f" else Procedure(row.proname, **_common(row, scope))


def _common(row: Any, scope: Scope) -> dict[str, Any]:
    settings = dict(setting.split("=", 1) for setting in row.proconfig or ())
    path = settings.pop("search_path", None)
    return {
        "schema": scope.schema(row.nspname),
        "arguments": row.arguments,
        "language": row.lanname,
        "body": row.body,
        "security": "definer" if row.prosecdef else "invoker",
        "search_path": None if path is None else _names(path),
        "settings": tuple(sorted(settings.items())),
        "comment": row.comment,
    }


def _names(path: str) -> tuple[str, ...]:
    quoted_or_plain = _LISTED.findall(path)
    return tuple(quoted.replace('""', '"') or plain for quoted, plain in quoted_or_plain if quoted or plain)


def _function(row: Any, scope: Scope) -> Function:
    default_cost = _DEFAULT_COST.get(row.lanname, 100.0)
    default_rows = _DEFAULT_ROWS if row.proretset else 0.0
    return Function(
        row.proname,
        returns=row.returns,
        volatility=_VOLATILITY[row.provolatile],
        strict=row.proisstrict,
        parallel=_PARALLEL[row.proparallel],
        leakproof=row.proleakproof,
        cost=None if row.procost == default_cost else row.procost,
        rows=None if row.prorows == default_rows else row.prorows,
        **_common(row, scope),
    )


def inspect_views(connection: Connection, scope: Scope) -> Iterator[View]:
    """All views and materialised views."""
    for row in scope.rows(connection, _VIEWS):
        yield View(
            row.relname,
            schema=scope.schema(row.nspname),
            materialized=row.materialized,
            definition=row.definition.rstrip().removesuffix(";"),
            security_invoker=bool(row.security_invoker),
            security_barrier=bool(row.security_barrier),
            check_option=row.check_option,
            comment=row.comment,
            column_comments=tuple((name, comment) for name, comment in row.column_comments),
            columns=tuple(row.columns),
        )


QUERIES: Final = (_ROUTINES, _VIEWS)
