"""Findings in SARIF 2.1.0, which code scanning of CI services reads."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from tenantry.lint.report import Report
from tenantry.lint.rule import Finding, Rule

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def as_sarif(report: Report, rules: Sequence[Rule]) -> str:
    """A log of one run; what is ignored is in it as suppressed."""
    places = {rule.name: place for place, rule in enumerate(rules)}
    suppressed = [
        {**_result(finding, places), "suppressions": [{"kind": "external", "justification": ignore.reason}]}
        for finding, ignore in report.sifted.ignored
    ]
    driver = {
        "name": "tenantry lint",
        "version": version("tenantry"),
        "rules": [_descriptor(rule) for rule in rules],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [*(_result(finding, places) for finding in report.sifted.findings), *suppressed],
        "properties": {"database": report.database, "roles": list(report.roles)},
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False) + "\n"


def _descriptor(rule: Rule) -> Mapping[str, Any]:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.attack},
        "help": {"text": rule.attack},
        "defaultConfiguration": {"level": str(rule.severity)},
    }


def _result(finding: Finding, places: Mapping[str, int]) -> dict[str, Any]:
    rule, found = finding.rule, finding.found
    kind, _, name = found.on.partition(" ")
    told = f"{found.on}: {found.reason}"
    return {
        "ruleId": rule.name,
        "ruleIndex": places[rule.name],
        "level": str(rule.severity),
        "message": {"text": f"{told}\nFix: {found.fix}" if found.fix else told},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": name or kind, "kind": kind}]}],
        "partialFingerprints": {"finding/v1": hashlib.sha256(f"{rule.name}\0{found.on}".encode()).hexdigest()},
    }
