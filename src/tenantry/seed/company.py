"""One tenant, with rows in every table that fit one another."""

from collections.abc import Callable, Iterable
from datetime import datetime
from random import Random
from typing import Any

from tenantry.seed.blueprint import Blueprint, Link, blueprints, reference_rows
from tenantry.seed.values import HISTORY, NOW, Row, moment, uuid7

#: makes what is particular in the rows of a table; the rest follows from the table's declaration
Recipe = Callable[["Company"], Iterable[Row]]
#: brings earlier rows in line with what has been made
Afterthought = Callable[["Company"], None]

_ATTEMPTS = 4
_SHARE_OF_EMPTY_LINKS = 0.25


class Company:
    """The rows of one tenant by table, in the order in which they are made.

    Each table has a random generator of its own, so that a change in one leaves the rows of the others as they are.
    """

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.slug = name.lower().replace(" ", "-")
        self.rows: dict[str, list[Row]] = {}
        self.rng = Random(self.slug)  # noqa: S311
        self.founded = NOW - HISTORY
        self.tenant_id = uuid7(self.rng, self.founded)
        self._taken: set[tuple[Any, ...]] = set()

    def fill(self, table: str, recipe: Recipe) -> None:
        """Make the rows of a table."""
        self.rng = Random(f"{self.slug}/{table}")  # noqa: S311
        self._taken = set()
        rows = self.rows[table] = []
        for given in recipe(self):
            row = self._distinct(blueprints()[table], given, len(rows) + 1)
            if row is not None:
                rows.append(row)

    def pick(self, table: str) -> Row:
        """One of the rows of a table."""
        return self.rng.choice(self.rows[table])

    def member(self) -> str:
        """The id of one of the people who work there."""
        return str(self.pick("tenant_users")["user_id"])

    def owner(self) -> str:
        """The id of the one who founded the tenant."""
        return str(self.rows["tenant_users"][0]["user_id"])

    def since(self, start: datetime) -> datetime:
        """Some instant after another."""
        return moment(self.rng, start)

    def _distinct(self, blueprint: Blueprint, given: Row, number: int) -> Row | None:
        for _ in range(_ATTEMPTS):
            row = self._complete(blueprint, given, number)
            keys = [(key.columns, values) for key in blueprint.keys if (values := key.of(row)) is not None]
            if not self._taken.intersection(keys):
                self._taken.update(keys)
                return row
        return None

    def _complete(self, blueprint: Blueprint, given: Row, number: int) -> Row:
        row = dict(given)
        if blueprint.is_tenants:
            row["tenant_id"] = self.tenant_id
        for link in blueprint.links:
            self._follow(link, row, blueprint.name)
        created = row.get("created_at") or self.since(self.founded)
        row["created_at"] = row["updated_at"] = created
        row.setdefault("id", uuid7(self.rng, created))
        for name, make in blueprint.makers:
            if name not in row:
                row[name] = make(self.rng, number, row)
        for low, high in blueprint.ordered:
            if row.get(low) is not None and row.get(high) is not None and row[low] > row[high]:
                row[low], row[high] = row[high], row[low]
        return row

    def _follow(self, link: Link, row: Row, table: str) -> None:
        """Let a foreign key lead to a row that agrees with what the row says already."""
        missing = [pair for pair in link.columns if pair[0] not in row]
        if not missing:
            return
        parents = self._parents(link, row) if self._leads_anywhere(link, table) else ()
        if not parents and not link.nullable:
            msg = f"{table} refers to {link.target}, which has no rows"
            raise LookupError(msg)
        parent = self.rng.choice(parents) if parents else None
        for column, target in missing:
            if parent is not None:
                row[column] = parent[target]
            elif column in link.nullable:
                row[column] = None

    def _leads_anywhere(self, link: Link, table: str) -> bool:
        if not link.nullable:
            return True
        return not link.left_empty and link.target != table and self.rng.random() >= _SHARE_OF_EMPTY_LINKS

    def _parents(self, link: Link, row: Row) -> list[Row] | tuple[Row, ...]:
        parents = self.rows.get(link.target) or reference_rows(link.target)
        known = [(target, row[column]) for column, target in link.columns if column in row]
        return (
            [parent for parent in parents if all(parent[name] == value for name, value in known)] if known else parents
        )
