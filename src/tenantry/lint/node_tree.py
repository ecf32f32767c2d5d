"""PostgreSQL's own reading of an expression: the text of a ``pg_node_tree``, as nodes."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias, Union

_TOKEN = re.compile(r'[(){}]|"(?:\\.|[^"\\])*"|(?:\\.|[^\s(){}\\])+', re.DOTALL)
_FIELD = re.compile(r":\w+")

Value: TypeAlias = Union["Node", "list[Value]", str]


@dataclass(frozen=True, eq=False)
class Node:
    """A node: what it is, as in ``OPEXPR``, and its fields by name; one field may hold several values."""

    kind: str
    fields: dict[str, list[Value]]

    def text(self, field: str) -> str:
        """The one word of a field; empty if there is none."""
        values = self.fields.get(field, [])
        return values[0] if len(values) == 1 and isinstance(values[0], str) else ""

    def number(self, field: str) -> int:
        """The number that a field holds; 0 if there is none."""
        word = self.text(field)
        return int(word) if word.lstrip("-").isdigit() else 0

    def nodes(self, field: str) -> list["Node"]:
        """The nodes directly in a field, also in a list."""
        return list(_directly(self.fields.get(field, [])))

    @property
    def children(self) -> list["Node"]:
        """The nodes directly in any field."""
        return [node for values in self.fields.values() for node in _directly(values)]


def parse(tree: str) -> Node:
    """The root of a tree."""
    tokens = _Tokens(tree)
    (root,) = _directly([_value(tokens, tokens.next())])
    return root


def walk(node: Node, enters: Callable[[Node], bool] = lambda _: True) -> Iterator[Node]:
    """A node and all below it; not below those that ``enters`` says no to."""
    yield node
    if enters(node):
        for child in node.children:
            yield from walk(child, enters)


class _Tokens:
    def __init__(self, tree: str) -> None:
        self._found = _TOKEN.findall(tree)
        self._place = 0

    def next(self) -> str:
        self._place += 1
        token: str = self._found[self._place - 1]
        return token

    @property
    def upcoming(self) -> str:
        token: str = self._found[self._place]
        return token


def _value(tokens: _Tokens, first: str) -> Value:
    if first == "{":
        return _node(tokens)
    if first == "(":
        return list(_until(tokens, ")"))
    return first


def _node(tokens: _Tokens) -> Node:
    node = Node(tokens.next(), {})
    while tokens.upcoming != "}":
        name = tokens.next().removeprefix(":")
        values = node.fields.setdefault(name, [])
        while tokens.upcoming != "}" and not _FIELD.fullmatch(tokens.upcoming):
            values.append(_value(tokens, tokens.next()))
    tokens.next()
    return node


def _until(tokens: _Tokens, end: str) -> Iterator[Value]:
    while (token := tokens.next()) != end:
        yield _value(tokens, token)


def _directly(values: list[Value]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, Node):
            yield value
        elif isinstance(value, list):
            yield from _directly(value)
