"""Looks for holes between tenants in any PostgreSQL database: plain catalogue queries, nothing is changed.

`lint` gives what each of `RULES` finds in a `Database`, which is a connection inside of a transaction and a `Scope`.
"""

from tenantry.lint import columns, grants, keys, policies, roles, routines, server, tables, views
from tenantry.lint.database import Database, LintError, Scope
from tenantry.lint.rule import Finding, Rule, Severity

RULES: tuple[Rule, ...] = (
    *tables.RULES,
    *policies.RULES,
    *columns.RULES,
    *keys.RULES,
    *views.RULES,
    *routines.RULES,
    *grants.RULES,
    *roles.RULES,
    *server.RULES,
)


def lint(database: Database) -> list[Finding]:
    """What all rules find, the worst first."""
    findings = [Finding(rule, found) for rule in RULES for found in rule.find(database)]
    return sorted(findings, key=lambda finding: (-finding.rule.severity, finding.rule.name, finding.found.on))


__all__ = ["RULES", "Database", "Finding", "LintError", "Rule", "Scope", "Severity", "lint"]
