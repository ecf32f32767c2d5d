"""A comparison that finds nothing: plain Alembic, ours, and alembic_utils: `python -m benchmarks.autogenerate`.

The same database, 150 tables, 300 policies, 150 triggers, 40 functions and 10 views, then 4 times as many of each.
Plain Alembic compares the tables only; ours everything; alembic_utils functions, triggers, views and policies, where
it is installed (`pip install alembic_utils`), and once, since it takes its time.
"""

import importlib.util
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from benchmarks.support import benchmark_server, medians, report, seconds
from sqlalchemy import (
    Column,
    DateTime,
    Engine,
    Index,
    MetaData,
    NullPool,
    Numeric,
    Table,
    Text,
    Uuid,
    create_engine,
    func,
    text,
)
from tests.support.databases import drop_roles, fresh_database
from tests.support.servers import Server

from tenantry.autogenerate.push import PLUGINS, push
from tenantry.ddl import Function, Grant, Policy, Role, RowSecurity, Trigger, View

TABLES, FUNCTIONS, VIEWS = 150, 40, 10
TIMES = 4
ROLE = "benchmark_app"

_CURRENT = "SELECT NULLIF(current_setting('benchmark.tenant', true), '')::uuid"
_TOUCH = "\nBEGIN\n  RETURN NEW;\nEND\n"
_IS_MINE = "tenant_id = (SELECT me())"


def main() -> None:
    """Compare at both sizes."""
    with benchmark_server() as server:
        small, large = (_measure(server, times) for times in (1, TIMES))
        # last: once imported, alembic_utils has a part in every comparison
        _measure_alembic_utils(server, ours=small[1])
        drop_roles(server, ROLE)
    for name, before, after in zip(("plain Alembic", "ours"), small, large, strict=True):
        print(f"{name}, at {TIMES} times the size: {after / before:.1f} times as long (target: linear)")


def _measure(server: Server, times: int) -> tuple[float, float]:
    metadata = declared(times)
    with fresh_database(server) as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            push(connection, metadata)
        plain, ours = medians(
            lambda: _compare(engine, metadata, ["alembic.autogenerate.*"]),
            lambda: _compare(engine, metadata, list(PLUGINS)),
        )
        report(f"{times * TABLES} tables, ours against plain Alembic", ours, plain, "2 at most")
    return plain, ours


def _compare(engine: Engine, metadata: MetaData, plugins: list[str]) -> None:
    options = {
        "autogenerate_plugins": plugins,
        "compare_type": True,
        "target_metadata": metadata,
        # our own bookkeeping, which plain Alembic does not know
        "include_name": lambda name, *_: name != "tenantry_ledger",
    }
    with engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
    if found:
        raise SystemExit(f"the comparison found something: {found}")


def declared(times: int) -> MetaData:
    """So many tables, each with row security, two policies, a trigger, an index and a grant."""
    metadata = MetaData()
    Role(ROLE, metadata=metadata)
    Function("me", returns="uuid", volatility="stable", body=_CURRENT, metadata=metadata)
    Function("touch", returns="trigger", language="plpgsql", body=_TOUCH, metadata=metadata)
    for number in range(times * FUNCTIONS - 2):
        Function(
            f"f{number}",
            arguments="a int, b text DEFAULT 'x'",
            returns="text",
            body=f"SELECT b || a::text || '{number}'",
            metadata=metadata,
        )
    for number in range(times * TABLES):
        _table(f"t{number}", metadata)
    for number in range(times * VIEWS):
        View(f"v{number}", f"SELECT id, name FROM t{number} WHERE price > {number}", metadata=metadata)
    return metadata


def _table(name: str, metadata: MetaData) -> None:
    table = Table(
        name,
        metadata,
        Column("tenant_id", Uuid, primary_key=True),
        Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid()),
        Column("name", Text),
        Column("price", Numeric(10, 2)),
        Column("made_at", DateTime(timezone=True), server_default=text("now()")),
        RowSecurity(),
        Policy("reads", command="select", using=_IS_MINE),
        Policy("writes", command="update", using=f"{_IS_MINE} AND name <> 'x'", with_check=_IS_MINE),
        Trigger("touch", before="update", execute="touch()"),
        Grant("select, insert", to=ROLE),
    )
    Index(f"ix_{name}", table.c.tenant_id, table.c.made_at)


def _measure_alembic_utils(server: Server, ours: float) -> None:
    if importlib.util.find_spec("alembic_utils") is None:
        print("alembic_utils: not measured, since it is not installed: pip install alembic_utils")
        return
    metadata = declared(1)
    with fresh_database(server) as url:
        engine = create_engine(url, poolclass=NullPool)
        with engine.begin() as connection:
            push(connection, metadata)
        from alembic_utils.replaceable_entity import register_entities  # noqa: PLC0415

        register_entities(_entities())
        options = {"include_schemas": False, "compare_type": True, "target_metadata": metadata}
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts=options)
            took = seconds(lambda: compare_metadata(context, metadata))
    print(f"alembic_utils: {took:.2f} s, {took / ours:.0f} times ours (target 50 at least)", flush=True)


def _entities() -> list[Any]:
    """What alembic_utils knows of the same objects."""
    from alembic_utils.pg_function import PGFunction  # noqa: PLC0415
    from alembic_utils.pg_policy import PGPolicy  # noqa: PLC0415
    from alembic_utils.pg_trigger import PGTrigger  # noqa: PLC0415
    from alembic_utils.pg_view import PGView  # noqa: PLC0415

    stable = f"RETURNS uuid LANGUAGE sql STABLE AS $${_CURRENT}$$"
    entities: list[Any] = [
        PGFunction("public", "me()", stable),
        PGFunction("public", "touch()", f"RETURNS trigger LANGUAGE plpgsql AS $${_TOUCH}$$"),
    ]
    for number in range(FUNCTIONS - 2):
        body = f"RETURNS text LANGUAGE sql AS $$SELECT b || a::text || '{number}'$$"
        entities.append(PGFunction("public", f"f{number}(a integer, b text DEFAULT 'x')", body))
    for table in (f"t{number}" for number in range(TABLES)):
        on = f"public.{table}"
        writes = f"FOR UPDATE USING ({_IS_MINE} AND name <> 'x') WITH CHECK ({_IS_MINE})"
        trigger = f"BEFORE UPDATE ON {on} FOR EACH ROW EXECUTE FUNCTION public.touch()"
        entities += [
            PGPolicy("public", "reads", on_entity=on, definition=f"FOR SELECT USING ({_IS_MINE})"),
            PGPolicy("public", "writes", on_entity=on, definition=writes),
            PGTrigger("public", "touch", on_entity=on, definition=trigger),
        ]
    views = [f"SELECT id, name FROM t{number} WHERE price > {number}" for number in range(VIEWS)]
    return entities + [PGView("public", f"v{number}", view) for number, view in enumerate(views)]


if __name__ == "__main__":
    main()
