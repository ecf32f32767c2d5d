"""Quoting, by SQLAlchemy's PostgreSQL dialect where it has the rule."""

import functools
import re
from collections.abc import Iterable

from sqlalchemy.dialects import postgresql

#: how types and names are written; "named" leaves % as it is, psycopg's own paramstyle doubles it
DIALECT = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]

_preparer = DIALECT.identifier_preparer


def identifier(name: str) -> str:
    """A name, quoted where SQL needs it."""
    return str(_preparer.quote(name))


def identifiers(names: Iterable[str]) -> str:
    """Names, comma-separated."""
    return ", ".join(identifier(name) for name in names)


def unquoted(name: str) -> str:
    """A name, with or without its schema, as identities write it."""
    return _NAME.sub(lambda match: match[1].replace('""', '"') if match[1] is not None else match[0], name)


def qualified(schema: str | None, name: str) -> str:
    """A name with its schema, if it has one."""
    return identifier(name) if schema is None else f"{identifier(schema)}.{identifier(name)}"


def role(name: str) -> str:
    """A role's name; PUBLIC and CURRENT_USER are words, not names."""
    return name.upper() if name.lower() in {"public", "current_user", "session_user"} else identifier(name)


def roles(names: Iterable[str]) -> str:
    """Roles, comma-separated."""
    return ", ".join(role(name) for name in names)


def literal(text: str | None) -> str:
    """A string constant that reads back exactly, whatever standard_conforming_strings says."""
    if text is None:
        return "NULL"
    quoted = text.replace("'", "''")
    return f"E'{quoted.replace(chr(92), chr(92) * 2)}'" if "\\" in text else f"'{quoted}'"


def dollar_quoted(text: str) -> str:
    """A function's body between dollar quotes that do not occur in it."""
    tag, number = "$$", 0
    while tag in text or (text + tag).find(tag) != len(text):
        number += 1
        tag = f"$body{number if number > 1 else ''}$"
    return f"{tag}{text}{tag}"


_NAME = re.compile(r'"((?:[^"]|"")*)"|[^."]+')
_DEFAULT = re.compile(r"\s+DEFAULT\s|\s*:?=", re.IGNORECASE)
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")


def split_arguments(arguments: str) -> list[str]:
    """The arguments of a signature, split at the commas between them."""
    masked = _QUOTED.sub(lambda match: "x" * len(match.group()), arguments)
    depth, start, parts = 0, 0, []
    for position, character in enumerate(masked):
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append(arguments[start:position])
            start = position + 1
    parts.append(arguments[start:])
    return [part.strip() for part in parts if part.strip()]


@functools.lru_cache(maxsize=4096)  # each comparison asks of each function many times
def without_defaults(arguments: str) -> str:
    """A signature without its default values, which is how PostgreSQL names a function."""
    parts = []
    for argument in split_arguments(arguments):
        masked = _QUOTED.sub(lambda match: "x" * len(match.group()), argument)
        found = _DEFAULT.search(masked)
        parts.append(argument[: found.start()].rstrip() if found else argument)
    return ", ".join(parts)


def comment_on(target: str, comment: str | None) -> str:
    """COMMENT ON, for any kind of object."""
    return f"COMMENT ON {target} IS {literal(comment)}"


def block(body: str, on_exception: str = "") -> str:
    """Statements that run in one, with conditions around them."""
    return f"DO {dollar_quoted(f'BEGIN{chr(10)}{body}{chr(10)}{on_exception}END')}"


def refusal(message: str, hint: str) -> str:
    """The statement of a block that ends it with an error."""
    return f"RAISE EXCEPTION USING MESSAGE = {literal(message)}, HINT = {literal(hint)}"
