"""Renames, where PostgreSQL can tell: what went and what came differ in nothing but the name.

Only where exactly one fits exactly one: of two that could be meant neither is, and they are dropped and created.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from tenantry.autogenerate.catalogue import Catalogue, Key
from tenantry.autogenerate.definitions import Definition, Grant, Owner, Routine, TableDefinition, View
from tenantry.autogenerate.scratch import Scratch
from tenantry.autogenerate.words import words


@dataclass(frozen=True)
class Rename:
    """An object under its old name and under its new one."""

    old: Definition
    new: Definition

    @property
    def keys(self) -> tuple[Key, Key]:
        """What a catalogue calls it before and after."""
        return _key(self.old), _key(self.new)


def find_renames(
    scratch: Scratch,
    live: Catalogue,
    desired: Catalogue,
    gone: Iterable[Definition],
    *,
    said: AbstractSet[str],
    ledger: AbstractSet[Key],
) -> list[Rename]:
    """What is the same object under another name, but for views that bear triggers and indexes of ours.

    :param gone: live objects that are no longer declared and would be dropped.
    :param said: names in Alembic's own operations, which do not see objects through renames.
    :param ledger: objects that migrations created, which it knows by the names of what they are on.
    """
    names_before, names_after = _names(live), _names(desired)
    came = [
        item
        for item in desired.definitions.values()
        if getattr(item, "name", None) and item.rename("") and _name(item) not in names_before
    ]
    places = {_place(item) for item in came}
    went = [item for item in gone if _place(item) in places and _name(item) not in names_after]
    places = {_place(item) for item in went}
    pairs = _pairs(scratch, went, [item for item in came if _place(item) in places]) if went else ()
    bearing = {live.definitions[key].belongs_to() for key in ledger if key in live.definitions}
    return [
        rename
        for rename in pairs
        if _can_be_followed(rename, live, said)
        and not (isinstance(rename.old, View) and rename.old.identity in bearing)
    ]


def _key(item: Definition) -> Key:
    return item.kind, item.identity


def _place(item: Definition) -> tuple[str, object, str | None]:
    return item.kind, getattr(item, "schema", None), item.belongs_to()


def _names(catalogue: Catalogue) -> set[tuple[object, ...]]:
    return {_name(item) for item in catalogue.definitions.values()}


def _name(item: Definition) -> tuple[object, ...]:
    """A routine is declared with its argument types in any spelling, so its name has to do."""
    return ("routine", item.schema, item.name) if isinstance(item, Routine) else _key(item)


def _pairs(scratch: Scratch, went: Sequence[Definition], came: Sequence[Definition]) -> Iterator[Rename]:
    """Those that PostgreSQL prints alike, once it has read its own print."""
    before, after = defaultdict(list), defaultdict(list)
    for item, printed in _printed(scratch, went):
        before[_nameless(printed)].append(item)
    declared = _printed(scratch, came)
    reprinted = dict(_printed(scratch, [printed for _, printed in declared]))
    for item, printed in declared:
        if printed in reprinted:
            after[_nameless(reprinted[printed])].append(item)
    for form, olds in before.items():
        news = after.get(form, [])
        if len(olds) == len(news) == 1:
            yield Rename(olds[0], olds[0].named_as(news[0]))


def _printed(scratch: Scratch, items: Sequence[Definition]) -> list[tuple[Definition, Definition]]:
    printed = scratch.print(items)
    return [(item, found) for item in items if (found := printed.get(_key(item)))]


def _nameless(item: Definition) -> Definition:
    return item.named("")


def _can_be_followed(rename: Rename, live: Catalogue, said: AbstractSet[str]) -> bool:
    """Whether what mentions the object reads right before and after.

    PostgreSQL follows a renaming but for SQL in a string, which it checks as soon as it is written; and what another
    schema's objects are called in cannot be printed, because a scratch schema stands in for the default one only.
    """
    names = rename.old.provides() | rename.new.provides()
    elsewhere = getattr(rename.old, "schema", None) is not None
    return not names or not any(names & found for found in (said, *_unfollowed(live, elsewhere)))


def _unfollowed(live: Catalogue, elsewhere: bool) -> Iterator[set[str]]:
    for item in live.definitions.values():
        checked = isinstance(item, Routine) and item.language == "sql" and not item.standard_body
        yield words([*(item.hints() if checked else ()), *(item.texts() if elsewhere else ())])


class Renamed:
    """A database as it will be once the renames are done.

    :ivar catalogue: what it holds then.
    :ivar originals: the definitions in which a new name stands then, as they are now.
    """

    def __init__(self, scratch: Scratch, live: Catalogue, renames: Sequence[Rename]) -> None:
        self.renames = renames
        self._keys: dict[Key, Key] = {}
        self._targets = {rename.old.grant_target(): rename.new.grant_target() for rename in renames}
        rewritten = _rewritten(scratch, live, renames)
        self.originals = {key: live.definitions[key] for key in rewritten}
        self.catalogue = Catalogue(
            privileges={replace(item, on=self._targets.get(item.on) or item.on) for item in live.privileges},
            owners={
                (on := self._targets.get(item.on) or item.on): replace(item, on=on) for item in live.owners.values()
            },
        )
        new = {rename.keys[0]: rename.new for rename in renames} | _on_renamed_views(live, renames)
        for key, item in live.definitions.items():
            self.catalogue.add(new.get(key) or rewritten.get(key) or item)
            if key in new:
                self._keys[key] = _key(new[key])

    def key(self, key: Key) -> Key:
        """What an object is called then."""
        kind, identity = key
        if kind == Grant.kind:
            for old, new in self._targets.items():
                identity = identity.replace(f" on {old} to ", f" on {new} to ")
        elif kind == Owner.kind:
            identity = self._targets.get(identity) or identity
        return self._keys.get(key, (kind, identity))

    def dependencies(self, dependents: Mapping[Key, Iterable[Key]]) -> dict[Key, set[Key]]:
        """What depends on what, by the names of then."""
        return {self.key(used): {self.key(user) for user in users} for used, users in dependents.items()}


def _on_renamed_views(live: Catalogue, renames: Sequence[Rename]) -> dict[Key, Definition]:
    """The triggers and indexes that others have put on them, which go along."""
    views = {rename.old.identity: rename.new for rename in renames if isinstance(rename.new, View)}
    return {
        key: replace(item, table=view.name)
        for key, item in live.definitions.items()
        if isinstance(item, TableDefinition) and (view := views.get(item.belongs_to() or ""))
    }


def _rewritten(scratch: Scratch, live: Catalogue, renames: Sequence[Rename]) -> dict[Key, Definition]:
    """What mentions a renamed object, as PostgreSQL will print it."""
    before = {name for rename in renames for name in rename.old.provides()}
    renamed = {rename.keys[0] for rename in renames}
    if not before:
        return {}
    mentioning = [
        item
        for key, item in live.definitions.items()
        if key not in renamed and before & words(item.texts()) and scratch.can_print(item)
    ]
    after = {name for rename in renames for name in rename.new.provides()}
    printed = scratch.print(mentioning, [(rename.old, rename.new) for rename in renames if rename.old.provides()])
    return {key: item for key, item in printed.items() if after & words(item.texts())}
