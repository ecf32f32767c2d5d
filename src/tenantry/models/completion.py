"""What a table gets beyond what its class spells out."""

from collections.abc import Iterable, Sequence

from sqlalchemy import CheckConstraint, Column, Enum, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy.schema import SchemaItem

from tenantry.ddl import Grant, Policy, RowSecurity, Trigger, declared
from tenantry.models.columns import REFERENCE, Reference
from tenantry.models.scopes import Scope, Writer


def complete(table: Table, scope: Scope, written_by: Writer, append_only: bool) -> None:
    """Add what the table's scope and columns entail, as far as the class has not said it itself."""
    for column in table.columns:
        if isinstance(column.info.get(REFERENCE), Reference):
            _attach(table, _foreign_key(column, column.info[REFERENCE]))
        if isinstance(column.type, Enum) and not column.type.native_enum:
            _attach(table, _allowed_values(column, column.type))
    _index_foreign_keys(table)
    _attach(table, *_unless_declared(table, RowSecurity, [RowSecurity()]))
    _attach(table, *_unless_named(table, Policy, scope.policies()))
    _attach(table, *_unless_declared(table, Grant, scope.grants(table, written_by, append_only)))
    _attach(table, *_unless_named(table, Trigger, _triggers(table, append_only)))


def _attach(table: Table, *items: SchemaItem) -> None:
    for item in items:
        item._set_parent_with_dispatch(table)  # noqa: SLF001


def _unless_declared(table: Table, kind: type[SchemaItem], items: Iterable[SchemaItem]) -> Iterable[SchemaItem]:
    return () if declared(table, kind) else items


def _unless_named(
    table: Table, kind: type[Policy] | type[Trigger], items: Iterable[Policy | Trigger]
) -> list[Policy | Trigger]:
    own = {item.name for item in declared(table, kind)}
    return [item for item in items if item.name not in own]


def _foreign_key(column: Column[object], reference: Reference) -> ForeignKeyConstraint:
    set_null = f"SET NULL ({column.name})"
    actions = {"no action": None, "cascade": "CASCADE", "set null": set_null}
    return ForeignKeyConstraint(
        ["tenant_id", column.name],
        [f"{reference.table}.tenant_id", f"{reference.table}.{reference.key}"],
        ondelete=actions[reference.on_delete],
        use_alter=reference.use_alter,
    )


def _allowed_values(column: Column[object], kind: Enum) -> CheckConstraint:
    words = ", ".join(f"'{word}'" for word in kind.enums)
    return CheckConstraint(f"{column.name} IN ({words})", name=column.name)


def _index_foreign_keys(table: Table) -> None:
    """An index for each foreign key whose columns do not lead one already."""
    for constraint in sorted(table.foreign_key_constraints, key=lambda found: tuple(found.column_keys)):
        columns = [column.name for column in constraint.columns]
        if not any(led[: len(columns)] == columns for led in _indexed_columns(table, columns)):
            Index(None, *(table.columns[name] for name in columns))


def _indexed_columns(table: Table, referring: Sequence[str]) -> list[Sequence[str]]:
    """Of each index with all rows, or at least all in which these columns refer to something."""
    keys = [table.primary_key, *(found for found in table.constraints if isinstance(found, UniqueConstraint))]
    complete = {"None", *(f"{name} IS NOT NULL" for name in referring)}
    indexes = [index for index in table.indexes if str(index.dialect_options["postgresql"].get("where")) in complete]
    return [
        *([column.name for column in key.columns] for key in keys),
        *([getattr(column, "name", "") for column in index.expressions] for index in indexes),
    ]


def _triggers(table: Table, append_only: bool) -> Iterable[Trigger]:
    if append_only:
        yield Trigger(
            "refuse_change", before="update, delete, truncate", execute="refuse_change()", for_each="statement"
        )
    elif "updated_at" in table.columns:
        yield Trigger("set_updated_at", before="update", execute="set_updated_at()")
