"""What the condition of a policy asks of a row."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cached_property

from tenantry.lint.node_tree import Node, walk

_EXISTS, _ANY, _VALUE = 0, 2, 4
_IS_NULL = 0
_FIXED = {"CONST", "OPEXPR", "BOOLEXPR", "NULLTEST", "RELABELTYPE"}
_IS_TRUE = 0


@dataclass(frozen=True)
class Routine:
    """A function that somebody made and a policy calls.

    :param call: its name as an expression shows it.
    :param signature: the name with the types of its arguments.
    :param trusts_setting: says yes or no by a setting that any SQL can set.
    """

    call: str
    signature: str
    volatility: str
    trusts_setting: bool


@dataclass(frozen=True)
class Vocabulary:
    """What the numbers in conditions stand for.

    :param equals: the operators called ``=``.
    :param settings: the variants of ``current_setting``.
    :param routines: by number; PostgreSQL's own are not among them.
    """

    equals: frozenset[int]
    settings: frozenset[int]
    routines: Mapping[int, Routine]


class Looseness(Enum):
    """How a branch of a condition, one that alone lets a row pass, fails to ask whose the row is."""

    #: true of every row
    TRUE = auto()
    #: true of the rows that are no tenant's
    SHARED = auto()
    #: true where a setting says so that any SQL can set
    SETTING = auto()
    #: asks for something else, while another branch asks for the tenant
    BESIDE = auto()
    #: asks for something else, and so does every other branch
    ELSEWHERE = auto()


@dataclass(frozen=True, eq=False)
class Condition:
    """USING or WITH CHECK of a policy.

    :param root: what has to be true of a row.
    :param key: the number of the column that says whose the row is; None if there is none.
    """

    root: Node
    key: int | None
    vocabulary: Vocabulary

    @cached_property
    def is_bound(self) -> bool:
        """Whether only rows of one tenant pass, or of tenants that are asked for by name."""
        return self._binds(self.root)

    @cached_property
    def looseness(self) -> frozenset[Looseness]:
        """How rows of others pass, if they do."""
        branches = list(self._branches(self.root))
        loose = [branch for branch in branches if not self._binds(branch) and not _is_false(branch)]
        otherwise = Looseness.ELSEWHERE if len(loose) == len(branches) else Looseness.BESIDE
        return frozenset(self._looseness(branch, otherwise) for branch in loose)

    @cached_property
    def settings_compared(self) -> frozenset[str]:
        """The settings that say which tenant's rows pass, with nothing in between that could tell who set them."""
        binding = (branch for branch in self._branches(self.root) if self._binds(branch))
        names = (_setting(below, self.vocabulary) for branch in binding for below in walk(branch))
        return frozenset(name for name in names if name)

    @cached_property
    def calls_per_row(self) -> frozenset[Routine]:
        """Functions that are called for each row, not once a statement."""
        nodes = walk(self.root, enters=lambda node: node.kind != "QUERY" or bool(_columns(node)))
        return frozenset(routine for node in nodes if (routine := self._routine(node)))

    @cached_property
    def frozen_calls(self) -> frozenset[Routine]:
        """Functions declared immutable that tell who asks: a prepared plan keeps the first answer."""
        asked = (node for node in walk(self.root) if not any(below.kind == "VAR" for below in walk(node)))
        routines = (self._routine(node) for node in asked)
        return frozenset(routine for routine in routines if routine and routine.volatility == "i")

    def _looseness(self, branch: Node, otherwise: Looseness) -> Looseness:
        if all(below.kind in _FIXED for below in walk(branch)):
            return Looseness.TRUE
        if self._is_shared(branch):
            return Looseness.SHARED
        trusts = any(_setting(below, self.vocabulary) or self._trusts(below) for below in walk(branch))
        return Looseness.SETTING if trusts else otherwise

    def _binds(self, node: Node) -> bool:
        choices = _choices(node)
        if choices:
            return all(self._binds(choice) or _is_false(choice) for choice in choices)
        if node.kind == "BOOLEXPR":
            return node.text("boolop") == "and" and any(self._binds(part) for part in node.nodes("args"))
        if node.kind == "BOOLEANTEST":
            return node.number("booltesttype") == _IS_TRUE and all(self._binds(part) for part in node.nodes("arg"))
        if node.kind == "OPEXPR" or (node.kind == "SCALARARRAYOPEXPR" and node.text("useOr") == "true"):
            return node.number("opno") in self.vocabulary.equals and self._compares_key(node)
        if node.kind == "SUBLINK":
            return self._looks_up_key(node)
        # a function that is asked about the tenant may well answer for it
        return node.kind == "FUNCEXPR" and self._names_key(node)

    def _is_shared(self, node: Node) -> bool:
        parts = node.nodes("args") if node.kind == "BOOLEXPR" and node.text("boolop") == "and" else [node]
        return any(
            part.kind == "NULLTEST" and part.number("nulltesttype") == _IS_NULL and self._names_key(part)
            for part in parts
        )

    def _branches(self, node: Node) -> Iterator[Node]:
        choices = _choices(node)
        for choice in choices:
            yield from self._branches(choice)
        if choices:
            return
        if node.kind == "BOOLEXPR" and node.text("boolop") == "and" and not self._binds(node):
            for part in node.nodes("args"):
                branches = list(self._branches(part))
                if any(self._binds(branch) for branch in branches):
                    yield from branches
                    return
        yield node

    def _compares_key(self, node: Node) -> bool:
        sides = node.nodes("args")
        return any(
            self._names_key(side) and not any(_columns(other) for other in sides if other is not side) for side in sides
        )

    def _looks_up_key(self, node: Node) -> bool:
        if node.number("subLinkType") == _ANY:
            return any(self._binds(test) for test in node.nodes("testexpr"))
        return node.number("subLinkType") in {_EXISTS, _VALUE} and self._names_key(node)

    def _names_key(self, node: Node) -> bool:
        return self.key in _columns(node)

    def _routine(self, node: Node) -> Routine | None:
        return self.vocabulary.routines.get(node.number("funcid")) if node.kind == "FUNCEXPR" else None

    def _trusts(self, node: Node) -> bool:
        routine = self._routine(node)
        return routine is not None and routine.trusts_setting


def _choices(node: Node) -> list[Node]:
    """The conditions one of which decides, where there are several."""
    if node.kind == "BOOLEXPR" and node.text("boolop") == "or":
        return node.nodes("args")
    if node.kind in {"COALESCE", "COALESCEEXPR"}:
        return node.nodes("args")
    if node.kind in {"CASE", "CASEEXPR"}:
        return [*(result for when in node.nodes("args") for result in when.nodes("result")), *node.nodes("defresult")]
    return []


def _columns(node: Node) -> set[int]:
    """The columns of the row that the policy is asked about, also from within sub-selects."""
    found: set[int] = set()
    ahead = [(node, 0)]
    while ahead:
        below, depth = ahead.pop()
        if below.kind == "VAR" and below.number("varlevelsup") == depth:
            found.add(below.number("varattno"))
        ahead.extend((child, depth + (below.kind == "QUERY")) for child in below.children)
    return found


def _is_false(node: Node) -> bool:
    return node.kind == "CONST" and _bytes(node)[:1] != b"\x01"


def _setting(node: Node, vocabulary: Vocabulary) -> str | None:
    """The name of the setting of somebody's own that is read; those without a dot are PostgreSQL's."""
    if node.kind != "FUNCEXPR" or node.number("funcid") not in vocabulary.settings:
        return None
    constants = [argument for argument in node.nodes("args") if argument.kind == "CONST"]
    name = _bytes(constants[0])[_HEADER:].decode(errors="replace") if constants else ""
    return name if "." in name else None


#: what precedes the characters of a text: its length
_HEADER = 4


def _bytes(constant: Node) -> bytes:
    words = [word for word in constant.fields.get("constvalue", []) if isinstance(word, str)]
    return bytes(int(word) % 256 for word in words[1:] if word.lstrip("-").isdigit())
