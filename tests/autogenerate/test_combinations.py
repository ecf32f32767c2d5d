"""Pairs of declarations that nobody thought of: kinds combined at random, the same ones on every run."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Table
from tests.autogenerate.conftest import Run
from tests.support.cases import SAME_EVERY_RUN

from tenantry.ddl import Function, Grant, Policy, Rows, RowSecurity, Trigger, View

NOTHING = None
TYPES = {"int": Integer, "bigint": BigInteger}


@dataclass(frozen=True)
class Parts:
    """What a declaration consists of; None leaves a part out."""

    value: str | None
    other: str | None
    checks: str | None
    policy: str | None
    stamp: str | None
    view: str | None
    top: bool
    grantee: str | None
    rows: tuple[int, ...]

    def declaration(self) -> MetaData:
        """Two tables, functions, views, policies, triggers, grants and rows, each on what there is of the others."""
        metadata = MetaData()
        if self.other is not None:
            columns = [] if self.value is None else [Column("value", TYPES[self.value])]
            one = Table("one", metadata, Column("id", Integer, primary_key=True), *columns, RowSecurity())
            two = Table(
                "two", metadata, Column("id", Integer, primary_key=True), Column("one_id", ForeignKey(one.c.id))
            )
            self._declare_functions(metadata)
            self._declare_on(one, two)
            self._declare_views(metadata)
            Rows(two, [{"id": number, "one_id": number} for number in self.rows])
            Rows(one, [{"id": number} for number in self.rows])
        return metadata

    def _declare_functions(self, metadata: MetaData) -> None:
        if self.checks is not None:
            body = f"RETURN (SELECT count(*) + i FROM two WHERE id <> 0)::{self.checks}"
            function = Function("checks", arguments="i int", returns=self.checks, body=body, metadata=metadata)
            if self.grantee:
                Grant("execute", to=self.grantee, on=function, metadata=metadata)
        if self.stamp is not None:
            body = f"BEGIN PERFORM '{self.stamp}'; RETURN NEW; END"
            Function(f"stamp_{self.stamp}", returns="trigger", language="plpgsql", body=body, metadata=metadata)

    def _declare_on(self, one: Table, two: Table) -> None:
        used = "id" if self.value is None else "value"
        calls = "" if self.checks is None else " AND checks(id) IS NOT NULL"
        if self.policy is not None:
            Policy("p", command=self.policy, using=f"{used} IS NOT NULL{calls}", comment=used)._set_parent(one)
            Policy("p", using=f"one_id IN (SELECT id FROM one WHERE {used} IS NOT NULL)")._set_parent(two)
        if self.stamp is not None:
            execute, when = f"stamp_{self.stamp}()", f"NEW.{used} IS NOT NULL"
            Trigger("t", before="update", of=used, when=when, execute=execute)._set_parent(one)
        if self.grantee is not None:
            Grant("select", to=self.grantee, columns=used)._set_parent(one)

    def _declare_views(self, metadata: MetaData) -> None:
        if self.view is None:
            return
        found = "id" if self.value is None else "value"
        view = View("v", f"SELECT {found} AS x FROM one", materialized=self.view == "materialized", metadata=metadata)
        if self.grantee is not None:
            Grant("select", to=self.grantee, on=view, metadata=metadata)
        if self.top:
            View("a", "SELECT x, 1 AS one FROM v", comment="Top.", metadata=metadata)


parts = st.builds(
    Parts,
    value=st.sampled_from([NOTHING, "int", "bigint"]),
    other=st.sampled_from([NOTHING, "there", "there", "there"]),
    checks=st.sampled_from([NOTHING, "int", "bigint"]),
    policy=st.sampled_from([NOTHING, "all", "select"]),
    stamp=st.sampled_from([NOTHING, "a", "z"]),
    view=st.sampled_from([NOTHING, "plain", "materialized"]),
    top=st.booleans(),
    grantee=st.sampled_from([NOTHING, "pg_monitor", "PUBLIC"]),
    rows=st.sampled_from([(), (1,), (1, 2), (2, 3)]),
)


@SAME_EVERY_RUN
@given(before=parts, after=parts)
def test_any_declaration_leads_to_any_other_and_back(run: Run, before: Parts, after: Parts) -> None:
    run(before.declaration(), after.declaration(), "one", "two")
