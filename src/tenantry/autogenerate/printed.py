"""What the declaration speaks of, by the names that PostgreSQL prints."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from tenantry.autogenerate.catalogue import Catalogue, Declared, Key, Privilege
from tenantry.autogenerate.definitions import Owner, sql


class Printed:
    """Routines under the signature that PostgreSQL prints."""

    def __init__(self, declared: Mapping[Key, Declared]) -> None:
        self._targets = {item.declared.grant_target(): item.printed.grant_target() for item in declared.values()}

    def on(self, target: str) -> str:
        """An object as GRANT names it."""
        return self._targets.get(target) or target

    def privileges(self, desired: Catalogue) -> set[Privilege]:
        """The desired privileges."""
        return {replace(item, on=self.on(item.on)) for item in desired.privileges}

    def owners(self, desired: Catalogue) -> dict[str, Owner]:
        """The desired owners, by object."""
        return {self.on(on): replace(owner, on=self.on(on)) for on, owner in desired.owners.items()}


def objects_of(
    declared: Mapping[Key, Declared], tables: Iterable[tuple[str | None, str]], granted: AbstractSet[str]
) -> set[str]:
    """What the declaration has the say of; everybody may use a type until a grant says who."""
    known = {target for item in declared.values() if (target := item.printed.grant_target())}
    on_tables = {f"table {sql.qualified(schema, name)}" for schema, name in tables}
    return {target for target in known if not target.startswith("type ")} | on_tables | granted


def roles_of(desired: Catalogue, wanted: Iterable[Privilege]) -> set[str]:
    """The roles that are declared, or granted to, and PUBLIC."""
    return {"public", *(name for kind, name in desired.definitions if kind == "role"), *(item.role for item in wanted)}
