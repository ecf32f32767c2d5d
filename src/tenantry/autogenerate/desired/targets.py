"""What a declaration stands on, as GRANT names it."""

from sqlalchemy import Table

from tenantry import ddl
from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.desired.namespace import Namespace
from tenantry.autogenerate.desired.objects import routine_definition
from tenantry.ddl.privileges import kind_of


def target(on: ddl.GrantTarget, namespace: Namespace) -> tuple[str, str | None]:
    """The object, and the table that has to be there for it, if it is one."""
    if isinstance(on, Table):
        schema = namespace.schema(on.schema)
        return f"table {sql.qualified(schema, on.name)}", dotted(schema, on.name)
    if isinstance(on, ddl.Routine):
        return f"{on.kind} {routine_definition(on, namespace).signature}", None
    if isinstance(on, ddl.Schema):
        return f"schema {sql.identifier(on.name)}", None
    return f"{kind_of(on)} {sql.qualified(namespace.schema(on.schema), str(on.name))}", None
