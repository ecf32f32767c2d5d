"""Generated columns: which change in place, and what comes back with the others."""

from collections.abc import Collection, Iterable, MutableMapping
from dataclasses import replace

from sqlalchemy import Connection

from tenantry.autogenerate.catalogue import Catalogue, Key
from tenantry.autogenerate.definitions import Constraint, GeneratedColumn
from tenantry.autogenerate.diff import Change
from tenantry.autogenerate.inspect import Scope, server_version
from tenantry.autogenerate.inspect.generated_columns import inspect_belongings

_SETS_EXPRESSIONS = 17


def settle_generated(connection: Connection, live: Catalogue, changes: MutableMapping[Key, Change]) -> set[Key]:
    """Have those be rebuilt that PostgreSQL cannot change in place.

    :return: the columns that something else takes the place of.
    """
    found = {key: change for key, change in changes.items() if _is_generated(change)}
    if not found:
        return set()
    checked = {item.belongs_to() for item in live.definitions.values() if isinstance(item, Constraint)}
    in_place = server_version(connection) >= _SETS_EXPRESSIONS
    for key, change in found.items():
        old, new = change.old, change.new
        if isinstance(old, GeneratedColumn) and isinstance(new, GeneratedColumn):
            # PostgreSQL does not read CHECKs anew for what it does not store
            alterable = in_place and (new.stored or new.belongs_to() not in checked)
            same = (change.printed or new) == replace(old, not_null=new.not_null)
            written = replace(new, expression=old.expression) if same else new
            changes[key] = replace(change, new=written, rebuilt=change.rebuilt or not (alterable or same))
        else:
            changes[key] = replace(
                change,
                old=replace(old, stays=True) if isinstance(old, GeneratedColumn) else None,
                new=replace(new, stays=True) if isinstance(new, GeneratedColumn) else None,
            )
    return {key for key in found if changes[key].drops or changes[key].old is None}


def with_belongings(
    connection: Connection, scope: Scope, changes: MutableMapping[Key, Change], dropped: Collection[str]
) -> None:
    """Have what goes with generated columns come back with them.

    :param dropped: identities of indexes and constraints that Alembic drops.
    """
    found = {key: change for key, change in changes.items() if _is_generated(change) and _moves(change)}
    if not found:
        return
    moving = {*dropped, *(key[1] for key, change in changes.items() if change.old is not None and change.drops)}
    columns = [item for change in found.values() for item in _generated(change)]
    belongings: dict[str, list[str]] = {}
    for item in inspect_belongings(connection, scope, columns):
        if item.identity not in moving:
            belongings.setdefault(item.column, []).append(item.made_by)
    for key, change in found.items():
        changes[key] = _equipped(change, belongings.get(key[1], ()))


def _equipped(change: Change, belongings: Iterable[str]) -> Change:
    with_it = tuple(belongings)
    old, new = change.old, change.new
    comment = next(item.comment for item in _generated(change))
    return replace(
        change,
        old=replace(old, with_it=with_it) if isinstance(old, GeneratedColumn) else None,
        new=replace(new, with_it=with_it, comment=comment) if isinstance(new, GeneratedColumn) else None,
    )


def _is_generated(change: Change) -> bool:
    return any(_generated(change))


def _generated(change: Change) -> list[GeneratedColumn]:
    return [item for item in (change.old, change.new) if isinstance(item, GeneratedColumn)]


def _moves(change: Change) -> bool:
    return change.drops or change.old is None
