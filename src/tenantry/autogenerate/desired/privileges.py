"""The privileges that a metadata declares."""

from collections.abc import Iterator

from sqlalchemy import MetaData, Table

from tenantry import ddl
from tenantry.autogenerate.catalogue import Privilege
from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.desired.namespace import Namespace
from tenantry.autogenerate.desired.objects import routine_definition


def declared_privileges(metadata: MetaData, namespace: Namespace) -> Iterator[Privilege]:
    """Each privilege, one by one."""
    everywhere = [grant for table in metadata.tables.values() for grant in ddl.declared(table, ddl.Grant)]
    for grant in [*ddl.declared(metadata, ddl.Grant), *everywhere]:
        on, table = _target(grant.on, namespace)
        for role in grant.to:
            for privilege in grant.privileges:
                for column in grant.columns or ("",):
                    name = "public" if role.lower() == "public" else role
                    yield Privilege(on, name, privilege, column, table)


def _target(on: ddl.GrantTarget, namespace: Namespace) -> tuple[str, str | None]:
    if isinstance(on, Table):
        schema = namespace.schema(on.schema)
        return f"table {sql.qualified(schema, on.name)}", dotted(schema, on.name)
    if isinstance(on, ddl.Routine):
        return f"{on.kind} {routine_definition(on, namespace).signature}", None
    if isinstance(on, ddl.View):
        return f"table {sql.qualified(namespace.schema(on.schema), on.name)}", None
    return f"schema {sql.identifier(on.name)}", None
