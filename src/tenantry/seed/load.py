"""Rows into the database: as its owner, under row security and every trigger, and still by COPY."""

from collections.abc import Callable, Sequence
from typing import Any, Final, LiteralString

from psycopg import Cursor, sql
from sqlalchemy import Connection

from tenantry.seed.blueprint import Blueprint
from tenantry.seed.copy_text import Written

#: The subscription of a tenant is there as soon as the tenant is; this one takes its place.
_INSTEAD: Final = {"subscriptions": "(tenant_id) WHERE user_id IS NULL"}


class Loader:
    """Loads rows, batch by batch, within the transaction of a connection.

    COPY refuses a table under row security, as every table is for its owner too. The rows go by COPY to a staging
    table that nobody else ever sees, and from there in one statement to where they belong, with policies, constraints
    and triggers in force.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._staged: set[str] = set()

    def load(self, batch: Sequence[Written], loaded: Callable[[int], None]) -> None:
        """Load the rows of some companies, table by table in the order of foreign keys."""
        driver = self._connection.connection.driver_connection
        assert driver is not None  # noqa: S101
        with driver.cursor() as cursor:
            # stock comes in before it goes out: rows are read in the order in which they were written
            cursor.execute("SET LOCAL synchronize_seqscans = off")
            for written in batch:
                if written.rows:
                    self._load(cursor, written)
                loaded(written.rows)

    def finish(self) -> None:
        """Leave nothing of this behind."""
        for table in sorted(self._staged):
            self._connection.exec_driver_sql(f"DROP TABLE {_staging(table)}")

    def _load(self, cursor: Cursor[Any], written: Written) -> None:
        blueprint = written.blueprint
        if blueprint.name in self._staged:
            cursor.execute(_statement("TRUNCATE {staging}", blueprint))
        else:
            create = "CREATE UNLOGGED TABLE {staging} AS SELECT {columns} FROM {target} WITH NO DATA"
            cursor.execute(_statement(create, blueprint))
            self._staged.add(blueprint.name)
        with cursor.copy(_statement("COPY {staging} ({columns}) FROM STDIN", blueprint)) as copy:
            copy.write(written.text)
        insert = _statement("INSERT INTO {target} ({columns}) SELECT {columns} FROM {staging}", blueprint)
        cursor.execute(insert + _conflict(blueprint))


def _statement(template: LiteralString, blueprint: Blueprint) -> sql.Composed:
    return sql.SQL(template).format(
        staging=sql.Identifier(_staging(blueprint.name)),
        target=sql.Identifier(blueprint.name),
        columns=sql.SQL(", ").join(map(sql.Identifier, blueprint.columns)),
    )


def _conflict(blueprint: Blueprint) -> sql.Composable:
    target = _INSTEAD.get(blueprint.name)
    if target is None:
        return sql.SQL("")
    changes = sql.SQL(", ").join(
        sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in blueprint.columns if name != "tenant_id"
    )
    return sql.SQL(" ON CONFLICT " + target + " DO UPDATE SET {}").format(changes)


def _staging(table: str) -> str:
    return f"seed_{table}"
