"""Types, sequences, owners and states of triggers, combined at random, the same on every run."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import CheckConstraint, Column, Enum, Index, Integer, MetaData, Sequence, Table, text
from sqlalchemy.dialects.postgresql import DOMAIN
from sqlalchemy.schema import SchemaItem
from tests.autogenerate.conftest import Run
from tests.support.cases import SAME_EVERY_RUN

from tenantry.ddl import Function, Grant, Owner, Policy, Rows, RowSecurity, Trigger, View, ViewIndex

NOTHING = None


@dataclass(frozen=True)
class Parts:
    """What a declaration consists of; None leaves a part out. Every list of labels has the label b."""

    labels: tuple[str, ...] | None
    uses: frozenset[str]
    largest: int | None
    step: int | None
    enabled: str | None
    index: bool
    owner: str | None
    grantee: str | None

    def declaration(self) -> MetaData:
        """A table whose columns have the types, and what uses them."""
        metadata = MetaData()
        columns = [Column("id", Integer, primary_key=True, autoincrement=False)]
        if self.labels is not None:
            default = "b" if "default" in self.uses else None
            columns.append(Column("state", Enum(*self.labels, name="state"), server_default=default))
        if self.largest is not None:
            check = text(f"VALUE <= {self.largest}")
            columns.append(Column("amount", DOMAIN("amount", Integer, check=check, constraint_name="largest")))
        table = Table("one", metadata, *columns, RowSecurity(force=False), *self._on_table())
        Rows(table, [{"id": 1}])
        if self.step is not None:
            numbers = Sequence("numbers", increment=self.step, metadata=metadata)
            if self.grantee is not None:
                Grant("usage", to=self.grantee, on=numbers)
        self._declare_beside(metadata)
        return metadata

    def _on_table(self) -> list[SchemaItem]:
        items: list[SchemaItem] = []
        if self.owner is not None:
            items.append(Owner(self.owner))
        if self.enabled is not None:
            items.append(Trigger("t", before="update", execute="stamp()", enabled=self.enabled))
        if self.labels is not None:
            items += [Policy("p", using="state <> 'b'")] if "policy" in self.uses else []
            items += [CheckConstraint("state = 'b'", name="c")] if "check" in self.uses else []
            items += [Index("i", "id", postgresql_where=text("state = 'b'"))] if "index" in self.uses else []
        return items

    def _declare_beside(self, metadata: MetaData) -> None:
        Function("stamp", returns="trigger", language="plpgsql", body="BEGIN RETURN NEW; END", metadata=metadata)
        found = "id" if self.labels is None else "id, state"
        indexes = [ViewIndex("of_view", "id", unique=True)] if self.index else []
        View("v", f"SELECT {found} FROM one", materialized=True, indexes=indexes, metadata=metadata)


parts = st.builds(
    Parts,
    labels=st.sampled_from([NOTHING, ("a", "b"), ("a", "b", "c"), ("b", "a"), ("x", "b"), ("b",)]),
    uses=st.frozensets(st.sampled_from(["default", "policy", "check", "index"])),
    largest=st.sampled_from([NOTHING, 10, 20]),
    step=st.sampled_from([NOTHING, 1, 5]),
    enabled=st.sampled_from([NOTHING, "origin", "disabled", "always"]),
    index=st.booleans(),
    owner=st.sampled_from([NOTHING, "pg_monitor"]),
    grantee=st.sampled_from([NOTHING, "pg_monitor", "PUBLIC"]),
)


@SAME_EVERY_RUN
@given(before=parts, after=parts)
def test_any_declaration_leads_to_any_other_and_back(run: Run, before: Parts, after: Parts) -> None:
    run(before.declaration(), after.declaration())
