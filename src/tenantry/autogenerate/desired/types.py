"""Types with a name, sequences and schemas that a metadata declares, on columns or by themselves."""

from collections.abc import Iterator
from typing import Any, cast

from sqlalchemy import Enum, MetaData, Sequence
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.compiler import DDLCompiler
from sqlalchemy.types import TypeEngine

from tenantry import ddl
from tenantry.autogenerate import definitions
from tenantry.autogenerate.column_types import named_type
from tenantry.autogenerate.desired.namespace import Namespace

# "named" leaves % as it is; psycopg's own paramstyle doubles it.
_dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]
_compiler = cast("DDLCompiler", _dialect.ddl_compiler(_dialect, None))  # type: ignore[arg-type]

_INTEGERS = {"int": "integer", "smallint": "smallint", "integer": "integer", "bigint": "bigint"}


def declared_types(metadata: MetaData, namespace: Namespace) -> Iterator[definitions.NamedType]:
    """Enumerations, domains and composite types; one with ``create_type=False`` is somebody else's."""
    # a type that stands in several metadatas is registered with the first alone
    on_columns = (named_type(column.type) for table in metadata.tables.values() for column in table.columns)
    found = {*metadata._objects, *(type_ for type_ in on_columns if type_ is not None)}  # noqa: SLF001
    for item in sorted(found, key=lambda item: str(getattr(item, "name", ""))):
        if isinstance(item, Enum) and item.native_enum and item.create_type:
            schema = namespace.schema(item.schema)
            yield definitions.Enum(str(item.name), tuple(map(str, item.enums)), schema=schema)
        elif isinstance(item, postgresql.DOMAIN) and item.create_type:
            yield _domain(item, namespace)
    for composite in ddl.declared(metadata, ddl.CompositeType):
        schema = namespace.schema(composite.schema)
        yield definitions.CompositeType(composite.name, composite.attributes, schema=schema, comment=composite.comment)


def _domain(domain: postgresql.DOMAIN, namespace: Namespace) -> definitions.Domain:
    name = str(domain.name)
    preparer: Any = _dialect.identifier_preparer
    collation = domain.collation and preparer.format_collation(domain.collation, domain.collation_schema)
    checks = []
    if domain.check is not None:
        compiler: Any = _compiler.sql_compiler
        check = compiler.process(domain.check, include_table=False, literal_binds=True)
        checks.append((str(domain.constraint_name or f"{name}_check"), f"CHECK ({check})"))
    return definitions.Domain(
        name,
        _type_text(domain.data_type),
        schema=namespace.schema(domain.schema),
        collation=collation,
        default=None if domain.default is None else _compiler.render_default_string(domain.default),
        not_null=domain.not_null,
        checks=tuple(checks),
    )


def declared_sequences(metadata: MetaData, namespace: Namespace) -> Iterator[definitions.Sequence]:
    """The sequences that are objects of their own."""
    for item in metadata._sequences.values():  # noqa: SLF001
        if not item.optional:
            yield _sequence(item, namespace)


def _sequence(item: Sequence, namespace: Namespace) -> definitions.Sequence:
    return definitions.Sequence(
        str(item.name),
        data_type="bigint" if item.data_type is None else integer_type(item.data_type),
        increment=1 if item.increment is None else item.increment,
        start=item.start,
        minvalue=item.minvalue,
        maxvalue=item.maxvalue,
        cache=item.cache or 1,
        cycle=bool(item.cycle),
        schema=namespace.schema(item.schema),
    ).without_defaults()


def integer_type(type_: TypeEngine[Any]) -> str:
    """The name of a type of whole numbers."""
    name = _type_text(type_).lower()
    return _INTEGERS.get(name, name)


def declared_schemas(metadata: MetaData) -> Iterator[definitions.Schema]:
    """The schemas that are there for what is declared in them."""
    for item in ddl.declared(metadata, ddl.Schema):
        yield definitions.Schema(item.name, comment=item.comment)


def _type_text(type_: TypeEngine[Any]) -> str:
    return type_.compile(dialect=_dialect)
