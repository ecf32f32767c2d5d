"""Whether contexts are signed or plain: a deployment's choice, which each upgrade tells its database."""

from collections.abc import Iterable

from psycopg import sql
from sqlalchemy import MetaData

from tenantry.ddl import Function, declared
from tenantry.runtime.ownership import statement_of
from tenantry.settings import Settings

_FUNCTION = "contexts_are_plain"


def choose(settings: Settings) -> str:
    """The statement that has a migrated database take the contexts of the settings, and no others."""
    return statement_of("choose_contexts.sql", plain=sql.Literal(_are_plain(settings)))


def declare(metadatas: Iterable[MetaData], settings: Settings) -> None:
    """Have what is declared say the same, so that the choice is no difference."""
    for metadata in metadatas:
        for function in declared(metadata, Function):
            if function.name == _FUNCTION:
                function.body = f"RETURN {str(_are_plain(settings)).lower()}"


def _are_plain(settings: Settings) -> bool:
    return settings.context == "plain"
