"""The first step: read the catalogue of the database, in the text PostgreSQL itself prints."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from sqlalchemy import Connection

from tenantry.autogenerate.catalogue import Catalogue
from tenantry.autogenerate.definitions import Definition
from tenantry.autogenerate.inspect import (
    cluster,
    constraints,
    default_privileges,
    generated_columns,
    numbered_columns,
    partitions,
    privileges,
    routines,
    tables,
    types,
)
from tenantry.autogenerate.inspect.ahead import read_ahead
from tenantry.autogenerate.inspect.cluster import inspect_event_triggers, inspect_extensions, inspect_roles
from tenantry.autogenerate.inspect.constraints import inspect_constraints, inspect_indexes
from tenantry.autogenerate.inspect.default_privileges import inspect_default_privileges
from tenantry.autogenerate.inspect.generated_columns import inspect_generated_columns
from tenantry.autogenerate.inspect.numbered_columns import inspect_numbered_columns
from tenantry.autogenerate.inspect.owners import inspect_owners, migrating_role
from tenantry.autogenerate.inspect.privileges import inspect_privileges
from tenantry.autogenerate.inspect.routines import inspect_routines, inspect_views
from tenantry.autogenerate.inspect.scope import Scope, read_ledger, server_version
from tenantry.autogenerate.inspect.tables import inspect_policies, inspect_row_security, inspect_triggers
from tenantry.autogenerate.inspect.types import (
    inspect_composite_types,
    inspect_domains,
    inspect_enums,
    inspect_schemas,
    inspect_sequences,
)

__all__ = [
    "QUERIES",
    "Scope",
    "inspect_database",
    "inspect_default_privileges",
    "inspect_definitions",
    "migrating_role",
    "read_ahead",
    "read_ledger",
    "server_version",
]

#: what each comparison asks
QUERIES: Final = tuple(
    query
    for module in (
        tables,
        constraints,
        routines,
        cluster,
        types,
        numbered_columns,
        generated_columns,
        privileges,
        partitions,
        default_privileges,
    )
    for query in module.QUERIES
)

Reader = Callable[[Connection, Scope], Iterator[Definition]]

_READERS: tuple[Reader, ...] = (
    inspect_row_security,
    inspect_policies,
    inspect_triggers,
    inspect_constraints,
    inspect_indexes,
    inspect_routines,
    inspect_views,
    inspect_roles,
    inspect_extensions,
    inspect_event_triggers,
    inspect_schemas,
    inspect_enums,
    inspect_domains,
    inspect_composite_types,
    inspect_sequences,
    inspect_numbered_columns,
    inspect_generated_columns,
)


def inspect_database(connection: Connection, scope: Scope, migrating: str) -> Catalogue:
    """Everything in scope, apart from what belongs to extensions. Takes no lock but on the system catalogue.

    :param migrating: the role that owns what migrations create.
    """
    catalogue = Catalogue()
    for definition in inspect_definitions(connection, scope, _READERS):
        catalogue.add(definition)
    catalogue.privileges.update(inspect_privileges(connection, scope))
    catalogue.owners.update({owner.on: owner for owner in inspect_owners(connection, scope, migrating)})
    return catalogue


def inspect_definitions(connection: Connection, scope: Scope, readers: Iterable[Reader]) -> Iterator[Definition]:
    """What the given readers find in scope."""
    for reader in readers:
        yield from reader(connection, scope)
