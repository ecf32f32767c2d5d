"""Who owns the objects of a database: set up before the first revision, taken down after the last downgrade.

Both are single statements that PostgreSQL alone decides about, so that a script of `--sql` does exactly the same.
"""

from importlib.resources import files

from psycopg import sql

from tenantry.autogenerate import ledger
from tenantry.runtime.database import MINIMUM_VERSION
from tenantry.settings import Settings

#: SQLSTATE of what these statements refuse, with a message that is complete in itself
REFUSED = "TN001"

#: the advisory lock that one migration of a database holds at a time
MIGRATION_LOCK = int.from_bytes(b"tenantry", "big")


def bootstrap(settings: Settings) -> list[str]:
    """Statements that begin a transaction of the owner: one at a time, and never waiting long for a table."""
    return [
        statement_of(
            "bootstrap.sql",
            owner=sql.Literal(settings.owner_role),
            roles=sql.Literal(list(settings.role_names.values())),
            minimum=sql.Literal(MINIMUM_VERSION),
            lock=sql.Literal(MIGRATION_LOCK),
            ledger=sql.Literal(ledger.COMMENT),
        ),
        f"SET LOCAL lock_timeout = '{settings.lock_timeout}ms'",
    ]


def teardown(settings: Settings) -> str:
    """The statement that leaves nothing of ours in a database that has been downgraded to base."""
    return statement_of("teardown.sql", owner=sql.Literal(settings.owner_role))


def statement_of(name: str, **values: sql.Composable) -> str:
    """A statement of this directory, with values in place."""
    template = (files("tenantry.runtime") / name).read_text(encoding="utf-8")
    return sql.SQL(template).format(**values).as_string(None).strip()
