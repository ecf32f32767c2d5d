"""Definitions: complete objects of the database, as a revision holds them. One file a kind."""

from tenantry.autogenerate.definitions.base import Definition, Statement
from tenantry.autogenerate.definitions.constraint import Constraint, Index, ViewIndex
from tenantry.autogenerate.definitions.default_grant import DefaultGrant, Withheld
from tenantry.autogenerate.definitions.dependent import Dependent, Theirs
from tenantry.autogenerate.definitions.event_trigger import EventTrigger
from tenantry.autogenerate.definitions.extension import Extension
from tenantry.autogenerate.definitions.function import Function, Procedure, Routine
from tenantry.autogenerate.definitions.generated_column import GeneratedColumn
from tenantry.autogenerate.definitions.grant import Grant
from tenantry.autogenerate.definitions.identity import Identity, NumberedColumn, Serial
from tenantry.autogenerate.definitions.owner import Owner
from tenantry.autogenerate.definitions.partition import Attachment, Partition, PartitionSecurity
from tenantry.autogenerate.definitions.role import Role
from tenantry.autogenerate.definitions.row_security import Policy, RowSecurity, TableDefinition
from tenantry.autogenerate.definitions.rows import Rows
from tenantry.autogenerate.definitions.schema import Schema
from tenantry.autogenerate.definitions.sequence import Sequence
from tenantry.autogenerate.definitions.tenant_column import TenantColumn
from tenantry.autogenerate.definitions.trigger import Trigger
from tenantry.autogenerate.definitions.types import CompositeType, Domain, Enum, NamedType
from tenantry.autogenerate.definitions.view import View

__all__ = [
    "Attachment",
    "CompositeType",
    "Constraint",
    "DefaultGrant",
    "Definition",
    "Dependent",
    "Domain",
    "Enum",
    "EventTrigger",
    "Extension",
    "Function",
    "GeneratedColumn",
    "Grant",
    "Identity",
    "Index",
    "NamedType",
    "NumberedColumn",
    "Owner",
    "Partition",
    "PartitionSecurity",
    "Policy",
    "Procedure",
    "Role",
    "Routine",
    "RowSecurity",
    "Rows",
    "Schema",
    "Sequence",
    "Serial",
    "Statement",
    "TableDefinition",
    "TenantColumn",
    "Theirs",
    "Trigger",
    "View",
    "ViewIndex",
    "Withheld",
]
