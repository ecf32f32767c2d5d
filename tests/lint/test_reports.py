"""Findings as text, JSON and SARIF."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection
from tests.lint.conftest import look, run

from tenantry.lint import RULES
from tenantry.lint.ignore import Ignore, sift
from tenantry.lint.report import Report, as_json, as_text
from tenantry.lint.sarif import as_sarif

HOLES = 'GRANT SELECT ON countries TO PUBLIC; CREATE TABLE "odd \\ ""näme" (tenant_id uuid PRIMARY KEY)'

#: of the schema of SARIF 2.1.0: what each object must have, and the kinds of its properties that we write
SCHEMA: dict[str, tuple[set[str], dict[str, Any]]] = {
    "log": ({"version", "runs"}, {"version": str, "$schema": str, "runs": ["run"]}),
    "run": ({"tool"}, {"tool": "tool", "results": ["result"], "columnKind": str, "properties": dict}),
    "tool": ({"driver"}, {"driver": "component"}),
    "component": ({"name"}, {"name": str, "version": str, "rules": ["descriptor"]}),
    "descriptor": (
        {"id"},
        {
            "id": str,
            "shortDescription": "message",
            "fullDescription": "message",
            "help": "message",
            "defaultConfiguration": "configuration",
        },
    ),
    "configuration": (set(), {"level": "level"}),
    "message": ({"text"}, {"text": str}),
    "result": (
        {"message"},
        {
            "ruleId": str,
            "ruleIndex": int,
            "level": "level",
            "message": "message",
            "locations": ["location"],
            "partialFingerprints": dict,
            "suppressions": ["suppression"],
        },
    ),
    "location": (set(), {"logicalLocations": ["logical"]}),
    "logical": (set(), {"fullyQualifiedName": str, "kind": str}),
    "suppression": ({"kind"}, {"kind": str, "justification": str}),
}
WORDS = {"level": {"none", "note", "warning", "error"}}


def violations(value: Any, kind: Any, path: str = "$") -> Iterator[str]:
    """Where a value is not what the schema asks for; properties it does not know are refused."""
    if isinstance(kind, list):
        for place, item in enumerate(value):
            yield from violations(item, kind[0], f"{path}[{place}]")
    elif isinstance(kind, type):
        if not isinstance(value, kind):
            yield f"{path} is no {kind.__name__}"
    elif kind in WORDS:
        if value not in WORDS[kind]:
            yield f"{path} is {value}"
    else:
        required, known = SCHEMA[kind]
        yield from (f"{path}.{name} is missing" for name in required - set(value))
        for name, item in value.items():
            if name not in known:
                yield f"{path}.{name} is unknown"
            else:
                yield from violations(item, known[name], f"{path}.{name}")


@pytest.fixture
def report(safe: Connection) -> Report:
    run(safe, HOLES)
    ignores = [Ignore("grant-to-public", "table app.countries", "public data"), Ignore("role-owns", "*", "gone")]
    return Report("database shop at here", ("lint_app",), sift(look(safe), ignores))


def test_text_has_a_paragraph_for_each_and_counts_them(report: Report) -> None:
    paragraph, summary = as_text(report).split("\n\n")
    assert paragraph.splitlines() == [
        'error: table app."odd \\ ""näme": belongs to tenants but has no row security [row-security-disabled]',
        f"  {RULES[0].attack}",
        '  fix: ALTER TABLE app."odd \\ ""näme" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;',
    ]
    assert summary.splitlines() == [
        "nothing to ignore: role-owns:*=gone",
        "database shop at here, used as lint_app: 1 error, 0 warnings, 0 notes, 1 ignored",
    ]


def test_json_has_all_there_is_to_know(report: Report) -> None:
    content = json.loads(as_json(report))
    assert [finding["object"] for finding in content["findings"]] == ['table app."odd \\ ""näme"']
    assert [(one["rule"], one["ignored_because"]) for one in content["ignored"]] == [("grant-to-public", "public data")]
    assert content["idle_ignores"] == [{"rule": "role-owns", "object": "*", "reason": "gone"}]
    assert content["roles"] == ["lint_app"]


def test_sarif_is_what_its_schema_asks_for(report: Report) -> None:
    log = json.loads(as_sarif(report, RULES))
    assert list(violations(log, "log")) == []
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == [
        "row-security-disabled",
        "grant-to-public",
    ]
    open_, ignored = run["results"]
    assert "suppressions" not in open_
    assert ignored["suppressions"] == [{"kind": "external", "justification": "public data"}]
    assert open_["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": 'app."odd \\ ""näme"', "kind": "table"}]
    assert len({result["partialFingerprints"]["finding/v1"] for result in run["results"]}) == 2
