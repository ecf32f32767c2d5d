"""Unique and foreign keys, in all that PostgreSQL knows of them."""

from typing import Any

from sqlalchemy import URL, Column, ForeignKeyConstraint, Integer, MetaData, Table, UniqueConstraint
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Pairs, each
from tests.support.snapshot import snapshot


def _keys(unique: dict[str, Any] | None = None, foreign: dict[str, Any] | None = None) -> MetaData:
    """Two tables with a unique key and a composite foreign key."""
    metadata = MetaData()
    columns = [Column("a", Integer), Column("b", Integer)]
    parent = [Column(name, Integer, primary_key=True, autoincrement=False) for name in ("x", "Y")]
    Table("parents", metadata, *parent)
    items = [ForeignKeyConstraint(["a", "b"], ["parents.x", "parents.Y"], name="fk", **(foreign or {}))]
    key = UniqueConstraint("a", name='say "u"', **(unique or {}))
    Table("children", metadata, Column("id", Integer, primary_key=True), *columns, *items, key)
    return metadata


KEYS: Pairs = {
    "deferrable": (_keys(foreign={}), _keys(foreign={"deferrable": True, "initially": "DEFERRED"})),
    "initially deferred": (
        _keys(foreign={"deferrable": True}),
        _keys(foreign={"deferrable": True, "initially": "DEFERRED"}),
    ),
    "actions": (_keys(foreign={"ondelete": "SET NULL"}), _keys(foreign={"ondelete": "CASCADE", "onupdate": "CASCADE"})),
    "columns set null": (_keys(foreign={"ondelete": "SET NULL (a)"}), _keys(foreign={"ondelete": "SET NULL (b)"})),
    "match": (_keys(), _keys(foreign={"match": "FULL", "comment": "Both or none."})),
    "foreign key commented": (_keys(), _keys(foreign={"comment": "It's 100%: \\ sure."})),
    "comment changed": (_keys(foreign={"comment": "Old."}), _keys(foreign={"comment": "New."})),
    "commented and changed": (
        _keys(foreign={"comment": "Old."}),
        _keys(foreign={"comment": "New.", "ondelete": "CASCADE"}),
    ),
    "with the table": (MetaData(), _keys({"comment": "Once."}, {"comment": "Theirs.", "match": "FULL"})),
    "unique deferrable": (_keys(), _keys({"deferrable": True, "initially": "DEFERRED"})),
    "unique including": (_keys(), _keys({"postgresql_include": ["b"]})),
    "unique nulls": (_keys(), _keys({"postgresql_nulls_not_distinct": True, "comment": "Once."})),
    "unique commented": (_keys(), _keys({"comment": "Once."})),
}

SAME: Pairs = {
    "match simple": (_keys(), _keys(foreign={"match": "SIMPLE"})),
    "initially immediate": (_keys({"deferrable": True}), _keys({"deferrable": True, "initially": "immediate"})),
}

NOT_VALID = "ALTER TABLE children DROP CONSTRAINT fk, ADD CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES parents NOT VALID"


@each(KEYS)
def test_keys_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


def test_a_key_that_is_not_valid_is_validated(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_keys())
        comparison.execute(NOT_VALID)
        start = snapshot(comparison.connection)
        revision = comparison.migrate_to(_keys())
        assert "VALIDATE CONSTRAINT fk" in comparison.script_of(revision.upgrade)
        assert comparison.revision(_keys()).is_empty
        comparison.run(revision.downgrade)
        assert snapshot(comparison.connection) == start
