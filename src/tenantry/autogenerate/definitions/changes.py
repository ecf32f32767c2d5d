"""What differs between two definitions of an object, in words."""

import dataclasses
from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from tenantry.autogenerate.definitions.base import Definition
from tenantry.autogenerate.definitions.rows import Rows

_CLAUSES = {"using": "USING", "with_check": "WITH CHECK", "to": "TO", "of": "UPDATE OF", "when": "WHEN"}
_LONGEST = 60


def changes(old: Definition, new: Definition) -> str:
    """The clauses, or values, that differ; nothing if PostgreSQL would print both alike."""
    if type(old) is not type(new):
        return f"{type(old).__name__.lower()} becomes {type(new).__name__.lower()}"
    if isinstance(old, Rows) and isinstance(new, Rows):
        pairs = list(zip(old.rows, new.rows, strict=True))
    else:
        names = [field.name for field in dataclasses.fields(new) if field.compare]
        pairs = [({name: getattr(old, name) for name in names}, {name: getattr(new, name) for name in names})]
    return ", ".join(line for before, after in pairs for line in _changed(before, after))


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in new:
        before, after = old.get(name), new[name]
        if before != after:
            called = _CLAUSES.get(name, name.replace("_", " "))
            if isinstance(before, str) and isinstance(after, str) and "\n" in before + after:
                number, before, after = _first_difference(before, after)
                called = f"{called}, line {number},"
            yield f"{called} changed from {_shown(before)} to {_shown(after)}"


def _first_difference(old: str, new: str) -> tuple[int, str, str]:
    """The first line that differs, counted from 1; one that is not there reads as empty."""
    pairs = enumerate(zip_longest(old.split("\n"), new.split("\n")), start=1)
    return next((number, before or "", after or "") for number, (before, after) in pairs if before != after)


def _shown(value: Any) -> str:
    if value is None or value == ():
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    words = ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
    words = " ".join(words.split())
    return repr(words if len(words) <= _LONGEST else words[: _LONGEST - 3] + "...")
