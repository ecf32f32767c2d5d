"""The operations of a revision: create, drop and replace a definition.

They are plain functions, typed, and mean the same whatever the kind: ``create(Policy(...))``.
"""

import itertools
from collections.abc import Iterable, Sequence
from typing import Any, Final

from alembic import op
from alembic.operations import MigrateOperation, Operations
from alembic.operations.ops import OpContainer
from sqlalchemy import Connection

from tenantry.autogenerate import ledger
from tenantry.autogenerate.definitions import Definition, Statement, sql
from tenantry.autogenerate.definitions.changes import changes

#: execution option: the single statements of a text whose results nobody reads
STATEMENTS: Final = "tenantry_statements"


def create(definition: Definition) -> None:
    """Create an object, or grant, or insert: whatever the definition says."""
    op.invoke(CreateOp(definition))


def drop(definition: Definition) -> None:
    """Drop an object; the definition is what a downgrade restores."""
    op.invoke(DropOp(definition))


def replace(old: Definition, new: Definition) -> None:
    """Turn one definition of an object into another, in place where PostgreSQL can."""
    op.invoke(ReplaceOp(old, new))


class _Difference(tuple[str]):
    """A difference that reads as a line of a list, which is how ``alembic check`` prints it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"\n  {self[0]}"


class DefinitionOp(MigrateOperation):
    """An operation on definitions: ``old`` is there before it, ``new`` after it.

    :ivar printed: ``new`` as PostgreSQL prints it, where a comparison has found that out.
    """

    verb: str
    printed: Definition | None = None

    def __init__(self, old: Definition | None, new: Definition | None) -> None:
        self.old = old
        self.new = new

    @property
    def definition(self) -> Definition:
        """The definition that names the object."""
        definition = self.new or self.old
        assert definition is not None  # noqa: S101
        return definition

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """What ``alembic check`` prints."""
        return _Difference([self.difference()])

    def difference(self) -> str:
        """What happens to which object."""
        return f"{self.verb} {self.definition.label()}"

    def statements(self, role_names: dict[str, str]) -> list[Statement]:
        """The SQL, with the ledger kept."""
        raise NotImplementedError


class CreateOp(DefinitionOp):
    """Create an object."""

    verb = "create"

    def __init__(self, definition: Definition) -> None:
        super().__init__(None, definition)

    def reverse(self) -> "DropOp":  # noqa: D102
        return DropOp(self.definition)

    def statements(self, role_names: dict[str, str]) -> list[Statement]:  # noqa: D102
        entries = self.definition.ledger_entries()
        remembered = [Statement(ledger.remember(*entries))] if entries else []
        return [*self.definition.with_roles(role_names).create(), *remembered]


class DropOp(DefinitionOp):
    """Drop an object."""

    verb = "drop"

    def __init__(self, definition: Definition) -> None:
        super().__init__(definition, None)

    def reverse(self) -> CreateOp:  # noqa: D102
        return CreateOp(self.definition)

    def statements(self, role_names: dict[str, str]) -> list[Statement]:  # noqa: D102
        entries = self.definition.ledger_entries()
        forgotten = [Statement(ledger.forget(*entries))] if entries else []
        return [*self.definition.with_roles(role_names).drop(), *forgotten]


class ReplaceOp(DefinitionOp):
    """Turn one definition of an object into another."""

    verb = "change"

    def __init__(self, old: Definition, new: Definition) -> None:
        super().__init__(old, new)

    def difference(self) -> str:  # noqa: D102
        assert self.old is not None and self.new is not None  # noqa: S101, PT018
        if self.new.renaming(self.old):
            return f"rename {self.old.label()} to {self.new.label()}"
        changed = changes(self.old, self.printed or self.new)
        return f"{super().difference()}: {changed}" if changed else super().difference()

    def reverse(self) -> MigrateOperation:  # noqa: D102
        assert self.old is not None and self.new is not None  # noqa: S101, PT018
        return ReplaceOp(self.new, self.old)

    def statements(self, role_names: dict[str, str]) -> list[Statement]:  # noqa: D102
        assert self.old is not None and self.new is not None  # noqa: S101, PT018
        old, new = self.old.with_roles(role_names), self.new.with_roles(role_names)
        renaming = new.renaming(old)
        if renaming is None:
            return list(new.replace(old))
        renamed = old.named_as(new)
        return [renaming, *_renamed_entries(self.old, self.new), *([] if renamed == new else new.replace(renamed))]


def _renamed_entries(old: Definition, new: Definition) -> Iterable[Statement]:
    """A renamed object keeps its place in the ledger, and what was granted on it as well."""
    for before, after in zip(old.ledger_entries(), new.ledger_entries(), strict=True):
        yield Statement(ledger.rename(before, after[1]))
    target, granted_on = old.grant_target(), new.grant_target()
    if target and granted_on:
        yield Statement(ledger.rename_target(target, granted_on))


class OneWayOp(ReplaceOp):
    """A change in place that only more than one operation undoes.

    :param back: these.
    """

    def __init__(self, old: Definition, new: Definition, back: Sequence[MigrateOperation]) -> None:
        super().__init__(old, new)
        self.back = back

    def reverse(self) -> "Steps":  # noqa: D102
        return Steps(self.back, self)


class Steps(OpContainer):
    """The operations that undo another one."""

    def __init__(self, ops: Sequence[MigrateOperation], undone: MigrateOperation) -> None:
        super().__init__(ops)
        self._undone = undone

    def reverse(self) -> MigrateOperation:  # noqa: D102
        return self._undone


@Operations.implementation_for(DefinitionOp)
def _run(operations: Operations, operation: DefinitionOp) -> None:
    options = operations.migration_context.opts
    statements = operation.statements(dict(options.get("tenantry_role_names") or {}))
    _execute(operations, [*_ledger(operations), *_as_whom(statements, options.get("tenantry_run_as"))])


def _ledger(operations: Operations) -> list[Statement]:
    """What has the ledger be there, the first time that it is needed."""
    memory = operations.migration_context.impl.memo
    if memory.get(ledger.TABLE):
        return []
    memory[ledger.TABLE] = True
    return [Statement(statement) for statement in ledger.CREATE]


def _as_whom(statements: Sequence[Statement], owner: str | None) -> Iterable[Statement]:
    """Step back to the login for what the owner of the objects may not do."""
    for statement in statements:
        if owner and statement.as_login:
            yield Statement("RESET ROLE")
            yield statement
            yield Statement(f"SET LOCAL ROLE {sql.identifier(owner)}")
        else:
            yield statement


def _execute(operations: Operations, statements: Iterable[Statement]) -> None:
    context = operations.migration_context
    run = _write if context.as_sql else _send
    for concurrently, group in itertools.groupby(statements, key=lambda statement: statement.concurrently is not None):
        if not concurrently or context._in_external_transaction:  # noqa: SLF001
            run(operations, group)
            continue
        with context.autocommit_block():
            for statement in group:  # each by itself: several at once would be a transaction
                run(operations, [Statement(statement.concurrently or "")])


def _write(operations: Operations, statements: Iterable[Statement]) -> None:
    """Into a script."""
    impl = operations.migration_context.impl
    for statement in statements:
        impl.static_output(_inlined(statement) + impl.command_terminator)


def _send(operations: Operations, statements: Iterable[Statement]) -> None:
    """Past SQLAlchemy's text(), which would read ``:name`` and ``%`` in a body as something else."""
    connection: Connection = operations.get_bind()
    for alone, group in itertools.groupby(statements, key=lambda statement: statement.parameters is not None):
        if alone:
            for statement in group:
                connection.exec_driver_sql(statement.sql, statement.parameters)
        else:  # in one round trip
            texts = tuple(statement.sql for statement in group)
            options = {"no_parameters": True, STATEMENTS: texts}
            connection.exec_driver_sql(";\n".join(texts), execution_options=options)


def _inlined(statement: Statement) -> str:
    if statement.parameters is None:
        return statement.sql
    pieces = statement.sql.split("%s")
    values = [sql.literal(value) for value in statement.parameters]
    return pieces[0] + "".join(value + piece for value, piece in zip(values, pieces[1:], strict=True))
