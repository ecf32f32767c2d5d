"""An attacker: he runs whatever SQL he likes as a user of tenant A, through the application's own login."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from sqlalchemy import text
from tests.models.conftest import World, new_world
from tests.support.servers import Server

from tenantry.models import Base, CatalogScoped
from tenantry.runtime.context import SETTING

TENANT_TABLES = [table for table in Base.metadata.sorted_tables if "tenant_id" in table.columns]
PUBLIC = [str(mapper.local_table) for mapper in Base.registry.mappers if issubclass(mapper.class_, CatalogScoped)]


@dataclass(frozen=True)
class Heist:
    """What an attacker got to see: rows, notices, errors, whatever the server sent."""

    lines: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class Attacker:
    """He holds a genuine token of an owner of tenant A, and knows every id of tenant B."""

    world: World

    @property
    def names(self) -> dict[str, str]:
        """What he knows, for use in his statements."""
        mine, theirs = self.world.a.rows, self.world.b.rows
        return {
            "me": str(self.world.members["owner"]),
            "mine": str(self.world.a.tenant_id),
            "theirs": str(self.world.b.tenant_id),
            "my_workflow": str(mine["ai_workflows"][0]["id"]),
            "their_workflow": str(theirs["ai_workflows"][0]["id"]),
            "their_workflow_name": str(theirs["ai_workflows"][0]["name"]),
            "their_user": str(theirs["tenant_users"][0]["user_id"]),
            "their_email": str(theirs["users"][0]["email"]),
            "their_slug": str(theirs["tenants"][0]["slug"]),
            "their_invitation": str(theirs["tenant_invitations"][0]["id"]),
            "their_product": str(theirs["products"][0]["id"]),
            "their_sku": str(theirs["products"][0]["sku"]),
            "nobody": str(uuid.uuid4()),
        }

    @property
    def token(self) -> str:
        return self.world.key.token(self.world.a.tenant_id, self.world.members["owner"])

    @contextmanager
    def connection(self, token: str | None = None) -> Iterator[Connection]:
        """His connection, in A's context as the application entered it."""
        engine = self.world.application
        _, place = engine.dialect.create_connect_args(engine.url)
        with psycopg.connect(**place) as connection:
            connection.execute("SELECT set_config(%s, %s, false)", (SETTING, self.token if token is None else token))
            connection.commit()
            yield connection

    def run(self, *statements: str, token: str | None = None, **also: str) -> Heist:
        """Run statements, each committed as far as it goes; ``{theirs}`` and the like stand for what he knows."""
        heist = Heist()
        with self.connection(token) as connection:
            connection.add_notice_handler(lambda notice: heist.lines.append(str(notice.message_primary)))
            for statement in statements:
                self._run(connection, statement.format_map({**self.names, **also}), heist)
        return heist

    @staticmethod
    def _run(connection: Connection, statement: str, heist: Heist) -> None:
        cursor = connection.cursor()
        try:
            if statement.startswith("COPY") and "TO STDOUT" in statement:
                with cursor.copy(statement.encode()) as copy:
                    heist.lines.extend(bytes(block).decode() for block in copy)
            else:
                cursor.execute(statement.encode())
                has_more: bool | None = True
                while has_more:
                    heist.lines.extend(map(str, cursor.fetchall()) if cursor.description else ())
                    has_more = cursor.nextset()
        except psycopg.Error as error:
            heist.lines.append(f"{error.sqlstate} {error}")
            connection.rollback()

    def secrets(self) -> set[str]:
        """Values that stand in rows of tenant B and nowhere else; what everybody may read is none."""
        public = {str(value) for table in PUBLIC for row in self.world.b.rows[table] for value in row.values()}
        theirs, mine = (
            {str(value) for table in TENANT_TABLES for row in rows[table.name] for value in row.values()}
            for rows in (self.world.b.rows, self.world.a.rows)
        )
        return {value for value in theirs - mine - public if len(value) >= 32}

    def leaked(self, heist: Heist, told: str = "") -> set[str]:
        """What of tenant B he got to see, without what he wrote himself."""
        shown = str(heist)
        # what he passed to functions before stands in his own logs
        known = {self.names[name] for name in ("theirs", "their_user", "their_product")}
        return {secret for secret in self.secrets() - known if secret in shown and secret not in told}

    def fingerprint(self) -> dict[str, str]:
        """What tenant B has, table by table."""
        query = " UNION ALL ".join(
            f"SELECT '{table.name}', md5(string_agg(t::text, ';' ORDER BY t::text)) FROM {table.name} t"
            f" WHERE tenant_id = '{self.world.b.tenant_id}'"
            for table in TENANT_TABLES
        )
        with self.world.superuser.connect() as connection:
            return {str(row[0]): str(row[1]) for row in connection.execute(text(query))}

    def as_superuser(self, query: str) -> object:
        """The one value that a query returns to somebody who sees everything."""
        return self.as_superuser_all(query)[0][0]

    def as_superuser_all(self, query: str) -> list[tuple[Any, ...]]:
        """All that it returns."""
        with self.world.superuser.begin() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]


@pytest.fixture(scope="package")
def attacker(server: Server, migrated_template: str) -> Iterator[Attacker]:
    """In a world of his own, because what he achieves is committed."""
    with new_world(server, migrated_template) as world:
        yield Attacker(world)
