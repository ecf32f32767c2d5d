"""How an application connects: as the role that row security binds, whatever else its login may do."""

import logging
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Engine, event

from tenantry.errors import TenantryError
from tenantry.runtime.database import create_engine
from tenantry.settings import Settings, load_settings

_log = logging.getLogger("tenantry.application")


class RoleRefusedError(TenantryError):
    """The login may not run as the role that it should."""


def application_engine(settings: Settings | None = None, **options: Any) -> Engine:
    """An engine for requests: every connection runs as the application's role, bound to one tenant by row security.

    :param settings: those of the environment unless given.
    :param options: as for :func:`sqlalchemy.create_engine`.
    :raises RoleRefusedError: on the first connection, if the login is no member of the role.
    """
    settings = settings or load_settings()
    engine = create_engine(settings, **options)
    role = settings.app_role

    @event.listens_for(engine, "connect")
    def run_as_role(connection: Any, _: object) -> None:
        """Outside of a transaction: what a rollback takes back would not last."""
        before, connection.autocommit = connection.autocommit, True
        try:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        except psycopg.errors.Error as error:
            reason = error.diag.message_primary or str(error)
            msg = f"connections should run as {role}, but: {reason}; a DBA grants it: GRANT {role} TO <the login>"
            raise RoleRefusedError(msg) from None
        finally:
            connection.autocommit = before
        _warn_of_power(connection, settings, role)

    return engine


def _warn_of_power(connection: Any, settings: Settings, role: str) -> None:
    """SQL that an attacker injects can RESET ROLE; the embedded server has no other login."""
    query = "SELECT session_user FROM pg_roles WHERE rolname = session_user AND (rolsuper OR rolbypassrls)"
    powerful = settings.url is not None and connection.execute(query).fetchone()
    connection.rollback()
    if powerful:
        _log.warning("login %s passes row security by: give it a login that is a member of %s alone", powerful[0], role)
