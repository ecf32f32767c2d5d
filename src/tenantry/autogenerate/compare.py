"""All steps together: from a connection and metadatas to ordered operations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation
from sqlalchemy import URL, Connection, MetaData

from tenantry.autogenerate.around_columns import around_columns
from tenantry.autogenerate.canonicalise import canonicalise
from tenantry.autogenerate.catalogue import Catalogue, Declared, Key, Privilege
from tenantry.autogenerate.circles import opened
from tenantry.autogenerate.column_conversion import (
    around_conversion,
    with_conversions,
    without_empty,
)
from tenantry.autogenerate.column_types import with_written_types
from tenantry.autogenerate.default_privileges import Defaults, objects_in, withhold
from tenantry.autogenerate.definitions import (
    Constraint,
    Definition,
    NamedType,
    Role,
    RowSecurity,
    Theirs,
)
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.desired import (
    Namespace,
    declared_rows,
    desired_catalogue,
    granted_objects,
    refuse_unknown,
    refuse_unknown_options,
)
from tenantry.autogenerate.desired.default_privileges import declared_defaults
from tenantry.autogenerate.diff import (
    Change,
    Dependencies,
    Managed,
    Ownership,
    compare,
    compare_privileges,
    merged,
    rebuild_dependents,
    untouched,
)
from tenantry.autogenerate.filled_columns import with_filled_columns
from tenantry.autogenerate.generated_columns import settle_generated, with_belongings
from tenantry.autogenerate.inspect import (
    QUERIES,
    Scope,
    inspect_database,
    inspect_default_privileges,
    migrating_role,
    read_ahead,
    read_ledger,
    server_version,
)
from tenantry.autogenerate.inspect.dependencies import COLUMN, inspect_dependents
from tenantry.autogenerate.inspect.dependents import inspect_foreign_keys, inspect_undeclarable
from tenantry.autogenerate.inspect.partitions import TableKey, inspect_partition_keys, inspect_partitions
from tenantry.autogenerate.keys import KEYS, key_operations
from tenantry.autogenerate.nodes import mentioned
from tenantry.autogenerate.ops import ReplaceOp
from tenantry.autogenerate.order import ordered
from tenantry.autogenerate.owners import Owners
from tenantry.autogenerate.partitions import (
    Hidden,
    close_partitions,
    enter_partitions,
    refuse_other_keys,
    restore_partitioning,
)
from tenantry.autogenerate.primary_keys import PRIMARY_KEYS, exchange_primary_keys, inspect_primary_keys
from tenantry.autogenerate.printed import Printed, objects_of, roles_of
from tenantry.autogenerate.reference_rows import RowComparison, as_role
from tenantry.autogenerate.renamed_keys import rename_keys
from tenantry.autogenerate.renames import Renamed, find_renames
from tenantry.autogenerate.replica import furnish, stand_in
from tenantry.autogenerate.row_order import row_operations
from tenantry.autogenerate.schemas import schemas_in, schemas_of
from tenantry.autogenerate.scratch import Scratch
from tenantry.autogenerate.steps import operations_of
from tenantry.autogenerate.table_operations import (
    changed_expressions,
    columns_dropped,
    converted_columns,
    dropped_columns,
    dropped_constraints,
    gone_columns,
    index_keys,
    leave_to_alembic,
    reshaped_tables,
    settle_rebuilt_indexes,
)
from tenantry.autogenerate.tenant_columns import Assignment, assign_tenants
from tenantry.autogenerate.type_changes import Conversion, TypeChanges, UsedValues


@dataclass(frozen=True)
class Options:
    """What an application says about the comparison.

    :param role_names: what a deployment calls the roles, by declared name.
    :param claimed_schemas: schemas in which everything is ours: what is not declared there is dropped.
    :param run_as: the role that owns the objects, and that row security shows the reference rows to.
    :param scratch_url: an empty database for scratch schemas, where they cannot be made in the one that is compared.
    :param assignment: whose the rows of a table become that was no tenant's before.
    """

    role_names: Mapping[str, str] = field(default_factory=dict)
    claimed_schemas: frozenset[str] = frozenset()
    run_as: str | None = None
    scratch_url: str | URL | None = None
    assignment: Assignment = field(default_factory=Assignment)


def all_operations(
    connection: Connection,
    metadatas: Sequence[MetaData],
    table_operations: Sequence[MigrateOperation],
    schemas: Iterable[str | None],
    options: Options,
) -> list[MigrateOperation]:
    """Alembic's operations on tables and ours on everything else, in an order that PostgreSQL accepts."""
    with stand_in(connection, options.scratch_url) as scratch:
        comparison = _Comparison(connection, scratch, metadatas, schemas, options)
        with_written_types(table_operations, comparison.schema)
        with_conversions(table_operations)
        rows = list(comparison.row_operations(table_operations))
        ours = [*comparison.definition_operations(table_operations, rows), *rows]
        on_tables = opened(rename_keys(list(without_empty(table_operations)), ours))
        on_tables = comparison.exchange_keys(on_tables, options.assignment)
        return ordered([*with_filled_columns(around_columns(on_tables, ours), rows), *ours])


@dataclass(frozen=True)
class _Differences:
    """What differs, by the names that everything has once the renames are done.

    :param conversions: types that cannot be altered in place.
    :param additions: enumerations that get values in place, with what takes these away again.
    """

    seen: Renamed
    declared: Mapping[Key, Declared]
    changes: Mapping[Key, Change]
    conversions: Mapping[Key, Conversion]
    additions: Mapping[Key, Conversion]
    dependents: Dependencies


class _Comparison:
    def __init__(
        self,
        connection: Connection,
        scratch: Connection,
        metadatas: Sequence[MetaData],
        schemas: Iterable[str | None],
        options: Options,
    ) -> None:
        self._connection = connection
        self._scratch = scratch
        self._metadatas = metadatas
        default = connection.dialect.default_schema_name or "public"
        self._default_schema = default
        self._namespace = Namespace(default)
        self.schema = self._namespace.schema
        self._tables = {
            (self._namespace.schema(table.schema), table.name): table
            for metadata in metadatas
            for table in metadata.tables.values()
            if not table.is_view
        }
        self._run_as = options.run_as
        self._ledger = read_ledger(connection)
        known = {*(name for name in schemas if name), *schemas_of(metadatas), *schemas_in(self._ledger)}
        names = {default, *known, *options.claimed_schemas}
        scope = Scope({name: self._namespace.schema(name) for name in names}, options.role_names)
        self._scope = read_ahead(connection, scope, (*QUERIES, PRIMARY_KEYS, KEYS))
        self._migrating = migrating_role(connection, options.run_as)
        self._declared_defaults = list(declared_defaults(metadatas, self._scope.role(self._migrating)))
        self._claimed = {self._namespace.schema(name) for name in options.claimed_schemas}

    def definition_operations(
        self, tables: Sequence[MigrateOperation], rows: Sequence[MigrateOperation]
    ) -> Iterator[MigrateOperation]:
        """Creates, drops, renames and changes of all that is no row."""
        dropped = {dotted(item.schema, item.table_name) for item in tables if isinstance(item, stock.DropTableOp)}
        created = {dotted(item.schema, item.table_name) for item in tables if isinstance(item, stock.CreateTableOp)}
        live = inspect_database(self._connection, self._scope, self._migrating)
        if self._scratch is not self._connection:
            furnish(self._scratch, live, self._tables)
        desired = desired_catalogue(self._metadatas, self._namespace, created)
        partitions = list(inspect_partitions(self._connection, self._scope))
        enter_partitions(live, partitions, desired.definitions.keys() | self._ledger)
        split = self._split_tables(live, tables, dropped | created)
        found = self._compare(live, desired, tables, rows, dropped)
        seen, declared = found.seen, found.declared
        ledger = {seen.key(key) for key in self._ledger}
        printed = Printed(declared)
        owners = Owners(seen.catalogue.owners, printed.owners(desired), self._scope.role(self._migrating), ledger)
        wanted = {privilege for privilege in printed.privileges(desired) if not owners.is_owner(privilege)}
        version = server_version(self._connection)
        refuse_unknown(wanted, version)
        refuse_unknown_options(desired.definitions.values(), version)
        our_roles = {identity for kind, identity in ledger if kind == Role.kind} | roles_of(desired, wanted)
        our_roles |= {item.role for _, defaults in self._declared_defaults for item in defaults}
        granted_on = {printed.on(on) for item in self._metadatas for on in granted_objects(item, self._namespace)}
        managed = Managed(objects_of(declared, self._tables, granted_on), our_roles, dropped, ledger)
        changes = _closed(found.changes, wanted, granted_on)
        revoked, granted = compare_privileges(seen.catalogue.privileges, wanted, managed, changes)
        yield from (ReplaceOp(rename.old, rename.new) for rename in seen.renames)
        for conversion in found.conversions.values():
            yield from around_conversion(conversion.old, conversion.columns, tables, self._tables)
        owned = owners.changes(managed, changes)
        back = {key: _undoing(key, found, managed, owners.staying()) for key in found.additions}
        kept = _as_it_is(_left_to_others(changes, ledger | declared.keys()), seen)
        yield from operations_of([*kept, *owned], revoked, granted, back)
        yield from self._default_operations(seen.catalogue, wanted, managed, changes, tables)
        secured = {key for key in split if (RowSecurity.kind, dotted(*key)) in changes}
        yield from key_operations(self._connection, self._scope, self._tables, tables)
        yield from close_partitions(partitions, desired, secured, managed.roles)

    def _default_operations(
        self,
        live: Catalogue,
        wanted: AbstractSet[Privilege],
        managed: Managed,
        changes: Mapping[Key, Change],
        tables: Sequence[MigrateOperation],
    ) -> Iterator[MigrateOperation]:
        """Default privileges, and what they would give to objects that are created meanwhile."""
        creators = {for_role for (_, for_role, _), _ in self._declared_defaults if for_role}
        found = inspect_default_privileges(self._connection, self._scope, self._migrating, creators)
        gone = {item.old.identity for item in changes.values() if isinstance(item.old, Role) and item.new is None}
        defaults = Defaults(found, self._declared_defaults, managed, gone)
        yield from defaults.operations()
        objects = objects_in(tables, changes, self._default_schema)
        yield from withhold(defaults, live.privileges, wanted, managed, objects)

    def _split_tables(
        self, held: Catalogue, tables: Sequence[MigrateOperation], moving: AbstractSet[str]
    ) -> set[TableKey]:
        """The partitioned tables that stay: they are split as they are declared."""
        live = inspect_partition_keys(self._connection, self._scope)
        restore_partitioning(tables, live, self._namespace)
        if any(isinstance(item, stock.DropTableOp) for item in tables):
            Hidden(self._connection, self._metadatas).leave_out(tables)
        there = {key: table for key, table in self._tables.items() if dotted(*key) not in moving}
        refuse_other_keys(Scratch(self._scratch, self._tables, held), live, there)
        return live.keys() & there.keys()

    def _compare(
        self,
        live: Catalogue,
        desired: Catalogue,
        tables: Sequence[MigrateOperation],
        rows: Sequence[MigrateOperation],
        dropped: AbstractSet[str],
    ) -> _Differences:
        """What differs once everything is renamed that can be; what has to be rebuilt anyway is not renamed first."""
        ownership = self._ownership(self._ledger, dropped)
        reshaped = [self._tables[key] for key in reshaped_tables(tables) if key in self._tables]
        scratch = Scratch(self._scratch, self._tables, live, reshaped)
        known = self._ledger | index_keys(tables, stock.DropIndexOp)
        constraints = (item for item in live.definitions.values() if isinstance(item, Constraint))
        gone = [
            *(live.definitions[key] for key in sorted(known & set(live.definitions))),
            *filter(ownership.owns, constraints),
        ]
        renames = find_renames(scratch, live, desired, gone, said=mentioned(tables), ledger=self._ledger)
        while True:
            found = self._differences(Renamed(scratch, live, renames), desired, tables, rows, dropped)
            if not (rebuilt := [rename for rename in renames if rename.keys[1] in found.changes]):
                return found
            renames = [rename for rename in renames if rename not in rebuilt]

    def _differences(
        self,
        seen: Renamed,
        wanted: Catalogue,
        tables: Sequence[MigrateOperation],
        rows: Sequence[MigrateOperation],
        dropped: AbstractSet[str],
    ) -> _Differences:
        live, desired = seen.catalogue, Catalogue(dict(wanted.definitions), wanted.privileges)
        leave_to_alembic(live, desired, tables, dropped)
        reshaped = [self._tables[key] for key in reshaped_tables(tables) if key in self._tables]
        ledger = {seen.key(key) for key in self._ledger}
        declared = canonicalise(self._scratch, desired, live, self._tables, reshaped=reshaped, ledger=ledger)
        changes = compare(live, declared, self._ownership(ledger, dropped))
        settle_rebuilt_indexes(live, declared, changes, tables)
        gone = set(gone_columns(tables))
        types = TypeChanges(self._connection, self._scope, changes, gone, dropped)
        conversions = types.conversions(UsedValues([*tables, *rows], changes.values()))
        additions = types.additions(conversions)
        for key, conversion in conversions.items():
            changes[key] = conversion.change(live, declared)
            gone |= conversion.gone()
        gone |= settle_generated(self._connection, live, changes)
        dependents: Dependencies = {}
        if gone or additions or any(change.rebuilt or change.new is None for change in changes.values()):
            live.definitions.update(self._undeclarable(tables, dropped, gone))
            found = merged(
                inspect_dependents(self._connection, self._scope), types.dependents(set(converted_columns(tables)))
            )
            dependents = seen.dependencies(found)
            rebuild_dependents(changes, live, declared, dependents, gone)
        taken = {identity for _, identity in index_keys(tables, stock.DropIndexOp)} | set(dropped_constraints(tables))
        with_belongings(self._connection, self._scope, changes, taken)
        return _Differences(seen, declared, changes, conversions, additions, dependents)

    def _undeclarable(
        self, tables: Sequence[MigrateOperation], dropped: AbstractSet[str], gone: AbstractSet[Key]
    ) -> Iterator[tuple[Key, Definition]]:
        """What has to make way without being declared, unless Alembic changes it."""
        changed = set(changed_expressions(tables))
        altered = {key for key in gone if key[0] == COLUMN} - set(dropped_columns(tables))
        for key, item in inspect_undeclarable(self._connection, self._scope).items():
            if item.belongs_to() not in dropped and key[1] not in changed:
                yield key, item
        if altered:
            said = set(dropped_constraints(tables))
            foreign_keys = inspect_foreign_keys(self._connection, self._scope, altered)
            yield from (found for found in foreign_keys if found[0][1] not in said)

    def _ownership(self, ledger: AbstractSet[Key], dropped: AbstractSet[str]) -> Ownership:
        return Ownership(ledger, {dotted(*key) for key in self._tables}, self._claimed, dropped)

    def exchange_keys(self, tables: Sequence[MigrateOperation], assignment: Assignment) -> list[MigrateOperation]:
        """The operations on tables, with changed primary keys, and rows of before assigned to a tenant."""
        live = inspect_primary_keys(self._connection, self._scope)
        return exchange_primary_keys(assign_tenants(tables, self._tables, live, assignment), self._tables, live)

    def row_operations(self, tables: Sequence[MigrateOperation]) -> Iterator[MigrateOperation]:
        """Inserts, updates and deletes."""
        with as_role(self._connection, self._run_as):
            rows = RowComparison(self._connection, self._namespace, self._ledger)
            declared = declared_rows(self._metadatas)
            changes = list(rows.compare(declared))
            lost = list(rows.lost(declared, columns_dropped(tables)))
        dropped = [item.to_table() for item in tables if isinstance(item, stock.DropTableOp)]
        known = [*self._tables.values(), *dropped]
        named = {dotted(self._namespace.schema(table.schema), table.name): table for table in known}
        yield from (ReplaceOp(change.old, change.new) for change in lost if change.old and change.new)
        yield from row_operations(changes, named)


def _left_to_others(changes: Mapping[Key, Change], ours: AbstractSet[Key]) -> dict[Key, Change]:
    """The changes, with what is rebuilt for the sake of others only marked as not ours."""
    return {
        key: replace(change, old=Theirs(change.old), new=Theirs(change.new), printed=None)
        if key not in ours
        and change.rebuilt
        and change.old is not None
        and change.new is not None
        and change.old.remembered
        else change
        for key, change in changes.items()
    }


def _as_it_is(changes: Mapping[Key, Change], seen: Renamed) -> Iterator[Change]:
    """What is dropped is dropped as it is now, before anything has another name."""
    for key, change in changes.items():
        yield replace(change, old=seen.originals.get(key, change.old)) if change.drops else change


def _closed(
    changes: Mapping[Key, Change], wanted: AbstractSet[Privilege], granted_on: AbstractSet[str]
) -> dict[Key, Change]:
    """The changes, with types that are made anew closed where the declaration says who may use them."""
    open_to_all = {privilege.on for privilege in wanted if privilege.role == "public"}
    result = dict(changes)
    for key, change in changes.items():
        if isinstance(change.new, NamedType) and (change.old is None or change.loses_privileges):
            on = change.new.grant_target()
            was_closed = isinstance(change.old, NamedType) and change.old.closed
            closed = on not in open_to_all and (was_closed or on in granted_on)
            result[key] = replace(change, new=replace(change.new, closed=closed))
    return result


def _undoing(key: Key, found: _Differences, managed: Managed, owners: Owners) -> list[MigrateOperation]:
    """What takes a type back to what it was, together with what hangs on it at that moment."""
    conversion, live = found.additions[key], untouched(found.seen.catalogue, found.changes)
    changes = {key: conversion.change(live, found.declared)}
    rebuild_dependents(changes, live, {}, found.dependents, conversion.gone())
    staying = replace(managed, dropped_tables=frozenset())
    privileges = compare_privileges(live.privileges, live.privileges, staying, changes)
    columns = around_conversion(conversion.old, conversion.columns)
    owned = [change for change in owners.changes(staying, changes) if change.old is None or change.new is None]
    return ordered([*columns, *operations_of([*changes.values(), *owned], *privileges, {})])
