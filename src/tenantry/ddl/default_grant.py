"""Privileges on what is yet to be created."""

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem, DeclarationError, one_of, words
from tenantry.ddl.privileges import Names, privileges_on

_KINDS = ("tables", "sequences", "functions", "types", "schemas")


class DefaultGrant(DatabaseItem):
    """Privileges on every object that a role creates from now on, in the terms of ``ALTER DEFAULT PRIVILEGES``.

    All that is declared for the same role, kind and schema is the whole: what a declared role or PUBLIC has beyond it
    is revoked. So ``DefaultGrant("execute", on="functions", to=(), ...)`` closes new functions to everybody.

    :param on: tables (views too), sequences, functions (procedures too), types or schemas.
    :param to: roles; PUBLIC is everybody, and an empty sequence nobody.
    :param in_schema: narrows it to one schema, where PostgreSQL only adds to what holds everywhere.
    :param for_role: the role that creates; whoever migrates, unless given.
    """

    kind = "default grant"

    def __init__(
        self,
        privileges: Names,
        *,
        on: str,
        to: Names,
        in_schema: str | None = None,
        for_role: str | None = None,
        with_grant_option: bool = False,
        metadata: MetaData,
    ) -> None:
        self.on = one_of(on, _KINDS, "on of a default grant")
        self.to = words(to)
        self.privileges = privileges_on(self.on.removesuffix("s"), privileges, self.to, with_grant_option)
        self.in_schema = in_schema
        self.for_role = for_role
        self.with_grant_option = with_grant_option
        if in_schema is not None and self.on == "schemas":
            msg = f"{self!r}: no schema is created in a schema"
            raise DeclarationError(msg)
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"DefaultGrant({', '.join(self.privileges)!r}, on={self.on!r}, to={', '.join(self.to)!r})"
