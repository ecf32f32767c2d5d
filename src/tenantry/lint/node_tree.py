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
    top: list[Value] = []
    # within what the next value stands, and the list it goes to; an expression may be nested deeper than Python's calls
    within: list[tuple[Node | None, list[Value]]] = [(None, top)]
    tokens = iter(_TOKEN.findall(tree))
    for token in tokens:
        node, values = within[-1]
        if token == "{":  # noqa: S105
            inner = Node(next(tokens), {})
            values.append(inner)
            within.append((inner, []))
        elif token == "(":  # noqa: S105
            listed: list[Value] = []
            values.append(listed)
            within.append((None, listed))
        elif token in {"}", ")"}:
            within.pop()
        elif node is not None and _FIELD.fullmatch(token):
            within[-1] = (node, node.fields.setdefault(token.removeprefix(":"), []))
        else:
            values.append(token)
    (root,) = _directly(top)
    return root


def walk(node: Node, enters: Callable[[Node], bool] = lambda _: True) -> Iterator[Node]:
    """A node and all below it; not below those that ``enters`` says no to."""
    ahead = [node]
    while ahead:
        found = ahead.pop()
        yield found
        if enters(found):
            ahead.extend(found.children)


def _directly(values: list[Value]) -> Iterator[Node]:
    for value in values:
        if isinstance(value, Node):
            yield value
        elif isinstance(value, list):
            yield from _directly(value)
