"""The second step: the catalogue that the metadata declares, in the text it was written in."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from sqlalchemy import MetaData

from tenantry.autogenerate.catalogue import Catalogue
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.desired.columns import generated_columns, numbered_columns
from tenantry.autogenerate.desired.comments import enter_comments
from tenantry.autogenerate.desired.constraints import column_constraints, declared_constraints, declared_indexes
from tenantry.autogenerate.desired.namespace import Namespace
from tenantry.autogenerate.desired.objects import objects_of_database, objects_of_table
from tenantry.autogenerate.desired.privileges import (
    declared_owners,
    declared_privileges,
    granted_objects,
    refuse_unknown,
)
from tenantry.autogenerate.desired.roles import refuse_unknown_options
from tenantry.autogenerate.desired.rows import DeclaredRows, declared_rows
from tenantry.autogenerate.desired.types import declared_schemas, declared_sequences, declared_types

__all__ = [
    "DeclaredRows",
    "Namespace",
    "declared_rows",
    "desired_catalogue",
    "granted_objects",
    "refuse_unknown",
    "refuse_unknown_options",
]


def desired_catalogue(
    metadatas: Sequence[MetaData], namespace: Namespace, new_tables: AbstractSet[str] = frozenset()
) -> Catalogue:
    """Everything but rows that the metadatas declare.

    :param new_tables: tables that CREATE TABLE makes with their constraints and indexes.
    """
    catalogue = Catalogue()
    for metadata in metadatas:
        for definition in (
            *declared_schemas(metadata),
            *declared_types(metadata, namespace),
            *declared_sequences(metadata, namespace),
            *objects_of_database(metadata, namespace),
        ):
            catalogue.add(definition)
        for table in metadata.tables.values():
            if table.is_view:
                continue
            is_new = dotted(namespace.schema(table.schema), table.name) in new_tables
            for item in objects_of_table(table, namespace):
                catalogue.add(item)
            for constraint in (column_constraints if is_new else declared_constraints)(table, namespace):
                catalogue.add(constraint)
            if not is_new:
                for item in (
                    *declared_indexes(table, namespace),
                    *numbered_columns(table, namespace),
                    *generated_columns(table, namespace),
                ):
                    catalogue.add(item)
        catalogue.privileges.update(declared_privileges(metadata, namespace))
        catalogue.owners.update({owner.on: owner for owner in declared_owners(metadata, namespace)})
    enter_comments(catalogue, metadatas, namespace)
    return catalogue
