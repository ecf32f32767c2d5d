"""Before anything is compared: declarations that are unsafe by themselves are refused, with object and reason.

Each rule yields what it finds; an ``Exemption`` with a reason switches one off for one object.
"""

import difflib
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import MetaData

from tenantry import ddl
from tenantry.autogenerate.safety import keys, policies, routines
from tenantry.autogenerate.safety.declaration import Declaration, Finding
from tenantry.errors import TenantryError

_RULES: dict[str, Callable[[Declaration], Iterator[Finding]]] = {
    "row-security": policies.row_security,
    "write-beyond-read": policies.write_beyond_read,
    "tenant-in-foreign-key": keys.tenant_in_foreign_key,
    "tenant-in-unique-key": keys.tenant_in_unique_key,
    "view-as-invoker": routines.view_as_invoker,
    "definer-search-path": routines.definer_search_path,
    "public-execute": routines.public_execute,
}


class UnsafeDeclarationError(TenantryError):
    """What is declared would leave a hole between tenants."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        lines = "\n".join(f"  {finding}" for finding in findings)
        super().__init__(
            f"unsafe declaration:\n{lines}\n"
            "Mend it, or add Exemption(rule, reason) to the object if it is safe for a reason."
        )


def refuse_unsafe(metadatas: Sequence[MetaData], tenant_column: str = "tenant_id") -> None:
    """Check every rule.

    :raises UnsafeDeclarationError: naming all that is unsafe and not exempted, and each exemption from nothing.
    """
    declaration = Declaration(metadatas, tenant_column)
    found = [finding for rule in _RULES.values() for finding in rule(declaration)]
    exemptions = list(declaration.objects(ddl.Exemption))
    unsafe = [finding for finding in found if not any(_exempts(exemption, finding) for exemption in exemptions)]
    idle = [exemption for exemption in exemptions if not any(_exempts(exemption, finding) for finding in found)]
    if unsafe or idle:
        raise UnsafeDeclarationError([*unsafe, *(_idle(exemption) for exemption in idle)])


def _exempts(exemption: ddl.Exemption, finding: Finding) -> bool:
    named = exemption.name is None or exemption.name == finding.name
    return named and exemption.rule == finding.rule and exemption.on is finding.on


def _idle(exemption: ddl.Exemption) -> Finding:
    assert exemption.on is not None  # noqa: S101
    reason = f"the exemption from {exemption.rule} exempts nothing: remove it"
    if exemption.rule not in _RULES:
        near = difflib.get_close_matches(exemption.rule, _RULES, n=1)
        reason = f"there is no rule {exemption.rule}{f': did you mean {near[0]}?' if near else ''}"
    return Finding("exemption", exemption.on, reason, exemption.name)
