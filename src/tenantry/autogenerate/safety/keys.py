"""Rules about keys: foreign keys and unique keys look past row security."""

from collections.abc import Iterator

from sqlalchemy import Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.schema import Constraint

from tenantry import ddl
from tenantry.autogenerate.safety.declaration import Declaration, Finding
from tenantry.autogenerate.words import words

_EMPTIES = {"SET NULL", "SET DEFAULT"}


def tenant_in_foreign_key(declaration: Declaration) -> Iterator[Finding]:
    """A key between tables of tenants leads from one tenant to the same one, and never takes a row's tenant away."""
    tenant = declaration.tenant_column
    scoped = set(declaration.tenant_tables)
    for table in declaration.tenant_tables:
        for key in _foreign_keys(table):
            if key.referred_table not in scoped:
                continue
            if (tenant, tenant) not in {(element.parent.name, element.column.name) for element in key.elements}:
                reason = f"leaves {tenant} out, so that one tenant can point at another's rows: add it on both sides"
                yield Finding("tenant-in-foreign-key", table, reason, _called(key))
            elif (key.ondelete or "").upper() in _EMPTIES or (key.onupdate or "").upper() in _EMPTIES:
                others = ", ".join(name for name in key.column_keys if name != tenant)
                reason = f"empties {tenant} as well: name the columns, as in SET NULL ({others})"
                yield Finding("tenant-in-foreign-key", table, reason, _called(key))


def _foreign_keys(table: Table) -> list[ForeignKeyConstraint]:
    return sorted(table.foreign_key_constraints, key=_called)


def tenant_in_unique_key(declaration: Declaration) -> Iterator[Finding]:
    """What is unique is so within a tenant; else one learns what another has by trying."""
    tenant = declaration.tenant_column
    for table in declaration.tenant_tables:
        constraints = (UniqueConstraint, PrimaryKeyConstraint, ExcludeConstraint)
        keys = [item for item in table.constraints if isinstance(item, constraints) and _columns(item)]
        for key in sorted([*keys, *(index for index in table.indexes if index.unique)], key=_called):
            if tenant not in _columns(key):
                reason = f"leaves {tenant} out, so that tenants learn of one another's values: put it first"
                yield Finding("tenant-in-unique-key", table, reason, _called(key))


def _columns(key: Constraint | Index) -> set[str]:
    """The columns by which rows are told apart, also those in expressions; an index may cover others besides."""
    if isinstance(key, Index):
        named = {item.name for item in key.expressions if isinstance(item, Column)}
        texts = [ddl.sql_text(item) for item in key.expressions if not isinstance(item, Column)]
        return named | words(texts)
    if isinstance(key, ExcludeConstraint):
        equal = [item for item, _, operator in key._render_exprs if operator == "="]  # noqa: SLF001
        return {item.name for item in equal if isinstance(item, Column)} or {""}
    return {column.name for column in getattr(key, "columns", ())}


def _called(key: Constraint | Index) -> str:
    """The name, or where SQLAlchemy leaves that to PostgreSQL, what the key is."""
    if isinstance(key.name, str):
        return key.name
    kind = str(key.__visit_name__).removesuffix("_constraint").removesuffix("_key").replace("_", " ")
    return f"{kind} key ({', '.join(column.name for column in getattr(key, 'columns', ()))})"
