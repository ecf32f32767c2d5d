"""Which schemas are looked at: those that declarations name, and those in which migrations left something."""

from collections.abc import Iterable, Iterator

from sqlalchemy import MetaData

from tenantry import ddl
from tenantry.autogenerate.catalogue import Key
from tenantry.autogenerate.definitions import Grant, Owner, Schema
from tenantry.autogenerate.definitions.row_security import undotted
from tenantry.autogenerate.words import words


def schemas_in(known: Iterable[Key]) -> Iterator[str]:
    """Schemas of what migrations created, also where no declaration names them any more; and words that are none."""
    for kind, identity in known:
        if kind == Owner.kind or (kind == Grant.kind and " on schema " in identity):
            yield from words([identity])
        elif kind == Schema.kind:
            yield identity
        elif schema := undotted(identity)[0]:
            yield schema


def schemas_of(metadatas: Iterable[MetaData]) -> Iterator[str]:
    """Schemas that declarations name."""
    for metadata in metadatas:
        for table in metadata.tables.values():
            if table.schema:
                yield table.schema
        objects: list[ddl.Routine | ddl.View | ddl.Partition] = [
            *ddl.declared(metadata, ddl.Routine),
            *ddl.declared(metadata, ddl.View),
            *ddl.declared(metadata, ddl.Partition),
        ]
        yield from (item.schema for item in objects if item.schema)
        types_and_sequences = (*metadata._objects, *metadata._sequences.values())  # noqa: SLF001
        yield from (item.schema for item in types_and_sequences if item.schema)
        yield from (item.schema for item in ddl.declared(metadata, ddl.CompositeType) if item.schema)
        yield from (item.name for item in ddl.declared(metadata, ddl.Schema))
        for item in [*ddl.declared(metadata, ddl.Grant), *ddl.declared(metadata, ddl.Owner)]:
            on = item.on.name if isinstance(item.on, ddl.Schema) else item.on.schema
            yield from [on] if on else []
