"""What a condition asks for: the parts that AND joins, in one spelling."""

import re

_LEXEME = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[\w$]+|[^\s\w]")
_OPENING, _CLOSING = {"(", "case"}, {")", "end"}


def conjuncts(condition: str) -> frozenset[str]:
    """The conditions that all have to hold, spelled without regard to case and blanks outside of quotes."""
    lexemes = [lexeme if lexeme[0] in "'\"" else lexeme.lower() for lexeme in _LEXEME.findall(condition)]
    lexemes = _unwrapped(lexemes)
    parts: list[list[str]] = [[]]
    depth = between = 0
    for lexeme in lexemes:
        depth += (lexeme in _OPENING) - (lexeme in _CLOSING)
        if lexeme == "or" and depth == 0:
            return frozenset({" ".join(lexemes)})  # OR binds weaker than AND
        if lexeme == "and" and depth == 0 and not between:
            parts.append([])
            continue
        between = (between or lexeme == "between") and lexeme != "and"
        parts[-1].append(lexeme)
    if len(parts) == 1:
        return frozenset({" ".join(lexemes)})
    return frozenset().union(*(conjuncts(" ".join(part)) for part in parts))


def _unwrapped(lexemes: list[str]) -> list[str]:
    """Without parentheses around the whole."""
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
