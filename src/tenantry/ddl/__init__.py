"""What can be declared beside tables: row security, routines, triggers, views, grants, roles, rows and more."""

from tenantry.ddl.attachment import DatabaseItem, DeclarationError, TableItem, declared
from tenantry.ddl.comment import Comment, CommentTarget
from tenantry.ddl.composite_type import CompositeType
from tenantry.ddl.default_grant import DefaultGrant
from tenantry.ddl.event_trigger import EventTrigger
from tenantry.ddl.exemption import Exemption
from tenantry.ddl.expression import Expression, sql_text
from tenantry.ddl.extension import Extension
from tenantry.ddl.function import Function, Procedure, Routine
from tenantry.ddl.grant import Grant, GrantTarget
from tenantry.ddl.naming import NAMING_CONVENTION
from tenantry.ddl.owner import Owner
from tenantry.ddl.partition import Partition
from tenantry.ddl.policy import Policy, RowSecurity
from tenantry.ddl.role import Membership, Role
from tenantry.ddl.rows import Rows
from tenantry.ddl.schema import Schema
from tenantry.ddl.trigger import Trigger
from tenantry.ddl.view import View, ViewIndex

__all__ = [
    "NAMING_CONVENTION",
    "Comment",
    "CommentTarget",
    "CompositeType",
    "DatabaseItem",
    "DeclarationError",
    "DefaultGrant",
    "EventTrigger",
    "Exemption",
    "Expression",
    "Extension",
    "Function",
    "Grant",
    "GrantTarget",
    "Membership",
    "Owner",
    "Partition",
    "Policy",
    "Procedure",
    "Role",
    "Routine",
    "RowSecurity",
    "Rows",
    "Schema",
    "TableItem",
    "Trigger",
    "View",
    "ViewIndex",
    "declared",
    "sql_text",
]
