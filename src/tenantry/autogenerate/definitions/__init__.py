"""Definitions: complete objects of the database, as a revision holds them. One file a kind."""

from tenantry.autogenerate.definitions.base import Definition, Statement
from tenantry.autogenerate.definitions.constraint import Constraint, Index, ViewIndex
from tenantry.autogenerate.definitions.default_grant import DefaultGrant, Withheld
from tenantry.autogenerate.definitions.dependent import Dependent, Theirs
from tenantry.autogenerate.definitions.event_trigger import EventTrigger
from tenantry.autogenerate.definitions.extension import Extension
from tenantry.autogenerate.definitions.function import Function, Procedure, Routine
from tenantry.autogenerate.definitions.grant import Grant
from tenantry.autogenerate.definitions.owner import Owner
from tenantry.autogenerate.definitions.partition import Attachment, Partition, PartitionSecurity
from tenantry.autogenerate.definitions.role import Role
from tenantry.autogenerate.definitions.row_security import Policy, RowSecurity, TableDefinition
from tenantry.autogenerate.definitions.rows import Rows
from tenantry.autogenerate.definitions.tenant_column import TenantColumn
from tenantry.autogenerate.definitions.trigger import Trigger
from tenantry.autogenerate.definitions.view import View

__all__ = [
    "Attachment",
    "Constraint",
    "DefaultGrant",
    "Definition",
    "Dependent",
    "EventTrigger",
    "Extension",
    "Function",
    "Grant",
    "Index",
    "Owner",
    "Partition",
    "PartitionSecurity",
    "Policy",
    "Procedure",
    "Role",
    "Routine",
    "RowSecurity",
    "Rows",
    "Statement",
    "TableDefinition",
    "TenantColumn",
    "Theirs",
    "Trigger",
    "View",
    "ViewIndex",
    "Withheld",
]
