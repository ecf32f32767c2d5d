"""Whether contexts are signed or plain: a deployment's choice, which each upgrade tells its database."""

from collections.abc import Iterable

from psycopg import sql
from sqlalchemy import MetaData

from tenantry.ddl import Function, declared
from tenantry.settings import Settings

_FUNCTION = "contexts_are_plain"

# only where it is another, so that an upgrade without news changes nothing; cached plans are made anew
_CHOOSE = """DO $$
BEGIN
    IF to_regprocedure('public.{function}()') IS NOT NULL THEN
        IF public.{function}() IS DISTINCT FROM {plain} THEN
            CREATE OR REPLACE FUNCTION public.{function}() RETURNS boolean
                LANGUAGE sql STABLE PARALLEL SAFE RETURN {plain};
        END IF;
    END IF;
END
$$"""


def choose(settings: Settings) -> str:
    """The statement that has a migrated database take the contexts of the settings, and no others."""
    statement = sql.SQL(_CHOOSE).format(function=sql.Identifier(_FUNCTION), plain=sql.Literal(_are_plain(settings)))
    return statement.as_string(None)


def declare(metadatas: Iterable[MetaData], settings: Settings) -> None:
    """Have what is declared say the same, so that the choice is no difference."""
    for metadata in metadatas:
        for function in declared(metadata, Function):
            if function.name == _FUNCTION:
                function.body = f"RETURN {str(_are_plain(settings)).lower()}"


def _are_plain(settings: Settings) -> bool:
    return settings.context == "plain"
