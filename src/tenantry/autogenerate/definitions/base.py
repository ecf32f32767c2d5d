"""What every definition has: an identity, and the statements that create, drop and replace it."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self


@dataclass(frozen=True)
class Statement:
    """One SQL statement.

    :param sql: the text, with ``%s`` for each parameter if there are any.
    :param parameters: data, never spliced into the text.
    :param as_login: needs the rights of the login, not those of the role that owns the objects.
    :param concurrently: the same without keeping others waiting, which PostgreSQL does only outside of a transaction.
    """

    sql: str
    parameters: tuple[str | None, ...] | None = None
    as_login: bool = False
    concurrently: str | None = None


@dataclass(frozen=True)
class Definition:
    """A complete object of the database, frozen: a revision holds definitions, old and new.

    Equality is equality of meaning only between definitions whose text PostgreSQL has printed.
    """

    kind: ClassVar[str]
    #: whether the ledger remembers that the declaration owns it
    remembered: ClassVar[bool] = True
    #: the fields with defaults that still tell objects apart
    identifying: ClassVar[tuple[str, ...]] = ("schema",)

    @property
    def identity(self) -> str:
        """What tells this object from others of its kind."""
        raise NotImplementedError

    def to_drop(self) -> Self:
        """As much of it as dropping it takes."""
        content = {
            field.name: field.default
            for field in dataclasses.fields(self)
            if field.name not in self.identifying and field.default is not dataclasses.MISSING
        }
        return dataclasses.replace(self, **content)

    def to_restore(self) -> Self:
        """As much of it as there has to be again once dropping it is undone."""
        return self

    def create(self) -> Sequence[Statement]:
        """Statements that make the object."""
        raise NotImplementedError

    def drop(self) -> Sequence[Statement]:
        """Statements that take it away."""
        raise NotImplementedError

    def replace(self, old: Self) -> Sequence[Statement]:
        """Statements that turn ``old`` into this."""
        return [*old.drop(), *self.create()]

    def replaceable(self, old: Self) -> bool:  # noqa: ARG002
        """Whether :meth:`replace` leaves alone what hangs on the object."""
        return True

    def rename(self, name: str) -> Statement | None:  # noqa: ARG002
        """The statement that gives the object another name, if PostgreSQL has one for its kind."""
        return None

    def renaming(self, old: Self) -> Statement | None:
        """The statement that gives ``old`` the name of this."""
        name: str | None = getattr(self, "name", None)
        return None if name is None or name == getattr(old, "name", None) else old.rename(name)

    def named_as(self, other: Self) -> Self:
        """The same under the name of another."""
        return self.named(str(getattr(other, "name", None)))

    def named(self, name: str) -> Self:
        """The same under another name, of the kinds that have one."""
        return dataclasses.replace(self, name=name)  # type: ignore[call-arg]

    def provides(self) -> frozenset[str]:
        """Names that other objects may refer to once this exists."""
        return frozenset()

    def belongs_to(self) -> str | None:
        """The table that has to exist before this, and goes after it."""
        return None

    def grant_target(self) -> str | None:
        """The object as GRANT names it, if privileges on it can be granted and go with it."""
        return None

    def ledger_entries(self) -> Sequence[tuple[str, str]]:
        """What the ledger remembers once this exists."""
        return [(self.kind, self.identity)] if self.remembered else []

    def texts(self) -> Sequence[str]:
        """The SQL in which names of other objects stand."""
        return ()

    def hints(self) -> Sequence[str]:
        """SQL that PostgreSQL reads only when it runs: better created after what it mentions, if that is possible."""
        return ()

    def with_roles(self, names: Mapping[str, str]) -> Self:  # noqa: ARG002
        """The same with roles renamed, as a deployment calls them."""
        return self

    def label(self) -> str:
        """The object in words, for messages."""
        return f"{self.kind} {self.identity}"


def renamed(names: Mapping[str, str], roles: Sequence[str]) -> tuple[str, ...]:
    """Role names as a deployment calls them."""
    return tuple(names.get(role, role) for role in roles)


def role_name(role: str) -> str:
    """The name under which a role is provided: one that no other object can have."""
    return f"role {role}"


def role_names(roles: Iterable[str]) -> list[str]:
    """SQL in which these roles stand."""
    return [f'"{role_name(role).replace(chr(34), chr(34) * 2)}"' for role in roles]


def owner_name(on: str) -> str:
    """SQL in which the name stands that is provided once an object belongs to whom it should."""
    return f'"{owned(on).replace(chr(34), chr(34) * 2)}"'


def owned(on: str) -> str:
    """The name under which it is provided that an object belongs to whom it should."""
    return f"owner of {on}"
