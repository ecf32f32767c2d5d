"""Rows into the database: as its owner, under row security and every trigger, and still by COPY."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from psycopg import Cursor, sql
from sqlalchemy import Connection

from tenantry.seed.blueprint import Blueprint, blueprints
from tenantry.seed.company import Company
from tenantry.seed.values import Row

#: The subscription of a tenant is there as soon as the tenant is; this one takes its place.
_INSTEAD: Final = {"subscriptions": "(tenant_id) WHERE user_id IS NULL"}


class Loader:
    """Loads the rows of companies, batch by batch, within the transaction of a connection.

    COPY refuses a table under row security, as every table is for its owner too. The rows go by COPY to a staging
    table that nobody else ever sees, and from there in one statement to where they belong, with policies, constraints
    and triggers in force.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._staged: set[str] = set()

    def load(self, companies: Sequence[Company], loaded: Callable[[int], None]) -> None:
        """Load all rows of some companies, table by table in the order of foreign keys."""
        driver = self._connection.connection.driver_connection
        assert driver is not None  # noqa: S101
        with driver.cursor() as cursor:
            # stock comes in before it goes out: rows are read in the order in which they were written
            cursor.execute("SET LOCAL synchronize_seqscans = off")
            for blueprint in blueprints().values():
                rows = [row for company in companies for row in company.rows[blueprint.name]]
                if rows:
                    self._load(cursor, blueprint, rows)
                loaded(len(rows))

    def finish(self) -> None:
        """Leave nothing of this behind."""
        for table in sorted(self._staged):
            self._connection.exec_driver_sql(f"DROP TABLE {_staging(table)}")

    def _load(self, cursor: Cursor[Any], blueprint: Blueprint, rows: Sequence[Row]) -> None:
        staging, target = sql.Identifier(_staging(blueprint.name)), sql.Identifier(blueprint.name)
        columns = sql.SQL(", ").join(map(sql.Identifier, blueprint.columns))
        parts = {"staging": staging, "target": target, "columns": columns}
        if blueprint.name in self._staged:
            cursor.execute(sql.SQL("TRUNCATE {staging}").format(**parts))
        else:
            create = "CREATE UNLOGGED TABLE {staging} AS SELECT {columns} FROM {target} WITH NO DATA"
            cursor.execute(sql.SQL(create).format(**parts))
            self._staged.add(blueprint.name)
        copy_rows(cursor, sql.SQL("COPY {staging} ({columns}) FROM STDIN").format(**parts), blueprint, rows)
        insert = sql.SQL("INSERT INTO {target} ({columns}) SELECT {columns} FROM {staging}").format(**parts)
        cursor.execute(insert + _conflict(blueprint))


def copy_rows(cursor: Cursor[Any], statement: sql.Composed, blueprint: Blueprint, rows: Sequence[Row]) -> None:
    """Write rows in the format of COPY."""
    with cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row([row[name] for name in blueprint.columns])


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
