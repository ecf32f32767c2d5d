"""Findings that somebody looked at and accepts, each with the reason why."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from tenantry.lint.database import LintError
from tenantry.lint.rule import Finding, Rule, Severity

_FORM = 'write RULE:OBJECT=REASON, as in "view-as-owner:view public.prices=the same for all tenants"'


@dataclass(frozen=True)
class Ignore:
    """One rule switched off for one object.

    :param rule: the rule's name.
    :param on: the object as a finding names it; ``*`` and ``?`` stand for any characters.
    :param reason: for whoever reviews it.
    """

    rule: str
    on: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether a finding is accepted."""
        named = finding.found.on == self.on or fnmatchcase(finding.found.on, self.on)
        return named and finding.rule.name == self.rule


def parse_ignore(text: str) -> Ignore:
    """What ``--ignore`` takes: ``RULE:OBJECT=REASON``.

    :raises LintError: if a part is missing.
    """
    rule, _, rest = text.partition(":")
    on, _, reason = rest.partition("=")
    return _checked({"rule": rule, "object": on, "reason": reason}, f"--ignore {text}")


def read_ignores(path: Path, table: Sequence[str] = ()) -> list[Ignore]:
    """The ``[[ignore]]`` tables of a TOML file, with ``rule``, ``object`` and ``reason``.

    :param table: the table of the file that they are in.
    :raises LintError: if the file cannot be read or a part is missing.
    """
    content = read_toml(path)
    for name in table:
        content = content.get(name, {})
    entries = content.get("ignore", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise LintError(f"{path}: ignore is not a list of tables: write [[ignore]] with rule, object and reason")
    return [_checked(entry, f"{path}: ignore {place}") for place, entry in enumerate(entries, 1)]


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file.

    :raises LintError: if it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text())
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise LintError(f"cannot read {path}: {error}") from None


@dataclass(frozen=True)
class Sifted:
    """What was found, apart from what is accepted.

    :param findings: what nobody accepted.
    :param ignored: what somebody did, with his reason.
    :param idle: what accepts nothing that was found.
    """

    findings: Sequence[Finding]
    ignored: Sequence[tuple[Finding, Ignore]]
    idle: Sequence[Ignore]

    def at_least(self, severity: Severity) -> "Sifted":
        """Only what is so bad or worse."""
        return replace(
            self,
            findings=[finding for finding in self.findings if finding.rule.severity >= severity],
            ignored=[(finding, ignore) for finding, ignore in self.ignored if finding.rule.severity >= severity],
        )


def sift(findings: Iterable[Finding], ignores: Sequence[Ignore]) -> Sifted:
    """Set aside what is accepted."""
    findings = list(findings)
    covered = [(finding, next((one for one in ignores if one.covers(finding)), None)) for finding in findings]
    return Sifted(
        [finding for finding, ignore in covered if ignore is None],
        [(finding, ignore) for finding, ignore in covered if ignore is not None],
        [one for one in ignores if not any(one.covers(finding) for finding in findings)],
    )


def check_rules(ignores: Iterable[Ignore], rules: Iterable[Rule]) -> None:
    """Refuse to ignore what no rule is called.

    :raises LintError: with the rule that was probably meant.
    """
    names = [rule.name for rule in rules]
    for ignore in ignores:
        if ignore.rule not in names:
            near = difflib.get_close_matches(ignore.rule, names, n=1)
            raise LintError(f"there is no rule {ignore.rule}{f': did you mean {near[0]}?' if near else ''}")


def _checked(entry: Mapping[str, Any], where: str) -> Ignore:
    parts = [entry.get(name, "") for name in ("rule", "object", "reason")]
    for name, part in zip(("rule", "object", "reason"), parts, strict=True):
        if not isinstance(part, str) or not part.strip():
            raise LintError(
                f"{where}: the {name} is missing; {_FORM if where.startswith('--') else 'all three are needed'}"
            )
    rule, on, reason = (part.strip() for part in parts)
    return Ignore(rule, on, reason)
