"""Schemas that migrations make, and schemas whose names look like something else."""

from sqlalchemy import Column, Enum, Integer, MetaData, Sequence, Table
from tests.autogenerate.conftest import Run
from tests.support.cases import Pairs, each

from tenantry.ddl import Function, Grant, Policy, Rows, RowSecurity, Schema, View


def _app(name: str = "app", *, comment: str | None = None, to: str = "", filled: bool = True) -> MetaData:
    """A schema with something of every kind in it."""
    metadata = MetaData()
    schema = Schema(name, comment=comment, metadata=metadata)
    if to:
        Grant("usage", to=to, on=schema, metadata=metadata)
    if filled:
        table = Table(
            "documents",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("state", Enum("a", "b", name="state", schema=name)),
            RowSecurity(force=False),
            Policy("reads", using="id > 0"),
            schema=name,
        )
        Rows(table, [{"id": 1, "state": "a"}])
        Sequence("numbers", schema=name, metadata=metadata)
        Function("f", returns="int", body="SELECT 1", schema=name, metadata=metadata)
        quoted = name.replace('"', '""')
        View("v", f'SELECT id FROM "{quoted}".documents', schema=name, comment="V.", metadata=metadata)
    return metadata


SCHEMAS: Pairs = {
    "created": (MetaData(), _app(comment="It's.", to="pg_monitor")),
    "empty": (MetaData(), _app(filled=False)),
    "filled": (_app(filled=False), _app()),
    "commented": (_app(), _app(comment="Ours.")),
    "quoted": (MetaData(), _app("Odd app")),
    "with a dot": (_app("my.app", filled=False), _app("my.app")),
    "with dots and quotes": (MetaData(), _app('."x".y')),
    "one for another": (_app("app"), _app("my.app")),
}


@each(SCHEMAS)
def test_schemas(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, include_schemas=True)


def test_a_schema_that_was_there_stays(run: Run) -> None:
    revision = run(MetaData(), _app("other"), include_schemas=True)
    assert "(Schema(" not in revision.upgrade + revision.downgrade
