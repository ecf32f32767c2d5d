"""Whether one condition follows from another, as far as AND and OR tell."""

import functools
import re

_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_LEXEME = re.compile(_COMMENT.pattern + r"|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[\w$]+|[^\s\w]", re.DOTALL)
_OPENING, _CLOSING = {"(", "[", "case"}, {")", "]", "end"}


@functools.lru_cache(maxsize=4096)  # a scope gives the same condition to many tables
def conjuncts(condition: str) -> frozenset[str]:
    """The conditions that all have to hold, spelled without regard to case and blanks outside of quotes."""
    lexemes = _lexemes(condition)
    if len(_split(lexemes, "or")) > 1:
        return frozenset({" ".join(lexemes)})  # OR binds weaker than AND
    parts = _split(lexemes, "and")
    if len(parts) == 1:
        return frozenset({" ".join(lexemes)})
    return frozenset().union(*map(conjuncts, parts))


def follows(condition: str, given: frozenset[str]) -> bool:
    """Whether a condition holds wherever the given conjuncts do."""
    return all(
        part in given or part == "true" or any(follows(choice, given) for choice in _alternatives(part))
        for part in conjuncts(condition)
    )


def _alternatives(condition: str) -> list[str]:
    choices = _split(_lexemes(condition), "or")
    return choices if len(choices) > 1 else []


def _lexemes(condition: str) -> list[str]:
    """The words and signs, without parentheses around the whole."""
    found = [lexeme for lexeme in _LEXEME.findall(condition) if not _COMMENT.fullmatch(lexeme)]
    lexemes = [lexeme if lexeme[0] in "'\"" else lexeme.lower() for lexeme in found]
    while len(lexemes) > 1 and lexemes[0] == "(" and _end_of_group(lexemes) == len(lexemes) - 1:
        lexemes = lexemes[1:-1]
    return lexemes


def _end_of_group(lexemes: list[str]) -> int:
    depth = 0
    for position, lexeme in enumerate(lexemes):
        depth += (lexeme == "(") - (lexeme == ")")
        if depth == 0:
            return position
    return -1


def _split(lexemes: list[str], operator: str) -> list[str]:
    """The parts between an operator, outside of parentheses, CASE and BETWEEN."""
    parts: list[list[str]] = [[]]
    depth, between = 0, False
    for lexeme in lexemes:
        depth += (lexeme in _OPENING) - (lexeme in _CLOSING)
        if lexeme == operator and depth == 0 and not between:
            parts.append([])
            continue
        between = (between or lexeme == "between") and lexeme != "and"
        parts[-1].append(lexeme)
    return [" ".join(part) for part in parts]
