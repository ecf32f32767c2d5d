"""The second step: the catalogue that the metadata declares, in the text it was written in."""

import dataclasses
import datetime as dt
import decimal
import enum
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, JSON, Column, MetaData, Table, Uuid

from tenantry import ddl
from tenantry.autogenerate import definitions
from tenantry.autogenerate.catalogue import Catalogue, Privilege
from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.row_security import dotted


@dataclasses.dataclass(frozen=True)
class Namespace:
    """How a declaration's names become a definition's: the default schema is not written.

    :param default_schema: the schema that unqualified names mean.
    """

    default_schema: str

    def schema(self, name: str | None) -> str | None:
        """A schema as definitions write it."""
        return None if name == self.default_schema else name


def desired_catalogue(metadatas: Iterable[MetaData], namespace: Namespace) -> Catalogue:
    """Everything but rows that the metadatas declare."""
    catalogue = Catalogue()
    for metadata in metadatas:
        for definition in _of_database(metadata, namespace):
            catalogue.add(definition)
        for table in metadata.tables.values():
            for item in _of_table(table, namespace):
                catalogue.add(item)
        catalogue.privileges.update(_privileges(metadata, namespace))
    return catalogue


def _of_database(metadata: MetaData, namespace: Namespace) -> Iterator[definitions.Definition]:
    for role in ddl.declared(metadata, ddl.Role):
        member_of = tuple(sorted(role.member_of))
        yield definitions.Role(
            role.name, login=role.login, bypass_rls=role.bypass_rls, member_of=member_of, comment=role.comment
        )
    for extension in ddl.declared(metadata, ddl.Extension):
        yield definitions.Extension(extension.name, schema=namespace.schema(extension.schema))
    for routine in ddl.declared(metadata, ddl.Routine):
        yield routine_definition(routine, namespace)
    for view in ddl.declared(metadata, ddl.View):
        yield definitions.View(
            view.name,
            schema=namespace.schema(view.schema),
            materialized=view.materialized,
            definition=ddl.sql_text(view.definition).strip().removesuffix(";"),
            security_invoker=view.security_invoker,
            security_barrier=view.security_barrier,
            check_option=view.check_option,
            comment=view.comment,
        )


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


def _of_table(table: Table, namespace: Namespace) -> Iterator[definitions.Definition]:
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
        yield definitions.Trigger(
            table.name,
            trigger.name,
            schema=schema,
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
            comment=trigger.comment,
        )


def _privileges(metadata: MetaData, namespace: Namespace) -> Iterator[Privilege]:
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


def declared_rows(metadatas: Iterable[MetaData]) -> list[tuple[Table, tuple[str, ...], list[dict[str, Any]]]]:
    """The reference rows of each table, by column name, with values as SQL reads them."""
    return [
        (rows.table, rows.key, [_row(rows.table, row) for row in rows.rows])
        for metadata in metadatas
        for rows in ddl.declared(metadata, ddl.Rows)
    ]


def _row(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    columns: dict[str, Column[Any]] = {**{column.name: column for column in table.columns}, **dict(table.columns)}
    return {columns[name].name: _value(columns[name], value) for name, value in row.items()}


def _value(column: Column[Any], value: Any) -> Any:
    if isinstance(column.type, JSON) and value is not None:
        return value if isinstance(value, dict | list) else json.dumps(value)
    if isinstance(column.type, ARRAY) and isinstance(value, Sequence) and not isinstance(value, str):
        return "{" + ",".join("NULL" if item is None else json.dumps(str(item)) for item in value) + "}"
    if isinstance(column.type, Uuid) and isinstance(value, str):
        return str(uuid.UUID(value))
    return _plain(value)


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    if isinstance(value, decimal.Decimal | uuid.UUID | float | dt.timedelta):
        return str(value)
    return value
