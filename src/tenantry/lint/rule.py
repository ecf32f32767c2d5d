"""What a rule is and what it finds."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from tenantry.lint.database import Database


class Severity(IntEnum):
    """How bad a finding is; a worse one is greater."""

    #: worth knowing: it helps an attacker who found a way in elsewhere
    NOTE = 1
    #: one mistake away from a hole, or a price that tenants pay for one another
    WARNING = 2
    #: a tenant reaches another's rows, or takes row security off
    ERROR = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Found:
    """One object that a rule objects to.

    :param on: kind and name, as in ``table public.orders``.
    :param reason: what is wrong with it.
    :param fix: SQL that mends it, where that can be said without knowing the application.
    """

    on: str
    reason: str
    fix: str | None = None


Finder: TypeAlias = Callable[[Database], Iterable[Found]]


@dataclass(frozen=True)
class Rule:
    """One hole to look for.

    :param name: stable; what is ignored and looked up by.
    :param title: what is wrong, in general.
    :param attack: what somebody does with it.
    :param find: what it finds in a database.
    """

    name: str
    severity: Severity
    title: str
    attack: str
    find: Finder = field(repr=False)


@dataclass(frozen=True)
class Finding:
    """What a rule found."""

    rule: Rule
    found: Found


def query(sql: str) -> Finder:
    """A rule's ``find`` that is one query: its columns are ``on``, ``reason`` and ``fix``."""

    def find(database: Database) -> Iterator[Found]:
        return (Found(on, reason, fix) for on, reason, fix in map(tuple, database.rows(sql)))

    return find
