"""A believable value for any column, from its name, its type, its enumeration and its CHECKs."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    DefaultClause,
    Enum,
    Integer,
    Numeric,
    Text,
    Time,
    Uuid,
)
from sqlalchemy.dialects.postgresql import INET, JSONB

from tenantry.seed import words

Row = dict[str, Any]
Maker = Callable[[Random, int, Row], Any]

#: the instant at which all of it stands still, so that the same rows come out at any time
NOW: Final = datetime(2026, 6, 30, 12, tzinfo=UTC)
HISTORY: Final = timedelta(days=180)

_USUAL: Final = {"active", "approved", "completed", "delivered", "done", "open", "paid", "publish", "sent", "medium"}
_USUAL_WEIGHT: Final = 5
_SHARE_OF_EMPTY: Final = 0.3
_SHARE_OF_EXCEPTIONS: Final = 0.1
_BETWEEN: Final = re.compile(r"\b(\w+) BETWEEN (-?\d+) AND (\d+)")
_HAPPENED: Final = re.compile(r"(\w+)_(?:at|by|date)")
_AHEAD: Final = re.compile(r"expire|expected|estimated|due|next_|target_date|ends_at|end_date|period_end|hold_until")
_EXCEPTIONAL: Final = re.compile(r"(deleted|archived|suspended|deactivated|revoked|voided|cancell?ed|resolved)_at")
_FAILURE: Final = re.compile(r"error|failure|rejection")


def maker(column: Column[Any]) -> Maker:
    """What makes the values of a column; it sees the row as far as it has been made."""
    make = _by_condition(column) or _by_type(column)
    if column.nullable and not isinstance(column.type, Enum):
        return _sometimes(make)
    return make


def moment(rng: Random, start: datetime, end: datetime = NOW) -> datetime:
    """A second between two instants."""
    return start + timedelta(seconds=rng.randrange(max(1, int((end - start).total_seconds()))))


def uuid7(rng: Random, at: datetime) -> str:
    """An id as the database would have made it at that instant."""
    random = rng.getrandbits(74)
    head, tail = 0x7000 | random >> 62, 0x8000_0000_0000_0000 | random & (1 << 62) - 1
    digits = f"{int(at.timestamp() * 1000):012x}{head:04x}{tail:016x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def money(rng: Random, low: int, high: int) -> Decimal:
    """An amount between two whole ones."""
    return Decimal(rng.randint(low * 100, high * 100)).scaleb(-2)


def phone(rng: Random) -> str:
    """A number that is reserved for fiction."""
    return f"+1{rng.randint(201, 989)}55501{rng.randint(0, 99):02}"


def person(rng: Random) -> str:
    """A name."""
    return f"{rng.choice(words.FIRST_NAMES)} {rng.choice(words.LAST_NAMES)}"


def email(rng: Random, name: str | None = None, domain: str = "mail.example") -> str:
    """An address that receives nothing."""
    return f"{(name or person(rng)).lower().replace(' ', '.')}@{domain}"


def as_json(value: Any) -> str:
    """A value of a JSONB column."""
    return json.dumps(value, separators=(",", ":"))


def _sometimes(make: Maker) -> Maker:
    return lambda rng, number, row: None if rng.random() < _SHARE_OF_EMPTY else make(rng, number, row)


def _by_condition(column: Column[Any]) -> Maker | None:
    """What is there only in a certain state of the row: completed_at when it is completed, an error when it failed."""
    if not column.nullable:
        return None
    siblings = column.table.columns
    if _FAILURE.search(column.name) and not isinstance(column.type, Enum):
        return lambda rng, _, row: rng.choice(words.SENTENCES) if row.get("status") == "failed" else None
    happened = _HAPPENED.fullmatch(column.name)
    if happened is None:
        return None
    make, word = _by_type(column), happened[1]
    flag = next((name for name in (word, f"is_{word}") if name in siblings), None)
    if flag is not None and isinstance(siblings[flag].type, Boolean):
        return lambda rng, number, row: make(rng, number, row) if row[flag] else None
    status = siblings.get("status")
    if status is not None and isinstance(status.type, Enum) and word in status.type.enums:
        return lambda rng, number, row: make(rng, number, row) if row["status"] == word else None
    return (lambda *_: None) if _EXCEPTIONAL.fullmatch(column.name) else None


def is_conditional(column: Column[Any]) -> bool:
    """Whether a nullable column is filled in certain states of the row only, such as approved_by."""
    return _by_condition(column) is not None


def _by_type(column: Column[Any]) -> Maker:  # noqa: C901, PLR0911, PLR0912
    match column.type:
        case Enum(enums=allowed):
            return _choice(column, allowed)
        case Boolean():
            return _boolean(column)
        case Numeric():
            return _number(column, column.type.scale or 0, column.type.precision or 8)
        case Integer() | BigInteger():
            return _number(column, 0, 9)
        case DateTime():
            return _instant(column)
        case Date():
            instant = _instant(column)
            return lambda rng, number, row: instant(rng, number, row).date()
        case Time():
            return lambda rng, *_: f"{rng.randint(8, 18):02}:00"
        case JSONB():
            default = _default(column)
            return lambda *_: default or as_json({})
        case ARRAY(item_type=Text()):
            return lambda rng, *_: rng.sample(words.WORDS, rng.randint(1, 3))
        case INET():
            return lambda rng, *_: f"192.0.2.{rng.randint(1, 254)}"
        case Text():
            return _text(column)
        case Uuid() | ARRAY() if column.nullable:
            return lambda *_: None
        case Uuid():
            return lambda rng, _, row: uuid7(rng, row["created_at"])
    msg = f"no value for {column}"
    raise NotImplementedError(msg)


def _choice(column: Column[Any], allowed: list[str]) -> Maker:
    default = _default(column)
    usual = {word for word in allowed if word in _USUAL or (word == default and not _USUAL.intersection(allowed))}
    urn = [word for word in allowed for _ in range(_USUAL_WEIGHT if word in usual else 1)]
    return lambda rng, *_: rng.choice(urn)


def _boolean(column: Column[Any]) -> Maker:
    usual = _default(column) == "true"
    return lambda rng, *_: usual ^ (rng.random() < _SHARE_OF_EXCEPTIONS)


def _number(column: Column[Any], scale: int, precision: int) -> Maker:
    low, high = _range(column)
    high = min(high, 10 ** (precision - scale) - 1)
    if scale == 0:
        return lambda rng, *_: rng.randint(low, high)
    unit = 10**scale
    return lambda rng, *_: Decimal(rng.randint(low * unit, high * unit)).scaleb(-scale)


_RANGES: Final = (
    (r"rating", (1, 5)),
    (r"year", (2025, 2026)),
    (r"(sort_order|position|priority|level)$", (1, 9)),
    (r"percent|rate|score|engagement|progress|probability", (0, 100)),
    (r"confidence|sentiment", (0, 1)),
    (r"size", (2_000, 4_000_000)),
    (r"tokens", (50, 4_000)),
    (r"budget|revenue|goal|target|spent|total|lifetime", (200, 5_000)),
    (r"price|cost|amount|value", (5, 400)),
    (r"reach|impressions|views", (500, 20_000)),
    (r"_ms$", (40, 2_500)),
    (r"seconds|duration", (5, 600)),
    (r"minutes", (60, 540)),
    (r"status_code|^status$", (200, 200)),
    (r"credits", (100, 5_000)),
)


def _range(column: Column[Any]) -> tuple[int, int]:
    for check in column.table.constraints:
        if isinstance(check, CheckConstraint):
            for name, low, high in _BETWEEN.findall(str(check.sqltext)):
                if name == column.name:
                    return int(low), int(high)
    return next((range_ for pattern, range_ in _RANGES if re.search(pattern, column.name)), (1, 40))


def _instant(column: Column[Any]) -> Maker:
    if _AHEAD.search(column.name):
        return lambda rng, _, row: row["created_at"] + timedelta(days=rng.randint(14, 90))
    return lambda rng, _, row: row["created_at"] + timedelta(minutes=rng.randint(5, 5_000))


_TEXTS: Final[Mapping[str, Maker]] = {
    r"email(_address)?$": lambda rng, *_: email(rng),
    r"phone|from_number|to_number": lambda rng, *_: phone(rng),
    r"(full|display|sender|reviewer|to)_name|login|support_by": lambda rng, *_: person(rng),
    r"company|organization": lambda rng, *_: (
        f"{rng.choice(words.COMPANY_BEGINNINGS)} {rng.choice(words.COMPANY_ENDINGS)}"
    ),
    r"address": lambda rng, *_: f"{rng.randint(1, 180)} {rng.choice(words.STREETS)}",
    r"city": lambda rng, *_: rng.choice(words.CITIES)[0],
    r"state$": lambda rng, *_: rng.choice(words.CITIES)[1],
    r"country": lambda rng, *_: rng.choice(words.CITIES)[2],
    r"post(al)?_code": lambda rng, *_: rng.choice(words.CITIES)[3],
    r"currency": lambda *_: "USD",
    r"locale|^language": lambda rng, *_: rng.choice(("en", "fr", "de", "ar")),
    r"time_?zone": lambda rng, *_: rng.choice(("Africa/Algiers", "Europe/Zurich", "Europe/Paris", "America/Toronto")),
    r"ip_address": lambda rng, *_: f"192.0.2.{rng.randint(1, 254)}",
    r"user_agent": lambda rng, *_: rng.choice(words.AGENTS),
    r"file_?name": lambda rng, *_: rng.choice(words.FILE_NAMES),
    r"file_path": lambda rng, number, _: f"/files/{number}/{rng.choice(words.FILE_NAMES)}",
    r"url|link|website|image|thumbnail|endpoint|route": lambda rng, number, _: (
        f"https://cdn.example/{rng.choice(words.WORDS)}/{number}"
    ),
    r"hex|color": lambda rng, *_: f"#{rng.getrandbits(24):06x}",
    r"hash|secret|encrypted|auth_tag|^iv$": lambda rng, *_: f"{rng.getrandbits(256):064x}",
    r"_sid|stripe|external|transaction_id|tracking|platform_user|message_id|entity_id|prefix": lambda rng, *_: (
        f"{rng.getrandbits(48):012x}"
    ),
    r"mime": lambda rng, *_: rng.choice(("application/pdf", "image/png", "text/plain")),
    r"description|content|body|message|notes?$|summary|comment|feedback|reason|transcript|text|handover|issues": (
        lambda rng, *_: " ".join(rng.sample(words.SENTENCES, 2))
    ),
    r"subject|title|^name$|_name$|headline": lambda rng, *_: rng.choice(words.TOPICS),
    r"sku|code|number|reference": lambda _, number, row: f"{row['created_at']:%y%m}-{number:05}",
    r"model|backend": lambda rng, *_: rng.choice(("small", "medium", "large")),
}
#: what a column says that tells rows of a tenant apart
_LABELS: Final = {"key": "key", "sku": "SKU", "slug": "slug"}


def _text(column: Column[Any]) -> Maker:
    default = _default(column)
    if default:
        return lambda *_: default
    return next((make for pattern, make in _TEXTS.items() if re.search(pattern, column.name)), _word)


def numbered(column: Column[Any]) -> Maker:
    """Text that no other row of the tenant has."""
    make = _text(column)
    label = _LABELS.get(column.name)
    if label is not None:
        return lambda _, number, __: f"{label}-{number:05}"
    return lambda rng, number, row: f"{make(rng, number, row)} {number}"


def _word(rng: Random, number: int, row: Row) -> str:
    del number, row
    return rng.choice(words.WORDS)


def _default(column: Column[Any]) -> str | None:
    if not isinstance(column.server_default, DefaultClause):
        return None
    return str(getattr(column.server_default.arg, "text", column.server_default.arg)).removesuffix("()")
