"""Owners: who owns what against who should."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Self

from tenantry.autogenerate.catalogue import Key, Privilege
from tenantry.autogenerate.definitions import Owner
from tenantry.autogenerate.diff import Change, Managed, targets


@dataclass(frozen=True)
class Owners:
    """Owners before and after, by object as GRANT names it; who is in neither belongs to the role that migrates.

    :param migrating: the role that owns what nothing else is said of, as declarations call it.
    :param ledger: what migrations did, and undo where it is no longer declared.
    """

    live: Mapping[str, Owner]
    declared: Mapping[str, Owner]
    migrating: str
    ledger: AbstractSet[Key]

    def is_owner(self, privilege: Privilege) -> bool:
        """Whether a privilege is the owner's, who has all of them anyway."""
        owner = self._wanted(privilege.on)
        return privilege.role == (self.migrating if owner is None else owner.role)

    def staying(self) -> Self:
        """The same, where everybody keeps what is his."""
        return replace(self, declared={on: replace(owner, ours=self._is_ours(on)) for on, owner in self.live.items()})

    def changes(self, managed: Managed, changes: Mapping[Key, Change]) -> Iterator[Change]:
        """What has to get another owner, and what has to get its owner back because it is made anew."""
        lost = targets(change.old for change in changes.values() if change.loses_privileges)
        remade = targets(change.new for change in changes.values() if change.loses_privileges)
        for on in sorted({*self.live, *self.declared}):
            old, new = self._live(on), self._wanted(on)
            if on in lost or (old is not None and old.table in managed.dropped_tables):
                yield from [] if old is None else [Change(old, None)]
                yield from [] if new is None or on not in remade else [Change(None, new)]
            elif (old and old.role) != (new and new.role):
                yield Change(old, new)

    def _live(self, on: str) -> Owner | None:
        owner = self.live.get(on)
        return None if owner is None else replace(owner, ours=self._is_ours(on))

    def _is_ours(self, on: str) -> bool:
        return (Owner.kind, on) in self.ledger

    def _wanted(self, on: str) -> Owner | None:
        declared = self.declared.get(on)
        if declared is None:
            old = self._live(on)
            return None if old is not None and old.ours else old
        return None if declared.role == self.migrating else declared
