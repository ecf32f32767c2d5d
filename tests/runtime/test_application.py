"""Engines that run as the role they are for."""

import pytest
import sqlalchemy
from sqlalchemy import URL, text
from tests.support.databases import settings_for
from tests.support.servers import Server

from tenantry.runtime.application import RoleRefusedError, application_engine


def test_requests_run_as_the_application_also_for_a_superuser(migrated_database: URL) -> None:
    engine = application_engine(settings_for(migrated_database))
    for _ in range(2):  # the second time on the pooled connection
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT current_user")) == "tenantry_app"
            assert connection.scalar(text("SELECT count(*) FROM tenants")) == 0
    engine.dispose()


def test_a_login_that_is_no_member_is_refused(migrated_database: URL, server: Server) -> None:
    name = f"stranger_{migrated_database.database}"
    administrator = sqlalchemy.create_engine(server.url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with administrator.connect() as connection:
        connection.exec_driver_sql(f"CREATE ROLE {name} LOGIN PASSWORD 'stranger'")
        try:
            engine = application_engine(settings_for(migrated_database.set(username=name, password="stranger")))
            with pytest.raises(RoleRefusedError, match="tenantry_app"), engine.connect():
                pass
            engine.dispose()
        finally:
            connection.exec_driver_sql(f"DROP ROLE {name}")
