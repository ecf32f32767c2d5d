"""Whether PostgreSQL writes a whole table anew for a column."""

import re
from collections.abc import Set as AbstractSet
from typing import Any

from alembic.operations import ops as stock
from sqlalchemy import CHAR, Column, Enum, Float, Numeric, String
from sqlalchemy.types import TypeEngine

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.words import words


def adding_rewrites(column: Column[Any], volatile: AbstractSet[str]) -> bool:
    """Adding a column does if each row gets a value of its own.

    :param volatile: names of functions that give another value each time.
    """
    if column.identity is not None:
        return True
    if column.computed is not None:
        return bool(column.computed.persisted)
    return bool(default_words(column.server_default) & volatile)


def default_words(default: object) -> set[str]:
    """The names that a default mentions."""
    return words([str(getattr(default, "arg", default))])


def altering_rewrites(operation: stock.AlterColumnOp) -> bool:
    """Another type does unless each value is stored as it was, and allowed to be."""
    using = operation.kw.get("postgresql_using")
    plain = using is None or re.fullmatch(rf'"?{re.escape(operation.column_name)}"?\s*::[\w\s(),]+', using)
    old, new = operation.existing_type, operation.modify_type
    if old is None or new is None or not plain:
        return True
    return not (_same(old, new) or _longer_text(old, new) or _wider_number(old, new))


def _same(old: TypeEngine[Any], new: TypeEngine[Any]) -> bool:
    return old.compile(dialect=sql.DIALECT) == new.compile(dialect=sql.DIALECT)


def _longer_text(old: TypeEngine[Any], new: TypeEngine[Any]) -> bool:
    if not all(isinstance(kind, String) and not isinstance(kind, CHAR | Enum) for kind in (old, new)):
        return False
    before, after = getattr(old, "length", None), getattr(new, "length", None)
    return after is None or (before is not None and after >= before)


def _wider_number(old: TypeEngine[Any], new: TypeEngine[Any]) -> bool:
    if not isinstance(old, Numeric) or not isinstance(new, Numeric) or isinstance(old, Float) or isinstance(new, Float):
        return False
    if new.precision is None:
        return True
    return old.precision is not None and old.precision <= new.precision and (old.scale or 0) == (new.scale or 0)
