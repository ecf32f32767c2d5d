"""Rows as COPY reads them, made where there is time for it: while PostgreSQL is at work on others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, Final

from tenantry.seed.blueprint import Blueprint, blueprints
from tenantry.seed.company import Company
from tenantry.seed.values import Row

_SPECIAL: Final = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_QUOTED: Final = str.maketrans({"\\": r"\\", '"': r"\""})


@dataclass(frozen=True)
class Written:
    """The rows of a table."""

    blueprint: Blueprint
    text: bytes
    rows: int


def write(companies: Sequence[Company]) -> list[Written]:
    """All rows of some companies, table by table in the order of foreign keys."""
    written = []
    for blueprint in blueprints().values():
        rows = [row for company in companies for row in company.rows[blueprint.name]]
        written.append(Written(blueprint, copy_text(blueprint.columns, rows), len(rows)))
    return written


def copy_text(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """A line a row."""
    lines = ("\t".join([_FORMS.get(type(row[name]), str)(row[name]) for name in columns]) for row in rows)
    return "".join(f"{line}\n" for line in lines).encode()


def _escaped(value: str) -> str:
    return value if value.isalnum() else value.translate(_SPECIAL)


def _array(values: list[str]) -> str:
    return _escaped("{" + ",".join(f'"{value.translate(_QUOTED)}"' for value in values) + "}")


#: numbers, dates and times PostgreSQL reads as Python writes them
_FORMS: Final[dict[type, Callable[[Any], str]]] = {
    NoneType: lambda _: r"\N",
    bool: lambda value: "t" if value else "f",
    str: _escaped,
    list: _array,
}
