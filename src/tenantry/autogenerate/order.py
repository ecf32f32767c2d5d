"""The fifth step: an order that PostgreSQL accepts, from what needs what.

What makes a name comes before what mentions it; what takes it away, after. The same order reversed is right for the
downgrade.
"""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from alembic.operations import ops as stock
from alembic.operations.ops import MigrateOperation

from tenantry.autogenerate.around_columns import AroundColumns
from tenantry.autogenerate.definitions import Definition, Enum, GeneratedColumn, Rows, Trigger
from tenantry.autogenerate.definitions.function import Routine
from tenantry.autogenerate.nodes import STOCK_RANK, Node, loses_values, node_of
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, ReplaceOp
from tenantry.autogenerate.words import words


def ordered(operations: Sequence[MigrateOperation]) -> list[MigrateOperation]:
    """The operations in an order that PostgreSQL accepts, forward and, reversed, backward."""
    nodes = [node_of(operation) for operation in operations]
    for node in nodes:
        node.makes_way = any(_moves_away(node.operation, other.operation) for other in nodes)
        if node.makes_way:
            guards = {name for name in node.needs if name.startswith("on ")}  # which are off while the type changes
            node.needs -= guards
            node.used |= set() if loses_values(node.operation) else guards
    hard, soft = _edges(nodes)
    return [nodes[number].operation for number in _sorted(_places(nodes), hard, soft)]


Place = tuple[int, int, int, int]


def _places(nodes: Sequence[Node]) -> list[Place]:
    """Where a reader expects each operation: by rank, but with all that is made on one table together."""
    chapters: dict[str, int] = {}
    for node in nodes:
        if node.table is not None:
            chapters.setdefault(node.table, len(chapters))
    return [
        (node.rank, 0, 0, number) if node.table is None else (STOCK_RANK, chapters[node.table], node.rank, number)
        for number, node in enumerate(nodes)
    ]


Edges = dict[int, set[int]]


def _edges(nodes: Sequence[Node]) -> tuple[Edges, Edges]:
    """Who comes before whom: surely, and if possible."""
    found = _Before(nodes)
    for name in found.makers:
        _connect(found.hard, found.takers.get(name, ()), found.makers[name])
    for first, second in pairwise(number for number, node in enumerate(nodes) if isinstance(_definition(node), Rows)):
        _connect(found.hard, [first], [second])
    for number, node in enumerate(nodes):
        found.add_names(number, node)
        found.add_shapes(number, node)
    return found.hard, found.soft


def _definition(node: Node) -> Definition | None:
    return node.operation.definition if isinstance(node.operation, DefinitionOp) else None


class _Before:
    """Who makes, takes away and reshapes each name, and what has to come before what."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self.hard: Edges = defaultdict(set)
        self.soft: Edges = defaultdict(set)
        self.makers: dict[str, list[int]] = defaultdict(list)
        self.takers: dict[str, list[int]] = defaultdict(list)
        self._reshapers: dict[str, list[int]] = defaultdict(list)
        for number, node in enumerate(nodes):
            for names, numbers in (
                (node.makes, self.makers),
                (node.takes, self.takers),
                (node.reshapes, self._reshapers),
            ):
                for name in names:
                    numbers[name].append(number)
        self._renames = {number for number, node in enumerate(nodes) if node.renames}
        routines = {number for number, node in enumerate(nodes) if isinstance(_definition(node), Routine)}
        self._new_routines = {number for number in routines if isinstance(nodes[number].operation, CreateOp)}
        self._gone_routines = {number for number in routines if isinstance(nodes[number].operation, DropOp)}
        self._types = {name for name in self._reshapers if name.startswith("type ")}

    def add_names(self, number: int, node: Node) -> None:
        """What makes a name comes before what mentions it, what takes it away after."""
        # whoever already speaks of the new name comes after the renaming, whatever else in it is called as before
        followed = self._renames & {maker for name in node.used for maker in self.makers.get(name, ())}
        _connect(self.hard, followed, [number])
        _connect(self.hard, [maker for name in node.needs for maker in self.makers.get(name, ())], [number])
        wanted = [other for name in node.wants for other in (*self.makers[name], *self._reshapers[name])]
        _connect(self.soft, wanted, [number])
        gone = isinstance(node.operation, DropOp)
        shapes = [other for name in node.wanted if gone for other in self._reshapers[name]]
        _connect(self.soft, [number], [*shapes, *(taker for name in node.wanted for taker in self.takers[name])])
        takers_of_used = {taker for name in node.used for taker in self.takers.get(name, ())}
        _connect(self.hard, [number], takers_of_used - followed)
        if isinstance(definition := _definition(node), Rows):
            self._add_rows(number, node)
            if loses_values(node.operation):
                self._add_lost_values(number, definition.belongs_to())

    def _add_lost_values(self, number: int, table: str | None) -> None:
        """On the way back the values return under full guard, but no trigger takes that for a change."""
        guards = set(self.takers.get(f"on {table}", ()))
        triggers = {other for other in guards if isinstance(_definition(self._nodes[other]), Trigger)}
        _connect(self.hard, triggers, [number])
        _connect(self.hard, [number], guards - triggers)

    def _add_rows(self, number: int, node: Node) -> None:
        """Triggers on them call functions, and these others, whose names stand in no text of theirs."""
        if not node.makes_way:  # types change after such rows, functions after types
            _connect(self.soft, self._new_routines, [number])
        if isinstance(node.operation, DropOp):
            _connect(self.soft, [number], self._gone_routines)

    def add_shapes(self, number: int, node: Node) -> None:
        """What is on a table or has a type is dropped before they get another shape, and made after."""
        for name in node.lasting:
            _connect(self.hard, self.makers.get(name, ()), [number])
            _connect(self.hard, [number], self.takers.get(name, ()))
        retyped = self._types - node.reshapes
        after, before = node.needs & retyped, node.used & retyped - node.needs
        if not node.reshapes:
            made = isinstance(node.operation, CreateOp | ReplaceOp | stock.CreateTableOp)
            after = node.needs if made else set()
            before = node.used if isinstance(node.operation, DropOp) else before
        earlier = self._reshaping(after, node)
        away = {other for other in earlier if _moves_away(node.operation, self._nodes[other].operation)}
        names = {name for change in away for name in self._nodes[change].reshapes}
        later = {other for other in earlier if self._nodes[other].needs & names}
        if not loses_values(node.operation):  # which changes nothing before the columns are back
            _connect(self.hard, earlier - away - later, [number])
        _connect(self.hard, [number], away | self._reshaping(before, node))

    def _reshaping(self, names: Iterable[str], node: Node) -> set[int]:
        """Who reshapes one of the names; the indexes of a generated column go before it, and come after it."""
        found = {other for name in names for other in self._reshapers.get(name, ())}
        if not isinstance(_definition(node), GeneratedColumn):
            return found
        return {other for other in found if not isinstance(self._nodes[other].operation, AroundColumns)}


def _moves_away(operation: MigrateOperation, change: MigrateOperation) -> bool:
    """Whether rows are changed before their table, or an enumeration, is: they have values that these lose."""
    if not (isinstance(operation, ReplaceOp) and isinstance(operation.new, Rows)):
        return False
    if loses_values(operation):
        return isinstance(change, stock.ModifyTableOps) and _drops_columns(change, operation.new)
    return isinstance(change, ReplaceOp) and not _uses_new_values(operation.new, change)


def _drops_columns(change: stock.ModifyTableOps, rows: Rows) -> bool:
    on_table = (change.schema, change.table_name) == (rows.schema, rows.table)
    return on_table and any(isinstance(inner, stock.DropColumnOp) for inner in change.ops)


def _uses_new_values(rows: Rows, change: ReplaceOp) -> bool:
    if not (isinstance(change.old, Enum) and isinstance(change.new, Enum)):
        return True
    values = words(str(value) for row in rows.rows for value in row.values())
    return not values.isdisjoint(words(set(change.new.labels) - set(change.old.labels)))


def _connect(edges: Edges, before: Iterable[int], after: Iterable[int]) -> None:
    later = list(after)
    for first in before:
        edges[first] |= {second for second in later if second != first}


def _sorted(places: Sequence[Place], hard: Edges, soft: Edges) -> list[int]:
    """Kahn's algorithm, the lowest rank first; wishes that go in a circle are not all granted."""
    blocked = _incoming(hard)
    wished = _incoming(soft)
    waiting = set(range(len(places)))
    free: list[Place] = []

    def release(candidates: Iterable[int]) -> None:
        for number in candidates:
            if number in waiting and not blocked[number] and not wished[number]:
                heapq.heappush(free, places[number])

    release(waiting)
    result: list[int] = []
    while waiting:
        number = heapq.heappop(free)[-1] if free else _breaking_the_circle(places, waiting, blocked, wished)
        if number not in waiting:
            continue
        waiting.discard(number)
        result.append(number)
        for edges, incoming in ((hard, blocked), (soft, wished)):
            for later in edges.get(number, ()):
                incoming[later].discard(number)
        release({*hard.get(number, ()), *soft.get(number, ())})
    return result


def _breaking_the_circle(places: Sequence[Place], waiting: set[int], blocked: Edges, wished: Edges) -> int:
    """What goes first although it would rather wait: from a circle that waits for nothing outside itself."""
    circle = _ancestors(min(waiting), blocked, wished)
    while outer := next((member for member in circle if _ancestors(member, blocked, wished) != circle), None):
        circle = _ancestors(outer, blocked, wished)
    return min(circle, key=lambda number: (bool(blocked[number]), len(wished[number]), places[number]))


def _ancestors(number: int, *incoming: Edges) -> set[int]:
    found: set[int] = set()
    pending = [number]
    while pending:
        current = pending.pop()
        new = {first for edges in incoming for first in edges[current]} - found
        found |= new
        pending += new
    return found


def _incoming(edges: Edges) -> Edges:
    incoming: Edges = defaultdict(set)
    for first, later in edges.items():
        for second in later:
            incoming[second].add(first)
    return incoming
