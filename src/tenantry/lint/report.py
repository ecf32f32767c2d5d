"""Findings as text for people and as JSON for programs."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from tenantry.lint.ignore import Sifted
from tenantry.lint.rule import Finding, Severity


@dataclass(frozen=True)
class Report:
    """What there is to tell.

    :param database: which one was looked at, without anything secret.
    :param roles: what the application runs as, as far as that was told or found out.
    """

    database: str
    roles: tuple[str, ...]
    sifted: Sifted


def as_text(report: Report) -> str:
    """A paragraph a finding, and a line that counts them."""
    return "\n".join([*(_paragraph(finding) for finding in report.sifted.findings), *_summary(report), ""])


def as_json(report: Report) -> str:
    """One object; its keys stay."""
    sifted = report.sifted
    content = {
        "tool": {"name": "tenantry lint", "version": version("tenantry")},
        "database": report.database,
        "roles": list(report.roles),
        "findings": [_entry(finding) for finding in sifted.findings],
        "ignored": [{**_entry(finding), "ignored_because": ignore.reason} for finding, ignore in sifted.ignored],
        "idle_ignores": [{"rule": one.rule, "object": one.on, "reason": one.reason} for one in sifted.idle],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _paragraph(finding: Finding) -> str:
    rule, found = finding.rule, finding.found
    fix = [f"  fix: {found.fix}"] if found.fix else []
    return "\n".join([f"{rule.severity}: {found.on}: {found.reason} [{rule.name}]", f"  {rule.attack}", *fix, ""])


def _summary(report: Report) -> Iterator[str]:
    for one in report.sifted.idle:
        yield f"nothing to ignore: {one.rule}:{one.on}={one.reason}"
    counted = Counter(finding.rule.severity for finding in report.sifted.findings)
    parts = [f"{counted[severity]} {severity}{'s' * (counted[severity] != 1)}" for severity in reversed(Severity)]
    ignored = f", {len(report.sifted.ignored)} ignored" if report.sifted.ignored else ""
    roles = ", ".join(report.roles) or "no role"
    yield f"{report.database}, used as {roles}: {', '.join(parts)}{ignored}"


def _entry(finding: Finding) -> Mapping[str, Any]:
    rule, found = finding.rule, finding.found
    return {
        "rule": rule.name,
        "severity": str(rule.severity),
        "title": rule.title,
        "object": found.on,
        "reason": found.reason,
        "attack": rule.attack,
        "fix": found.fix,
    }
