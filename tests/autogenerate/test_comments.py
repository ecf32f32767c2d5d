"""Comments on what SQLAlchemy has no ``comment=`` for."""

import pytest
from sqlalchemy import URL, BigInteger, Column, Enum, Index, Integer, MetaData, Sequence, Table, text
from sqlalchemy.dialects.postgresql import DOMAIN
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import assert_same, comparing
from tests.support.cases import Pairs, each
from tests.support.snapshot import snapshot

from tenantry.ddl import Comment, DeclarationError, View


def _commented(
    text: str | None = None, *, labels: tuple[str, ...] = ("a", "b"), base: type = Integer, schema: str | None = None
) -> MetaData:
    metadata = MetaData()
    state = Enum(*labels, name="Odd state", schema=schema)
    price = DOMAIN("price", base, check="VALUE > 0", schema=schema)
    numbers = Sequence("numbers", metadata=metadata, schema=schema)
    Table("items", metadata, Column("id", Integer, primary_key=True), Column("state", state), Column("price", price))
    if text is not None:
        Comment(text, on=state, metadata=metadata)
        Comment(text, on=price, metadata=metadata)
        Comment(text, on=numbers)
    return metadata


COMMENTS: Pairs = {
    "created": (MetaData(), _commented("It's 50% :sure.")),
    "added": (_commented(), _commented("How far.")),
    "changed": (_commented("How far."), _commented("How\nfar\\.")),
    "with a value more": (_commented("How far."), _commented("Farther.", labels=("a", "b", "c"))),
    "kept with a value more": (_commented("How far."), _commented("How far.", labels=("a", "b", "c"))),
    "types converted": (_commented("How far."), _commented("Farther.", labels=("b", "a"), base=BigInteger)),
    "kept on converted types": (_commented("How far."), _commented("How far.", labels=("b", "a"), base=BigInteger)),
    "in another schema": (_commented(schema="Odd Schema"), _commented("How far.", schema="Odd Schema")),
}


@each(COMMENTS)
def test_comments_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


def test_a_comment_on_what_nobody_declares_is_refused(shared_database: URL) -> None:
    metadata = MetaData()
    Comment("How far.", on=Enum("a", name="state"), metadata=metadata)
    with comparing(shared_database) as comparison, pytest.raises(DeclarationError, match="enum state is not declared"):
        comparison.revision(metadata)


def test_a_comment_needs_a_metadata() -> None:
    with pytest.raises(DeclarationError, match="needs metadata="):
        Comment("How far.", on=Enum("a", name="state"))


def test_what_takes_a_comment_itself_is_refused() -> None:
    view = View("v", "SELECT 1 AS one", metadata=MetaData())
    with pytest.raises(DeclarationError, match="say comment= where View"):
        Comment("How far.", on=view)  # type: ignore[arg-type]


def test_what_others_made_keeps_its_comment(run: Run) -> None:
    found = """
        CREATE TYPE "Odd state" AS ENUM ('a', 'b'); CREATE DOMAIN price AS int CHECK (VALUE > 0);
        CREATE SEQUENCE numbers; COMMENT ON TYPE "Odd state" IS 'Theirs.'; COMMENT ON SEQUENCE numbers IS 'Theirs.';
    """
    assert "Theirs." not in run(MetaData(), _commented(), found=found).upgrade


def test_an_index_keeps_its_comment(shared_database: URL) -> None:
    def priced(where: str) -> MetaData:
        metadata = MetaData()
        price = Column("price", Integer)
        Table("items", metadata, price, Index("by_price", price, postgresql_where=text(where)))
        return metadata

    with comparing(shared_database) as comparison:
        comparison.migrate_to(priced("price > 0"))
        comparison.execute("COMMENT ON INDEX by_price IS 'Theirs.'")
        before = snapshot(comparison.connection)
        assert comparison.revision(priced("price > 0")).is_empty
        revision = comparison.migrate_to(priced("price > 1"))
        said = "SELECT obj_description('by_price'::regclass, 'pg_class')"
        assert comparison.connection.exec_driver_sql(said).scalar_one() == "Theirs."
        comparison.run(revision.downgrade)
        assert_same(snapshot(comparison.connection), before, revision.downgrade)
