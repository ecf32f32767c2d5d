"""How the schema's functions are declared: a body from ``tenantry/sql``, a pinned search path, EXECUTE by name."""

from importlib.resources import files
from typing import Any, Final

from tenantry.ddl import Function, Grant
from tenantry.models.base import Base

#: pg_temp last: left out, PostgreSQL would search it first
SEARCH_PATH: Final = ("pg_catalog", "public", "pg_temp")


def sql(name: str) -> str:
    """The SQL text of an object, from ``tenantry/sql/<name>.sql``."""
    return (files("tenantry") / "sql" / f"{name}.sql").read_text(encoding="utf-8")


def function(name: str, *, to: tuple[str, ...] = (), **options: Any) -> Function:
    """Declare a function of the schema, executable for the roles ``to`` and its owner alone.

    One in SQL-standard form looks nothing up when it is called; without a path to pin, it can be inlined.
    """
    body = sql(name)
    path = None if body.startswith("RETURN ") else SEARCH_PATH
    made = Function(name, body=body, search_path=path, metadata=Base.metadata, **options)
    if to:
        Grant("execute", to=to, on=made, metadata=Base.metadata)
    return made
