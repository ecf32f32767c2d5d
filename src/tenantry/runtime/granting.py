"""Logins for applications: members of one role, and nothing that would let them past row security."""

from typing import Literal

import psycopg
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from tenantry.errors import TenantryError
from tenantry.runtime.database import reason_of
from tenantry.runtime.logins import check_login
from tenantry.settings import Settings

Purpose = Literal["app", "superadmin"]


class GrantRefusedError(TenantryError):
    """A login is not made what it should not be, or nobody here may make it."""


def grant_login(connection: Connection, name: str, purpose: Purpose, settings: Settings, password: str | None) -> bool:
    """Let a login run requests, or the back office; it is made if it is not there.

    :param connection: of a login that may grant the role; nothing is committed here.
    :param password: of a login that is made.
    :return: whether the login was made.
    :raises GrantRefusedError: when row security would not bind the login, or nobody may grant it the role.
    """
    role = settings.app_role if purpose == "app" else settings.superadmin_role
    quoted = connection.dialect.identifier_preparer.quote
    try:
        is_new = not connection.scalar(text("SELECT true FROM pg_roles WHERE rolname = :name"), {"name": name})
        if is_new:
            connection.exec_driver_sql(f"CREATE ROLE {quoted(name)} LOGIN")
            _set_password(connection, name, password)
        connection.exec_driver_sql(f"GRANT {quoted(role)} TO {quoted(name)}")
    except DBAPIError as error:
        raise GrantRefusedError(f"{name} cannot be made a member of {role}: {reason_of(error)}") from error
    check_login(connection.connection.cursor(), role, settings, name)
    return is_new


def _set_password(connection: Connection, name: str, password: str | None) -> None:
    """Hashed here: the server's log never sees it."""
    driver = connection.connection.driver_connection
    if password is None:
        return
    assert isinstance(driver, psycopg.Connection)  # noqa: S101
    hashed = driver.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    quoted = connection.dialect.identifier_preparer.quote(name)
    literal = psycopg.sql.Literal(hashed.decode()).as_string(driver)
    connection.exec_driver_sql(f"ALTER ROLE {quoted} PASSWORD {literal}", execution_options={"no_parameters": True})
