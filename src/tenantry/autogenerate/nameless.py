"""Constraints that were declared without a name get the one that PostgreSQL gave them, or would give."""

import dataclasses
import itertools
from collections.abc import Iterator, Mapping

from sqlalchemy import Table

from tenantry.autogenerate.catalogue import Catalogue, Declared, Key
from tenantry.autogenerate.definitions import Constraint
from tenantry.autogenerate.words import words


def name_constraints(
    declared: Mapping[Key, Declared], live: Catalogue, tables: Mapping[tuple[str | None, str], Table]
) -> dict[Key, Declared]:
    """The declared objects, none nameless: named as the live constraint that says the same, else as the next free."""
    nameless = {
        key: item.printed
        for key, item in declared.items()
        if isinstance(item.printed, Constraint) and not item.printed.name
    }
    result = {key: item for key, item in declared.items() if key not in nameless}
    changed = []
    for key, constraint in nameless.items():
        unclaimed = (other for found, other in live.definitions.items() if found not in result)
        same = (other for other in unclaimed if isinstance(other, Constraint) and _says_the_same(other, constraint))
        if named := next(same, None):
            result[named.kind, named.identity] = _called(named.name, declared[key], constraint)
        else:
            changed.append(key)
    for key in changed:
        candidates = _candidates(nameless[key], tables[nameless[key].schema, nameless[key].table])
        free = next(other for other in candidates if (other.kind, other.identity) not in result)
        result[free.kind, free.identity] = _called(free.name, declared[key], nameless[key])
    return result


def _called(name: str, item: Declared, nameless: Constraint) -> Declared:
    printed = dataclasses.replace(nameless, name=name)
    written = dataclasses.replace(printed, definition=" ".join(item.written.texts()))
    return Declared(item.declared, written, printed)


def _says_the_same(one: Constraint, other: Constraint) -> bool:
    return dataclasses.replace(one, name="") == dataclasses.replace(other, name="")


def _candidates(nameless: Constraint, table: Table) -> Iterator[Constraint]:
    """PostgreSQL's own rule: the table, the column if it is only one, check, and a number if that is taken."""
    used = words([nameless.definition]) & {column.name for column in table.columns}
    stem = "_".join([table.name, *(used if len(used) == 1 else ()), "check"])
    for number in itertools.count():
        yield dataclasses.replace(nameless, name=f"{stem}{number or ''}")
