from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table
from tests.autogenerate.conftest import Run
from tests.support.cases import Pairs, each


def circle() -> MetaData:
    """Orders know their leads' customers, customers their leads, and leads their orders."""
    metadata = MetaData()
    for table, column, target, use_alter in (
        ("leads", "order_id", "orders", True),
        ("customers", "lead_id", "leads", False),
        ("orders", "customer_id", "customers", False),
    ):
        reference = ForeignKey(f"{target}.id", use_alter=use_alter, ondelete="SET NULL", name=f"fk_{table}_{column}")
        Table(table, metadata, Column("id", Integer, primary_key=True), Column(column, Integer, reference))
    return metadata


PAIRS: Pairs = {
    "a circle": (MetaData(), circle()),
    "a circle taken away": (circle(), MetaData()),
}


@each(PAIRS)
def test_circle(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)
