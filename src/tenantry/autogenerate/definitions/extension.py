"""Extensions: what the login installs, not the owner of the objects.

One may be there already, installed by somebody else: then it is used as it is and stays when the declaration goes.
"""

import dataclasses
import re
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

from tenantry.autogenerate import ledger
from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Definition, Statement

_NUMBERS = "(SELECT array_agg(part[1]::numeric) FROM regexp_matches({}, '[0-9]+', 'g') AS part)"


@dataclass(frozen=True)
class Extension(Definition):
    """An extension.

    :param version: the oldest that will do; any, unless given. Of an installed one, its own.
    """

    kind = "extension"
    remembered = False

    name: str
    _: KW_ONLY
    schema: str | None = None
    version: str | None = None
    comment: str | None = None

    def to_restore(self) -> Self:
        """Whatever version there is where that happens."""
        return dataclasses.replace(self, version=None)

    @property
    def identity(self) -> str:  # noqa: D102
        return self.name

    @property
    def _identifier(self) -> str:
        return sql.identifier(self.name)

    @property
    def _exists(self) -> str:
        return f"EXISTS (SELECT FROM pg_extension WHERE extname = {sql.literal(self.name)})"

    @property
    def _is_older(self) -> str:
        installed, wanted = _NUMBERS.format("extversion"), _NUMBERS.format(sql.literal(self.version))
        return f"EXISTS (SELECT FROM pg_extension WHERE extname = {sql.literal(self.name)} AND {installed} < {wanted})"

    @property
    def _ours(self) -> str:
        return ledger.remembered(self.kind, self.name)

    def satisfies(self, declared: "Extension") -> bool:
        """Whether an installed extension is as it is declared; where it is and what is said of it may be left open."""
        return (
            declared.schema in {None, self.schema}
            and declared.comment in {None, self.comment}
            and (declared.version is None or _numbers(self.version or "") >= _numbers(declared.version))
        )

    def create(self) -> Sequence[Statement]:  # noqa: D102
        schema = f" SCHEMA {sql.identifier(self.schema)}" if self.schema else ""
        body = [
            f"  IF NOT {self._exists} THEN",
            f"    CREATE EXTENSION {self._identifier}{schema};",
            *([f"    {sql.comment_on(f'EXTENSION {self._identifier}', self.comment)};"] if self.comment else []),
            f"    {ledger.remember((self.kind, self.name))};",
            "  END IF;",
            *self._updating(),
        ]
        return [Statement(sql.block("\n".join(body)), as_login=True)]

    def _updating(self) -> list[str]:
        """Newer is fine; somebody else's is his to update."""
        if self.version is None:
            return []
        update = f"ALTER EXTENSION {self._identifier} UPDATE TO {sql.literal(self.version)}"
        refusal = sql.refusal(
            f"extension {self.name} is older than {self.version}, and migrations did not install it",
            f"Have whoever did run: {update}",
        )
        return [
            f"  IF {self._is_older} THEN",
            f"    IF NOT {self._ours} THEN {refusal}; END IF;",
            f"    {update};",
            "  END IF;",
        ]

    def drop(self) -> Sequence[Statement]:  # noqa: D102
        body = (
            f"  IF {self._ours} AND {self._exists} THEN\n"
            f"    DROP EXTENSION {self._identifier};\n"
            "  END IF;\n"
            f"  {ledger.forget((self.kind, self.name))};"
        )
        return [Statement(sql.block(body), as_login=True)]

    def replace(self, old: Self) -> Sequence[Statement]:
        """What is left open stays. An older version comes back where the extension has a path to it."""
        body = []
        if self.schema is not None and self.schema != old.schema:
            schema = sql.identifier(self.schema)
            body.append(f"  IF {self._ours} THEN ALTER EXTENSION {self._identifier} SET SCHEMA {schema}; END IF;")
        if self.comment not in {None, old.comment}:
            comment = sql.comment_on(f"EXTENSION {self._identifier}", self.comment)
            body.append(f"  IF {self._ours} THEN {comment}; END IF;")
        if self.version and old.version and _numbers(self.version) < _numbers(old.version):
            path = (
                "SELECT FROM pg_extension e, pg_extension_update_paths(e.extname) p"
                f" WHERE e.extname = {sql.literal(self.name)} AND p.source = e.extversion"
                f" AND p.target = {sql.literal(self.version)} AND p.path IS NOT NULL"
            )
            update = f"ALTER EXTENSION {self._identifier} UPDATE TO {sql.literal(self.version)}"
            body.append(f"  IF {self._ours} AND EXISTS ({path}) THEN {update}; END IF;")
        elif old.version is not None:
            body += self._updating()
        return [Statement(sql.block("\n".join(body)), as_login=True)] if body else []


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall("[0-9]+", version)]
