"""Everything but rows, constraints and privileges that a metadata declares, in the text it was written in."""

import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import MetaData, Table

from tenantry import ddl
from tenantry.autogenerate import definitions
from tenantry.autogenerate.desired.namespace import Namespace
from tenantry.autogenerate.desired.roles import role_definition


def objects_of_database(metadata: MetaData, namespace: Namespace) -> Iterator[definitions.Definition]:
    """Roles, extensions, routines, partitions, views and what hangs on them."""
    for role in ddl.declared(metadata, ddl.Role):
        yield role_definition(role)
    for extension in ddl.declared(metadata, ddl.Extension):
        yield definitions.Extension(
            extension.name, schema=extension.schema, version=extension.version, comment=extension.comment
        )
    for routine in ddl.declared(metadata, ddl.Routine):
        yield routine_definition(routine, namespace)
    for partition in ddl.declared(metadata, ddl.Partition):
        yield from _partition(partition, namespace)
    for view in ddl.declared(metadata, ddl.View):
        yield definitions.View(
            view.name,
            schema=namespace.schema(view.schema),
            materialized=view.materialized,
            definition=ddl.sql_text(view.definition).strip().removesuffix(";"),
            security_invoker=view.security_invoker,
            security_barrier=view.security_barrier,
            check_option=view.check_option,
            column_comments=tuple(sorted(view.column_comments.items())),
            comment=view.comment,
        )
        yield from _view_indexes(view, namespace)
    for trigger in ddl.declared(metadata, ddl.Trigger):
        yield _trigger(trigger, trigger.on, namespace)
    for event_trigger in ddl.declared(metadata, ddl.EventTrigger):
        yield definitions.EventTrigger(
            event_trigger.name,
            event=event_trigger.event,
            tags=tuple(sorted(event_trigger.tags)),
            execute=_call(event_trigger.execute, namespace),
            enabled=event_trigger.enabled,
            comment=event_trigger.comment,
        )


_NAME = re.compile(r'"((?:[^"]|"")+)"|([^\s".()]+)')


def _call(execute: str, namespace: Namespace) -> str:
    """The call of a function without arguments, as PostgreSQL prints it."""
    found = _NAME.findall(execute)
    names = [quoted.replace('""', '"') if quoted else plain.lower() for quoted, plain in found]
    schema = namespace.schema(names[-2]) if len(names) > 1 else None
    return f"{definitions.sql.qualified(schema, names[-1])}()"


def _view_indexes(view: ddl.View, namespace: Namespace) -> Iterator[definitions.ViewIndex]:
    schema = namespace.schema(view.schema)
    for index in view.indexes:
        yield definitions.ViewIndex(
            view.name, index.name, index.definition, schema=schema, unique=index.unique, comment=index.comment
        )


def _partition(partition: ddl.Partition, namespace: Namespace) -> Iterator[definitions.Definition]:
    """A partition, with row security of its own: it can be reached around the policies of its table."""
    schema = namespace.schema(partition.schema)
    yield definitions.Partition(
        partition.of.name,
        partition.name,
        values=partition.values,
        partition_by=partition.partition_by,
        table_schema=namespace.schema(partition.of.schema),
        schema=schema,
        comment=partition.comment,
    )
    for security in ddl.declared(partition.table, ddl.RowSecurity):
        yield definitions.RowSecurity(partition.name, schema=schema, enabled=security.enabled, force=security.force)


def routine_definition(routine: ddl.Routine, namespace: Namespace) -> definitions.Routine:
    """A function or procedure as it was written."""
    common: dict[str, Any] = {
        "arguments": routine.arguments,
        "language": routine.language,
        "body": routine.body,
        "security": routine.security,
        "search_path": routine.search_path,
        "settings": tuple(sorted(routine.settings.items())),
        "schema": namespace.schema(routine.schema),
        "comment": routine.comment,
    }
    if not isinstance(routine, ddl.Function):
        return definitions.Procedure(routine.name, **common)
    return definitions.Function(
        routine.name,
        returns=routine.returns,
        volatility=routine.volatility,
        strict=routine.strict,
        parallel=routine.parallel,
        leakproof=routine.leakproof,
        cost=routine.cost,
        rows=routine.rows,
        **common,
    )


def objects_of_table(table: Table, namespace: Namespace) -> Iterator[definitions.Definition]:
    """Row security, policies and triggers."""
    schema = namespace.schema(table.schema)
    for security in ddl.declared(table, ddl.RowSecurity):
        yield definitions.RowSecurity(table.name, schema=schema, enabled=security.enabled, force=security.force)
    for policy in ddl.declared(table, ddl.Policy):
        everybody = any(role.lower() == "public" for role in policy.to)
        yield definitions.Policy(
            table.name,
            policy.name,
            schema=schema,
            command=policy.command,
            to=() if everybody else tuple(sorted(policy.to)),
            using=None if policy.using is None else ddl.sql_text(policy.using),
            with_check=None if policy.with_check is None else ddl.sql_text(policy.with_check),
            restrictive=policy.restrictive,
            comment=policy.comment,
        )
    for trigger in ddl.declared(table, ddl.Trigger):
        yield _trigger(trigger, table, namespace)


def _trigger(trigger: ddl.Trigger, on: Table | ddl.View, namespace: Namespace) -> definitions.Trigger:
    return definitions.Trigger(
        on.name,
        trigger.name,
        schema=namespace.schema(on.schema),
        timing=trigger.timing,
        events=trigger.events,
        of=trigger.of,
        when=None if trigger.when is None else ddl.sql_text(trigger.when),
        execute=trigger.execute,
        for_each=trigger.for_each,
        constraint=trigger.constraint,
        deferrable=trigger.deferrable,
        initially_deferred=trigger.initially_deferred,
        old_table=trigger.old_table,
        new_table=trigger.new_table,
        enabled=trigger.enabled,
        comment=trigger.comment,
    )
