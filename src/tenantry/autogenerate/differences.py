"""What differs between database and declaration, in words: one line an object."""

from collections.abc import Iterator, Sequence

from alembic.operations.ops import MigrateOperation

from tenantry.autogenerate.definitions import Definition
from tenantry.autogenerate.definitions.changes import changes
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp


def in_words(operations: Sequence[MigrateOperation]) -> Iterator[str]:
    """A line for each object that operations of ours create, drop or change; Alembic has its own for its own."""
    ours = [operation for operation in operations if isinstance(operation, DefinitionOp)]
    dropped = {item.definition.label(): item.definition for item in ours if isinstance(item, DropOp)}
    rebuilt = dropped.keys() & {item.definition.label() for item in ours if isinstance(item, CreateOp)}
    for operation in ours:
        label = operation.definition.label()
        old = dropped[label] if label in rebuilt else operation.old
        if operation.new is None:
            if label not in rebuilt:
                yield f"{_named(operation.definition)} is in the database and no longer declared"
        elif old is None:
            yield f"{_named(operation.new)} is missing in the database"
        elif operation.new.renaming(old):
            yield f"{_named(old)} is declared as {operation.new.label()}"
        else:
            yield f"{_named(old)}: {changes(old, operation.printed or operation.new) or 'what it uses changes'}"


def _named(definition: Definition) -> str:
    label = definition.label()
    return label.replace("grant ", "grant: ", 1) if definition.kind == "grant" else label
