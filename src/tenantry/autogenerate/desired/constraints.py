"""CHECK and EXCLUDE constraints, and indexes, in the SQL that SQLAlchemy gives them."""

from collections.abc import Iterable, Iterator
from typing import cast

from sqlalchemy import CheckConstraint, Table
from sqlalchemy import Constraint as SchemaConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import CreateIndex
from sqlalchemy.sql.compiler import DDLCompiler

from tenantry.autogenerate.definitions import Constraint, Index
from tenantry.autogenerate.desired.namespace import Namespace

# "named" leaves % as it is; psycopg's own paramstyle doubles it.
_dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_compiler = cast("DDLCompiler", _dialect.ddl_compiler(_dialect, None))  # type: ignore[arg-type]


def declared_constraints(table: Table, namespace: Namespace) -> Iterator[Constraint]:
    """The constraints of a table; one without a name has the empty one."""
    yield from _ours(table, table.constraints, namespace)
    yield from column_constraints(table, namespace)


def column_constraints(table: Table, namespace: Namespace) -> Iterator[Constraint]:
    """Those written inside a column, which Alembic leaves out of CREATE TABLE."""
    for column in table.columns:
        yield from _ours(table, column.constraints, namespace)


def _ours(table: Table, constraints: Iterable[object], namespace: Namespace) -> Iterator[Constraint]:
    for item in constraints:
        if isinstance(item, CheckConstraint | ExcludeConstraint) and _is_for_postgresql(item):
            yield _constraint(table, item, namespace)


def _is_for_postgresql(item: CheckConstraint | ExcludeConstraint) -> bool:
    """Enumerations and booleans bring a CHECK that they want only where there is no native type."""
    rule = item._create_rule  # noqa: SLF001
    return rule is None or bool(rule(_compiler))


def _constraint(table: Table, item: CheckConstraint | ExcludeConstraint, namespace: Namespace) -> Constraint:
    return key_constraint(table, item, namespace.schema(table.schema))


def key_constraint(table: Table, item: SchemaConstraint, schema: str | None) -> Constraint:
    """A constraint as SQLAlchemy writes it; its name is empty where it has none."""
    text = str(_compiler.process(item))
    name = "" if item.name is None else _dialect.identifier_preparer.format_constraint(item) or ""
    definition = text.removeprefix(f"CONSTRAINT {name} ")
    comment = getattr(item, "comment", None)
    return Constraint(table.name, _unquoted(name), definition, schema=schema, comment=comment)


def declared_indexes(table: Table, namespace: Namespace) -> Iterator[Index]:
    """The indexes of a table."""
    for item in table.indexes:
        text = str(CreateIndex(item).compile(dialect=_dialect))
        target = f" ON {_dialect.identifier_preparer.format_table(table)} "
        definition = text.partition(target)[2]
        yield Index(
            table.name,
            _unquoted(_dialect.identifier_preparer.format_index(item)),
            definition if definition.startswith("USING ") else f"USING btree {definition}",
            schema=namespace.schema(table.schema),
            unique=bool(item.unique),
        )


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
