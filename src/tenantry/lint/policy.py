"""The policies of a database, with their conditions as PostgreSQL reads them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from tenantry.lint.condition import Condition, Routine, Vocabulary
from tenantry.lint.node_tree import parse

_POLICIES = """
    SELECT format('policy %I on %s', p.polname, r.name) AS called, r.name AS table_name, r.oid AS relation,
           p.polcmd, p.polpermissive, p.polroles, r.key,
           p.polqual::text AS using_tree, pg_get_expr(p.polqual, p.polrelid) AS using_text,
           p.polwithcheck::text AS check_tree, pg_get_expr(p.polwithcheck, p.polrelid) AS check_text
    FROM pg_policy p JOIN relation r ON r.oid = p.polrelid
"""
# a setting of somebody's own has a dot in its name
_ROUTINES = r"""
    SELECT DISTINCT f.oid, f.oid::regproc::text AS called, f.oid::regprocedure::text AS signature, f.provolatile,
           f.prorettype = 'boolean'::regtype
           AND f.prosrc ~* $$current_setting\s*\(\s*'[^'.]+\.[^']+'$$ AS trusts_setting
    FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid
    WHERE d.classid = 'pg_policy'::regclass AND d.refclassid = 'pg_proc'::regclass
"""
_NUMBERS = """
    SELECT ARRAY(SELECT oid FROM pg_operator WHERE oprname = '=') AS equals,
           ARRAY(SELECT oid FROM pg_proc WHERE proname = 'current_setting') AS settings
"""

_ALL, _UPDATE, _DELETE = "*", "w", "d"


@dataclass(frozen=True)
class Clause:
    """USING or WITH CHECK of a policy.

    :param name: ``USING`` or ``WITH CHECK``.
    :param text: as PostgreSQL prints it.
    """

    name: str
    text: str
    condition: Condition


@dataclass(frozen=True)
class Policy:
    """A policy.

    :param on: what it is called, as in ``policy tenant_read on public.orders``.
    :param command: as in ``pg_policy``: r, a, w, d, or * for all.
    :param roles: 0 is PUBLIC.
    """

    on: str
    table: str
    relation: int
    command: str
    permissive: bool
    roles: frozenset[int]
    key: int | None
    clauses: tuple[Clause, ...]

    @property
    def is_without_check(self) -> bool:
        """Whether it lets rows be written that only USING is asked about."""
        return self.command in {_ALL, _UPDATE} and [clause.name for clause in self.clauses] == ["USING"]

    def writes(self, clause: Clause) -> bool:
        """Whether a clause lets rows be written or deleted."""
        return clause.name == "WITH CHECK" or self.command in {_ALL, _UPDATE, _DELETE}

    def alter(self, clause: str, text: str) -> str:
        """The statement that makes a clause this."""
        return f"ALTER POLICY {self.on.removeprefix('policy ')} {clause} ({text});"


def read_policies(rows: Callable[[str], Sequence[Row[Any]]]) -> Iterator[Policy]:
    """All policies of the schemas looked at."""
    (numbers,) = rows(_NUMBERS)
    routines = {
        row.oid: Routine(row.called, row.signature, row.provolatile, row.trusts_setting) for row in rows(_ROUTINES)
    }
    vocabulary = Vocabulary(frozenset(numbers.equals), frozenset(numbers.settings), routines)
    conditions: dict[tuple[str, int | None], Condition] = {}  # of thousands of tables, a few differ

    def condition(tree: str, key: int | None) -> Condition:
        if (tree, key) not in conditions:
            conditions[tree, key] = Condition(parse(tree), key, vocabulary)
        return conditions[tree, key]

    for row in rows(_POLICIES):
        clauses = (
            Clause(name, shown, condition(tree, row.key))
            for name, shown, tree in (
                ("USING", row.using_text, row.using_tree),
                ("WITH CHECK", row.check_text, row.check_tree),
            )
            if tree is not None
        )
        yield Policy(
            row.called,
            row.table_name,
            row.relation,
            row.polcmd,
            row.polpermissive,
            frozenset(row.polroles),
            row.key,
            tuple(clauses),
        )
