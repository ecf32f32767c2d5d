"""The fourth step: what differs, and what hangs on it."""

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from tenantry.autogenerate.catalogue import Catalogue, Declared, Key, Privilege
from tenantry.autogenerate.definitions import (
    Constraint,
    Definition,
    EventTrigger,
    Extension,
    GeneratedColumn,
    Grant,
    NamedType,
    NumberedColumn,
    Role,
    RowSecurity,
    Schema,
    Sequence,
)

Dependencies = Mapping[Key, Collection[Key]]

_PRIVILEGE_ORDER = ("select", "insert", "update", "delete", "truncate", "references", "trigger")


@dataclasses.dataclass
class Change:
    """One object before and after.

    :param rebuilt: dropped and created, because PostgreSQL cannot alter it.
    :param printed: the object afterwards, as PostgreSQL prints it.
    """

    old: Definition | None
    new: Definition | None
    rebuilt: bool = False
    printed: Definition | None = None

    @property
    def drops(self) -> bool:
        """Whether the object is dropped, for good or for a while."""
        return self.rebuilt or self.new is None

    @property
    def loses_privileges(self) -> bool:
        """Whether the object that is there afterwards is another one."""
        converted = isinstance(self.new, NamedType) and self.new.columns is not None
        replaced = self.old is None and isinstance(self.new, GeneratedColumn)
        return self.drops or converted or replaced


@dataclasses.dataclass(frozen=True)
class Ownership:
    """What the declaration may take away.

    :param ledger: objects that migrations created.
    :param claimed: schemas, as definitions write them, in which everything is ours.
    :param declared_tables: tables whose constraints are ours, as their columns are.
    :param dropped_tables: tables that go, with all that is on them.
    """

    ledger: AbstractSet[Key]
    declared_tables: AbstractSet[str]
    claimed: AbstractSet[str | None] = frozenset()
    dropped_tables: AbstractSet[str] = frozenset()

    def owns(self, definition: Definition) -> bool:
        """Whether an object that is no longer declared has to go."""
        if definition.belongs_to() in self.dropped_tables:
            return True
        if (definition.kind, definition.identity) in self.ledger:
            return True
        if isinstance(definition, Constraint | NumberedColumn | GeneratedColumn):
            return definition.belongs_to() in self.declared_tables
        shared = isinstance(definition, Role | Extension | EventTrigger | Schema)
        shared = shared or (isinstance(definition, Sequence) and definition.owned)
        return not shared and getattr(definition, "schema", None) in self.claimed


def compare(live: Catalogue, declared: Mapping[Key, Declared], ownership: Ownership) -> dict[Key, Change]:
    """The definitions that have to be created, changed or dropped."""
    changes: dict[Key, Change] = {}
    for key, item in declared.items():
        old = live.definitions.get(key)
        new = None if _is_nothing(item.written) else item.written
        if old is None or new is None:
            if old is not new:
                changes[key] = Change(old, new)
        elif _differs(old, item.printed, ownership):
            changes[key] = Change(old, new, rebuilt=not item.printed.replaceable(old), printed=item.printed)
    for key, old in live.definitions.items():
        if key not in declared and ownership.owns(old):
            changes[key] = Change(old.to_restore(), None)
    return changes


def _is_nothing(definition: Definition) -> bool:
    """Whether it declares that something is absent."""
    return isinstance(definition, RowSecurity) and not (definition.enabled or definition.force)


def _differs(old: Definition, new: Definition, ownership: Ownership) -> bool:
    ours = (new.kind, new.identity) in ownership.ledger
    if isinstance(old, Extension) and isinstance(new, Extension):
        # somebody else installed it, for purposes of his own; that it is too old is for him to hear
        return not old.satisfies(new if ours else Extension(new.name, version=new.version))
    if isinstance(new, Role | Schema) and not ours:
        return False
    return old != new


def rebuild_dependents(
    changes: dict[Key, Change],
    live: Catalogue,
    declared: Mapping[Key, Declared],
    dependents: Dependencies,
    gone: AbstractSet[Key],
) -> None:
    """Drop before, and create after, whatever hangs on an object that is dropped or rebuilt.

    :param dependents: for each object, or column of a table, what PostgreSQL says depends on it.
    :param gone: columns that are dropped or get another type.
    """
    pending = [*gone, *(key for key, change in changes.items() if change.rebuilt or change.new is None)]
    seen = set(pending)
    while pending:
        for key in dependents.get(pending.pop(), ()):
            if key in live.definitions and key not in seen:
                seen.add(key)
                pending.append(key)
                changes[key] = _rebuilt(changes.get(key), live.definitions[key], declared.get(key))


def merged(one: Dependencies, other: Dependencies) -> Dependencies:
    """What depends on each object according to either."""
    return {key: {*one.get(key, ()), *other.get(key, ())} for key in {*one, *other}}


def untouched(live: Catalogue, changes: Mapping[Key, Change]) -> Catalogue:
    """What is there when an object is changed in place: without what is dropped before, for good or for a while."""
    absent = {key for key, change in changes.items() if change.drops}
    definitions = {key: item for key, item in live.definitions.items() if key not in absent}
    return Catalogue(definitions, live.privileges)


def _rebuilt(change: Change | None, old: Definition, declared: Declared | None) -> Change:
    if change is not None:
        return dataclasses.replace(change, rebuilt=change.new is not None)
    new, printed = (declared.written, declared.printed) if declared else (old, old)
    return Change(old, new, rebuilt=True, printed=printed)


def compare_privileges(
    live: AbstractSet[Privilege], desired: AbstractSet[Privilege], managed: "Managed", changes: Mapping[Key, Change]
) -> tuple[list[Grant], list[Grant]]:
    """Grants to revoke and grants to make."""
    losing = [change for change in changes.values() if change.loses_privileges]
    lost = targets(change.old for change in losing)
    remade = targets(change.new for change in losing)
    columns = _columns(item for change in losing for item in (change.old, change.new))
    given = {p for p in live if managed.granted(p) or not _by_default(p)}
    both = {p for p in live | desired if p.on in lost & remade or (p.on, p.column) in columns}
    kept = {p for p in given if p not in desired and not managed.covers(p) and p in both}
    revoked = {p for p in given if p.on in lost or p in both or p.table in managed.dropped_tables}
    gone = {change.old.identity for change in changes.values() if isinstance(change.old, Role) and change.new is None}
    revoked |= {p for p in live - desired if managed.covers(p) or p.role in gone}
    granted = (desired - live) | {p for p in desired | kept if p.on in remade or p in both}
    ours = {p for p in live | desired if managed.granted(p) or p not in live}
    return [*grants(revoked & ours), *grants(revoked - ours, ours=False)], [
        *grants(granted & ours),
        *grants(granted - ours, ours=False),
    ]


def _by_default(privilege: Privilege) -> bool:
    """Whether a new object comes with it: what is made closed does not."""
    return privilege.role == "public" and privilege.on.startswith("type ")


def targets(definitions: Iterable[Definition | None]) -> set[str]:
    """The objects among them on which there are privileges, as GRANT names them."""
    return {target for item in definitions if item is not None and (target := item.grant_target())}


def _columns(definitions: Iterable[Definition | None]) -> set[tuple[str, str]]:
    """The columns among them, each with its table as GRANT names it."""
    return {(f"table {item.target}", item.column) for item in definitions if isinstance(item, GeneratedColumn)}


@dataclasses.dataclass(frozen=True)
class Managed:
    """Whose privileges, on what, the declaration speaks of: on its own objects, for its own roles and PUBLIC.

    A schema is shared with others: what PUBLIC may do there is left as it is.
    """

    objects: AbstractSet[str]
    roles: AbstractSet[str]
    dropped_tables: AbstractSet[str] = frozenset()
    ledger: AbstractSet[Key] = frozenset()

    def granted(self, privilege: Privilege) -> bool:
        """Whether a migration granted it."""
        return (Grant.kind, privilege.identity) in self.ledger

    def covers(self, privilege: Privilege) -> bool:
        """Whether a privilege that is not declared has to be revoked."""
        if self.granted(privilege):
            return True
        if privilege.on.startswith("schema "):
            return privilege.role != "public" and privilege.role in self.roles
        return privilege.on in self.objects and privilege.role in self.roles


def grants(privileges: AbstractSet[Privilege], ours: bool = True) -> Iterator[Grant]:
    """The fewest GRANTs that state these privileges."""
    columns: dict[tuple[_Place, str, str, bool], list[str]] = {}
    for item in sorted(privileges):
        place = (item.on, item.table, item.grantable)
        columns.setdefault((place, item.role, item.privilege, bool(item.column)), []).append(item.column)
    by_columns: dict[tuple[_Place, str, tuple[str, ...]], list[str]] = {}
    for (place, role, privilege, limited), names in columns.items():
        by_columns.setdefault((place, role, tuple(names) if limited else ()), []).append(privilege)
    by_role: dict[tuple[_Place, tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for (place, role, only), names in by_columns.items():
        by_role.setdefault((place, in_order(names), only), []).append(role)
    for ((on, table, option), kinds, only), roles in by_role.items():
        to, columns_only = tuple(roles), only or None
        yield Grant(kinds, on=on, to=to, columns=columns_only, with_grant_option=option, ours=ours, table=table)


_Place = tuple[str, str | None, bool]


def in_order(privileges: Collection[str]) -> tuple[str, ...]:
    """Privileges as PostgreSQL lists them."""
    return tuple(sorted(privileges, key=_privilege_rank))


def _privilege_rank(privilege: str) -> tuple[int, str]:
    known = privilege in _PRIVILEGE_ORDER
    return (_PRIVILEGE_ORDER.index(privilege) if known else len(_PRIVILEGE_ORDER), privilege)
