"""Before anything is compared: declarations that are unsafe by themselves are refused, with object and reason.

A table is tenant-scoped if it has the tenant's column. Each rule yields what it finds; an ``Exemption`` with a reason
switches one off for one object.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import ForeignKeyConstraint, MetaData, PrimaryKeyConstraint, Table, UniqueConstraint

from tenantry import ddl
from tenantry.autogenerate.safety.conjuncts import conjuncts, follows
from tenantry.autogenerate.words import words
from tenantry.errors import TenantryError

Declared = TypeVar("Declared")


class UnsafeDeclarationError(TenantryError):
    """What is declared would leave a hole between tenants."""

    def __init__(self, findings: Sequence["Finding"]) -> None:
        self.findings = tuple(findings)
        lines = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(
            f"unsafe declaration:\n{lines}\n"
            "Mend it, or add Exemption(rule, reason) to the object if it is safe for a reason."
        )


@dataclass(frozen=True)
class Finding:
    """What a rule found.

    :param rule: the rule's name.
    :param on: the declared object.
    :param name: the part of it: a policy, constraint or index.
    :param reason: what is wrong and what to do.
    """

    rule: str
    on: Table | ddl.Routine | ddl.View
    reason: str
    name: str | None = None

    def __str__(self) -> str:
        kind = "table" if isinstance(self.on, Table) else self.on.kind
        part = f", {self.name}" if self.name else ""
        return f"{kind} {self.on.name}{part}: {self.reason} [{self.rule}]"


@dataclass(frozen=True)
class Declaration:
    """What the rules look at."""

    metadatas: Sequence[MetaData]
    tenant_column: str

    @property
    def tables(self) -> Iterator[Table]:
        """All tables."""
        return (table for metadata in self.metadatas for table in metadata.tables.values())

    @property
    def tenant_tables(self) -> Iterator[Table]:
        """Those whose rows belong to tenants."""
        return (table for table in self.tables if self.tenant_column in table.columns)

    def objects(self, kind: type[Declared]) -> Iterator[Declared]:
        """Everything of a kind that is declared on the metadatas."""
        return (item for metadata in self.metadatas for item in ddl.declared(metadata, kind))


def refuse_unsafe(metadatas: Sequence[MetaData], tenant_column: str = "tenant_id") -> None:
    """Check every rule.

    :raises UnsafeDeclarationError: naming all that is unsafe and not exempted.
    """
    declaration = Declaration(metadatas, tenant_column)
    exempted = {
        (exemption.rule, exemption.on, exemption.name)
        for exemption in [
            *declaration.objects(ddl.Exemption),
            *(item for table in declaration.tables for item in ddl.declared(table, ddl.Exemption)),
        ]
    }
    findings = [
        finding
        for rule in _RULES
        for finding in rule(declaration)
        if exempted.isdisjoint({(finding.rule, finding.on, finding.name), (finding.rule, finding.on, None)})
    ]
    if findings:
        raise UnsafeDeclarationError(findings)


def _row_security(declaration: Declaration) -> Iterator[Finding]:
    for table in declaration.tenant_tables:
        security = next(iter(ddl.declared(table, ddl.RowSecurity)), None)
        if security is None or not security.enabled:
            yield Finding("row-security", table, "belongs to tenants but has no row security: add RowSecurity()")
        elif not security.force:
            yield Finding("row-security", table, "row security does not bind the owner: set force=True")


def _write_beyond_read(declaration: Declaration) -> Iterator[Finding]:
    for table in declaration.tenant_tables:
        policies = [policy for policy in ddl.declared(table, ddl.Policy) if not policy.restrictive]
        for policy in policies:
            if policy.command in {"insert", "update", "all"} and not _shown(policy, policies):
                reason = "lets rows be written that no policy for select shows: repeat its condition in with_check"
                yield Finding("write-beyond-read", table, reason, policy.name)


def _shown(policy: ddl.Policy, policies: Iterable[ddl.Policy]) -> bool:
    """Whether some policy that shows rows asks for nothing that this one does not ask for."""
    written = policy.with_check if policy.with_check is not None else policy.using
    asked = conjuncts(ddl.sql_text(written)) if written is not None else frozenset()
    readers = (other for other in policies if other.command in {"select", "all"} and other.using is not None)
    return any(
        follows(ddl.sql_text(reader.using), asked)
        for reader in readers
        if reader.using is not None and (not reader.to or set(policy.to) & set(reader.to))
    )


def _tenant_in_foreign_key(declaration: Declaration) -> Iterator[Finding]:
    scoped = set(declaration.tenant_tables)
    for table in scoped:
        for constraint in table.constraints:
            if not isinstance(constraint, ForeignKeyConstraint) or constraint.referred_table not in scoped:
                continue
            pairs = {(element.parent.name, element.column.name) for element in constraint.elements}
            if (declaration.tenant_column, declaration.tenant_column) not in pairs:
                reason = f"leaves {declaration.tenant_column} out, so that one tenant can point at another's rows"
                yield Finding("tenant-in-foreign-key", table, reason, str(constraint.name))


def _tenant_in_unique_key(declaration: Declaration) -> Iterator[Finding]:
    for table in declaration.tenant_tables:
        keys = [item for item in table.constraints if isinstance(item, UniqueConstraint | PrimaryKeyConstraint)]
        for key in [*keys, *(index for index in table.indexes if index.unique)]:
            if declaration.tenant_column not in {column.name for column in key.columns}:
                reason = f"leaves {declaration.tenant_column} out, so that tenants learn of one another's values"
                yield Finding("tenant-in-unique-key", table, reason, str(key.name))


def _view_as_invoker(declaration: Declaration) -> Iterator[Finding]:
    secured = {
        table.name for table in declaration.tables if any(s.enabled for s in ddl.declared(table, ddl.RowSecurity))
    }
    for view in declaration.objects(ddl.View):
        shown = sorted(secured & words([ddl.sql_text(view.definition)]))
        if shown and not view.security_invoker:
            reason = f"shows {', '.join(shown)} past their row security: set security_invoker=True"
            if view.materialized:
                reason = f"keeps a copy of {', '.join(shown)} that no row security protects"
            yield Finding("view-as-invoker", view, reason)


def _definer_search_path(declaration: Declaration) -> Iterator[Finding]:
    for routine in declaration.objects(ddl.Routine):
        if routine.security == "definer" and routine.search_path is None:
            reason = "runs with its owner's rights on whatever the caller's search_path finds: set search_path"
            yield Finding("definer-search-path", routine, reason)


def _public_execute(declaration: Declaration) -> Iterator[Finding]:
    for grant in declaration.objects(ddl.Grant):
        if isinstance(grant.on, ddl.Routine) and "public" in {role.lower() for role in grant.to}:
            yield Finding("public-execute", grant.on, "may be executed by everybody: grant it to roles by name")


_RULES: tuple[Callable[[Declaration], Iterator[Finding]], ...] = (
    _row_security,
    _write_beyond_read,
    _tenant_in_foreign_key,
    _tenant_in_unique_key,
    _view_as_invoker,
    _definer_search_path,
    _public_execute,
)
