"""Every rule is documented with the attack that it stops."""

import re
from pathlib import Path

from tenantry.lint import RULES

PAGE = (Path(__file__).parents[2] / "docs" / "lint.md").read_text()
ENTRY = re.compile(r"### ([\w-]+)\n\n\*\*([^\n]+)\*\* \((\w+)\)\n\n(.+?)(?=\n\n|\n*\Z)", re.DOTALL)


def test_the_page_has_an_entry_for_each_rule() -> None:
    documented = [
        (name, title, severity, " ".join(attack.split())) for name, title, severity, attack in ENTRY.findall(PAGE)
    ]
    assert documented == [(rule.name, rule.title, str(rule.severity), rule.attack) for rule in RULES]


def test_names_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
