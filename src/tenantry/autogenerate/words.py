"""The names that SQL mentions, without parsing it: every word might be one."""

import re
from collections.abc import Iterable

_WORD = re.compile(r'"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$]*')


def words(texts: Iterable[str]) -> set[str]:
    """All words of the texts, unquoted, as PostgreSQL folds them."""
    found = (word for line in texts for word in _WORD.findall(line))
    return {word[1:-1].replace('""', '"') if word.startswith('"') else word.lower() for word in found}
