"""The third step: let PostgreSQL print what is declared, so that it compares with what PostgreSQL printed before.

Only what both sides have, and write differently, is printed: see :mod:`tenantry.autogenerate.scratch`.
"""

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, Table

from tenantry.autogenerate.catalogue import Catalogue, Key
from tenantry.autogenerate.definitions import Definition, Policy, Routine, TableDefinition, Trigger, View
from tenantry.autogenerate.scratch import Scratch, column_type

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")

Tables = Mapping[tuple[str | None, str], Table]


@dataclasses.dataclass(frozen=True)
class Declared:
    """A declared object: as it was declared, as a revision writes it, and as PostgreSQL prints it."""

    declared: Definition
    written: Definition
    printed: Definition


def canonicalise(
    connection: Connection, desired: Catalogue, live: Catalogue, tables: Tables, reshaped: Sequence[Table] = ()
) -> dict[Key, Declared]:
    """The desired definitions, by the identity that PostgreSQL gives them.

    :param tables: the declared tables by schema and name.
    :param reshaped: those that are new or about to change: what refers to them has to see the new shape.
    """
    namesakes = _routines_by_name(live)
    doubtful = [item for item in desired.definitions.values() if _doubtful(item, live, namesakes)]
    printed = _print(Scratch(connection, tables, reshaped), doubtful, tables) if doubtful else {}
    declared: dict[Key, Declared] = {}
    for key, item in desired.definitions.items():
        found = printed.get(key, item)
        declared[found.kind, found.identity] = Declared(item, _with_printed_arguments(item, found), found)
    return declared


def _routines_by_name(live: Catalogue) -> dict[tuple[str | None, str], list[Routine]]:
    namesakes: dict[tuple[str | None, str], list[Routine]] = {}
    for item in live.definitions.values():
        if isinstance(item, Routine):
            namesakes.setdefault((item.schema, item.name), []).append(item)
    return namesakes


def _doubtful(item: Definition, live: Catalogue, namesakes: Mapping[tuple[str | None, str], list[Routine]]) -> bool:
    if isinstance(item, Routine):
        return item not in namesakes.get((item.schema, item.name), [])
    if not isinstance(item, Policy | Trigger | View):
        return False
    other = live.definitions.get((item.kind, item.identity))
    return other is not None and other != item


def _with_printed_arguments(written: Definition, printed: Definition) -> Definition:
    """A routine is known by its argument types, so a revision spells them as PostgreSQL does."""
    if isinstance(written, Routine) and isinstance(printed, Routine):
        return dataclasses.replace(written, arguments=printed.arguments)
    return written


def _print(scratch: Scratch, definitions: Sequence[Definition], tables: Tables) -> dict[Key, Definition]:
    """Print one of each group of definitions that read the same; those that name their table, one by one."""
    groups: dict[object, list[Definition]] = {}
    for definition in definitions:
        groups.setdefault(_group(definition, tables), []).append(definition)
    leaders = scratch.print([group[0] for group in groups.values()])
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
    return printed | (scratch.print(alone) if alone else {})


def _group(definition: Definition, tables: Tables) -> object:
    """What decides how an expression on a table is printed: its text, and the types of the columns it names."""
    if not isinstance(definition, Policy | Trigger):
        return definition.kind, definition.identity
    texts = tuple(definition.texts())
    used = set(_words(texts))
    table = tables[definition.schema, definition.table]
    columns = frozenset((column.name, column_type(column)) for column in table.columns if column.name in used)
    if isinstance(definition, Policy):
        return "policy", definition.using, definition.with_check, columns
    return "trigger", definition.when, definition.execute, definition.events, definition.of, columns


def _words(texts: Iterable[str]) -> Iterable[str]:
    return (word for line in texts for word in _WORD.findall(line))


def _names_its_table(leader: Definition) -> bool:
    return isinstance(leader, TableDefinition) and leader.table in _words(leader.texts())


def _share(leader: Definition, follower: Definition) -> Definition:
    if isinstance(leader, Policy) and isinstance(follower, Policy):
        return dataclasses.replace(follower, using=leader.using, with_check=leader.with_check)
    if isinstance(leader, Trigger) and isinstance(follower, Trigger):
        return dataclasses.replace(follower, when=leader.when, execute=leader.execute)
    return follower
