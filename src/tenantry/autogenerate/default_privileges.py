"""Default privileges: those in force against those declared, and what they would give that nobody declared.

Whatever a revision creates, upgrading or downgrading, it creates while only those are in force that stay: those that
go, go first, and those that come, come last.
"""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation

from tenantry.autogenerate.catalogue import DefaultPrivilege, Key, Privilege
from tenantry.autogenerate.definitions import DefaultGrant, Definition, Withheld, sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.desired.default_privileges import Place
from tenantry.autogenerate.diff import Change, Managed, grants, in_order
from tenantry.autogenerate.ops import CreateOp, DropOp

_KINDS = {
    "table": "tables", "sequence": "sequences", "function": "functions", "procedure": "functions", "type": "types",
    "schema": "schemas",
}  # fmt: skip


@dataclass(frozen=True)
class Created:
    """An object that an operation creates, as GRANT names it."""

    on: str
    schema: str
    table: str | None = None


class Defaults:
    """Default privileges before and after.

    :param declared: the places that declarations speak of, each with its privileges.
    :param gone: roles that are dropped.
    """

    def __init__(
        self,
        live: Iterable[DefaultPrivilege],
        declared: Iterable[tuple[Place, set[DefaultPrivilege]]],
        managed: Managed,
        gone: AbstractSet[str],
    ) -> None:
        self._live = set(live)
        places, privileges = set(), set()
        for place, said in declared:
            places.add(place)
            privileges |= said
        roles = {"public", *managed.roles, *(item.role for item in privileges)}
        self._managed = managed
        self._granted = privileges - self._live
        self._revoked = {
            item
            for item in self._live - privileges
            if self._is_ours(item)
            or (item.place in places and item.role in roles)
            or not gone.isdisjoint((item.role, item.for_role))
        }

    def _is_ours(self, item: DefaultPrivilege) -> bool:
        return (DefaultGrant.kind, item.identity) in self._managed.ledger

    def operations(self) -> Iterator[MigrateOperation]:
        """What has to be granted and revoked."""
        for ours in (True, False):
            revoked = {item for item in self._revoked if self._is_ours(item) is ours}
            yield from map(DropOp, _default_grants(revoked, ours))
        yield from map(CreateOp, _default_grants(self._granted, ours=True))

    def given(self, item: Created) -> set[Privilege]:
        """What a new object comes with; routines are closed by those who create them."""
        kind = item.on.partition(" ")[0]
        return {
            Privilege(item.on, found.role, found.privilege, grantable=found.grantable, table=item.table)
            for found in self._live - self._revoked
            if found.on == _KINDS[kind]
            and not found.for_role
            and found.in_schema in {"", item.schema}
            and not (found.on == "functions" and found.role == "public")
        }


def _default_grants(privileges: AbstractSet[DefaultPrivilege], ours: bool) -> Iterator[DefaultGrant]:
    """The fewest that state these privileges."""
    by_role: dict[tuple[Place, str, bool], list[str]] = {}
    for item in sorted(privileges):
        by_role.setdefault((item.place, item.role, item.grantable), []).append(item.privilege)
    by_privileges: dict[tuple[Place, bool, tuple[str, ...]], list[str]] = {}
    for (place, role, grantable), found in by_role.items():
        by_privileges.setdefault((place, grantable, in_order(found)), []).append(role)
    for ((on, for_role, in_schema), grantable, found_together), roles in by_privileges.items():
        yield DefaultGrant(
            found_together,
            on=on,
            to=tuple(roles),
            for_role=for_role or None,
            in_schema=in_schema or None,
            with_grant_option=grantable,
            ours=ours,
        )


def withhold(
    defaults: Defaults,
    live: AbstractSet[Privilege],
    wanted: AbstractSet[Privilege],
    managed: Managed,
    objects: tuple[Iterable[Created], Iterable[Created]],
) -> Iterator[MigrateOperation]:
    """What keeps new objects as closed as they are declared, and restored ones as they were.

    :param objects: what is created, and what is dropped; what is rebuilt is both.
    """
    created, dropped = (list(items) for items in objects)
    rebuilt = {item.on for item in created} & {item.on for item in dropped}
    for item in created:
        extra = defaults.given(item) - wanted
        undeclared = extra - live if item.on in rebuilt else {found for found in extra if managed.covers(found)}
        yield from map(CreateOp, _withheld(undeclared))
    for item in dropped:
        yield from map(DropOp, _withheld(defaults.given(item) - live))


def _withheld(privileges: AbstractSet[Privilege]) -> Iterator[Withheld]:
    for grant in grants(privileges):
        yield Withheld(grant.privileges, on=grant.on, to=grant.to, table=grant.table)


def objects_in(
    tables: Iterable[MigrateOperation], changes: Mapping[Key, Change], default_schema: str
) -> tuple[list[Created], list[Created]]:
    """What is created, and what is dropped."""
    created: list[Created] = []
    dropped: list[Created] = []
    for operation in tables:
        if isinstance(operation, stock.CreateTableOp | stock.DropTableOp):
            name, table = sql.qualified(operation.schema, operation.table_name), operation.table_name
            item = Created(f"table {name}", operation.schema or default_schema, dotted(operation.schema, table))
            (created if isinstance(operation, stock.CreateTableOp) else dropped).append(item)
    for change in changes.values():
        if change.rebuilt or change.old is None:
            created += _created(change.new, default_schema)
        if change.rebuilt or change.new is None:
            dropped += _created(change.old, default_schema)
    return created, dropped


def _created(definition: Definition | None, default_schema: str) -> list[Created]:
    target = None if definition is None else definition.grant_target()
    return [Created(target, getattr(definition, "schema", None) or default_schema)] if target else []
