"""The third step: let PostgreSQL print what is declared, so that it compares with what PostgreSQL printed before.

Only what both sides have, and write differently, is printed: see :mod:`tenantry.autogenerate.scratch`.
"""

import dataclasses
from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, Table

from tenantry.autogenerate import definitions
from tenantry.autogenerate.catalogue import Catalogue, Declared, Key
from tenantry.autogenerate.definitions import (
    CompositeType,
    Constraint,
    Definition,
    Domain,
    Enum,
    GeneratedColumn,
    Index,
    NamedType,
    Partition,
    Policy,
    Routine,
    Schema,
    TableDefinition,
    Trigger,
    View,
)
from tenantry.autogenerate.nameless import name_constraints
from tenantry.autogenerate.scratch import Scratch, column_type
from tenantry.autogenerate.words import words

Tables = Mapping[tuple[str | None, str], Table]


def canonicalise(
    connection: Connection,
    desired: Catalogue,
    live: Catalogue,
    tables: Tables,
    *,
    reshaped: Sequence[Table] = (),
    ledger: Collection[Key] = (),
) -> dict[Key, Declared]:
    """The desired definitions, by the identity that PostgreSQL gives them.

    :param tables: the declared tables by schema and name.
    :param reshaped: those that are new or about to change: what refers to them has to see the new shape.
    :param ledger: what migrations made.
    """
    _keep_comments(desired, live, ledger)
    namesakes = _routines_by_name(live)
    doubtful = [item for item in desired.definitions.values() if _doubtful(item, live, namesakes)]
    if any(isinstance(item, Partition) for item in doubtful):  # one may be a part of another
        doubtful += [
            item for item in desired.definitions.values() if isinstance(item, Partition) and item not in doubtful
        ]
    doubtful.sort(key=lambda item: not isinstance(item, GeneratedColumn))  # expressions may use them
    new = [item for key, item in desired.definitions.items() if _is_named(item) and key not in live.definitions]
    scratch = Scratch(connection, tables, live, reshaped, new)
    printed = scratch.print([item for item in doubtful if isinstance(item, NamedType)])
    rest = [item for item in doubtful if not isinstance(item, NamedType)]
    printed |= _print(scratch, rest, tables)
    if changed := _changed_types(desired, printed, live):
        refused = [item for item in rest if (item.kind, item.identity) not in printed]
        printed |= _print(scratch, refused, tables, changed)
    printed |= _reprinted(scratch, printed, live)
    declared: dict[Key, Declared] = {}
    for key, item in desired.definitions.items():
        found = printed.get(key, item)
        declared[found.kind, found.identity] = Declared(item, _with_printed_parts(item, found), found)
    return name_constraints(declared, live, tables)


def _keep_comments(desired: Catalogue, live: Catalogue, ledger: Collection[Key]) -> None:
    """Types and sequences that others made, and all indexes, keep their comments unless others are declared."""
    for key, item in desired.definitions.items():
        theirs = key in live.definitions and key not in ledger
        if theirs and isinstance(item, Enum | Domain | Index | definitions.Sequence) and item.comment is None:
            comment = getattr(live.definitions[key], "comment", None)
            desired.definitions[key] = dataclasses.replace(item, comment=comment)


def _is_named(item: Definition) -> bool:
    """Whether definitions that are declared at the same time may not be understood without it."""
    return isinstance(item, NamedType | Schema)


def _changed_types(desired: Catalogue, printed: Mapping[Key, Definition], live: Catalogue) -> list[NamedType]:
    """Types that are there with another content."""
    types = {key: item for key, item in desired.definitions.items() if isinstance(item, NamedType)}
    return [item for key, item in types.items() if live.definitions.get(key, item) != printed.get(key, item)]


def _routines_by_name(live: Catalogue) -> dict[tuple[str | None, str], list[Routine]]:
    namesakes: dict[tuple[str | None, str], list[Routine]] = {}
    for item in live.definitions.values():
        if isinstance(item, Routine):
            namesakes.setdefault((item.schema, item.name), []).append(item)
    return namesakes


def _doubtful(item: Definition, live: Catalogue, namesakes: Mapping[tuple[str | None, str], list[Routine]]) -> bool:
    if isinstance(item, Routine):
        return item not in namesakes.get((item.schema, item.name), [])
    if isinstance(item, Constraint) and not item.name:
        return True
    if not isinstance(item, GeneratedColumn | Policy | Trigger | View | Constraint | Index | Partition | NamedType):
        return False
    other = live.definitions.get((item.kind, item.identity))
    return other is not None and other != item


def _with_printed_parts(written: Definition, printed: Definition) -> Definition:
    """What a revision spells as PostgreSQL does: argument types, by which a routine is known, and what types are."""
    if isinstance(written, Domain | CompositeType):
        return printed
    if isinstance(written, GeneratedColumn) and isinstance(printed, GeneratedColumn):
        return dataclasses.replace(written, type=printed.type)
    if isinstance(written, Routine) and isinstance(printed, Routine):
        return dataclasses.replace(written, arguments=printed.arguments)
    return written


def _reprinted(scratch: Scratch, printed: Mapping[Key, Definition], live: Catalogue) -> dict[Key, Definition]:
    """Those that are the same after all: PostgreSQL does not always read its own print back as it was.

    What a downgrade or a restored dump created came from such a print, so both sides are printed once more.
    """
    theirs = {key: live.definitions[key] for key, item in printed.items() if live.definitions.get(key, item) != item}
    again = scratch.print([printed[key] for key in theirs])
    settled = scratch.print(list(theirs.values()))
    return {key: theirs[key] for key, item in again.items() if settled.get(key) == item}


def _print(
    scratch: Scratch, items: Sequence[Definition], tables: Tables, types: Sequence[NamedType] = ()
) -> dict[Key, Definition]:
    """Print one of each group of definitions that read the same; those that name their table, one by one."""
    groups: dict[object, list[Definition]] = {}
    for item in items:
        groups.setdefault(_group(item, tables), []).append(item)
    leaders = scratch.print([group[0] for group in groups.values()], types=types)
    printed: dict[Key, Definition] = {}
    alone: list[Definition] = []
    for first, *others in groups.values():
        leader = leaders.get((first.kind, first.identity))
        if leader is None:
            continue
        printed[first.kind, first.identity] = leader
        if _names_its_table(leader):
            alone += others
        else:
            printed |= {(other.kind, other.identity): _share(leader, other) for other in others}
    return printed | scratch.print(alone, types=types)


def _group(definition: Definition, tables: Tables) -> object:
    """What decides how an expression on a table is printed: its text, and the types of the columns it names."""
    if not isinstance(definition, Policy | Trigger | Constraint | Index):
        return definition.kind, definition.identity
    texts = tuple(definition.texts())
    used = words(texts)
    table = tables.get((definition.schema, definition.table))
    if table is None:  # it hangs on a view
        return definition.kind, definition.identity
    columns = frozenset((column.name, column_type(column)) for column in table.columns if column.name in used)
    if isinstance(definition, Policy):
        return definition.kind, definition.using, definition.with_check, columns
    if isinstance(definition, Constraint | Index):
        return definition.kind, definition.definition, columns
    return definition.kind, definition.when, definition.execute, definition.events, definition.of, columns


def _names_its_table(leader: Definition) -> bool:
    return isinstance(leader, TableDefinition) and leader.table in words(leader.texts())


def _share(leader: Definition, follower: Definition) -> Definition:
    if isinstance(leader, Policy) and isinstance(follower, Policy):
        return dataclasses.replace(follower, using=leader.using, with_check=leader.with_check)
    if isinstance(leader, Trigger) and isinstance(follower, Trigger):
        return dataclasses.replace(follower, when=leader.when, execute=leader.execute)
    if isinstance(leader, Constraint | Index) and isinstance(follower, Constraint | Index):
        return dataclasses.replace(follower, definition=leader.definition)
    return follower
