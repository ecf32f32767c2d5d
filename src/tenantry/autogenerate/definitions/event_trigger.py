"""Event triggers: what the login makes, not the owner of the objects."""

import dataclasses
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement
from tenantry.autogenerate.definitions.trigger import enabling


@dataclass(frozen=True)
class EventTrigger(Definition):
    """An event trigger."""

    kind = "event trigger"

    name: str
    _: KW_ONLY
    event: str = "ddl_command_end"
    tags: tuple[str, ...] = ()
    execute: str = ""
    enabled: str = "origin"
    comment: str | None = None

    @property
    def identity(self) -> str:  # noqa: D102
        return self.name

    @property
    def _target(self) -> str:
        return f"EVENT TRIGGER {sql.identifier(self.name)}"

    def _run(self, *statements: str) -> Statement:
        """Say what is missing where PostgreSQL only says that something is."""
        refusal = sql.refusal(
            f"event trigger {self.name}: this login may not make, alter or drop it",
            "PostgreSQL leaves event triggers to superusers: migrate as one, or take it out of the declaration.",
        )
        body = "\n".join(f"  {statement};" for statement in statements)
        return Statement(sql.block(body, f"EXCEPTION WHEN insufficient_privilege THEN {refusal};\n"), as_login=True)

    def _enabling(self, old: str) -> list[str]:
        return [] if self.enabled == old else [f"ALTER {self._target} {enabling(self.enabled)}"]

    def _comments(self, old: str | None) -> list[str]:
        return [] if self.comment == old else [sql.comment_on(self._target, self.comment)]

    def create(self) -> Sequence[Statement]:  # noqa: D102
        tags = f" WHEN TAG IN ({', '.join(map(sql.literal, self.tags))})" if self.tags else ""
        created = f"CREATE {self._target} ON {self.event}{tags} EXECUTE FUNCTION {self.execute}"
        return [self._run(created, *self._comments(None), *self._enabling("origin"))]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        return [self._run(f"DROP {self._target}")]

    def replace(self, old: Self) -> Sequence[Statement]:  # noqa: D102
        if dataclasses.replace(self, enabled=old.enabled, comment=old.comment) != old:
            return super().replace(old)
        return [self._run(*self._comments(old.comment), *self._enabling(old.enabled))]

    def texts(self) -> Sequence[str]:  # noqa: D102
        return [self.execute]
