"""A connection for tools that change the schema without a revision."""

import pytest
from pydantic import SecretStr
from tests.runtime.conftest import Deployment

from tenantry.errors import MigrationError
from tenantry.runtime.migrations import owner_connection
from tenantry.settings import Settings


@pytest.fixture
def settings(deployment: Deployment) -> Settings:
    url = SecretStr(deployment.database.render_as_string(hide_password=False))
    return Settings.model_construct(tenantry_database_url=url, owner_role=deployment.owner)


def test_what_it_makes_belongs_to_the_owner(deployment: Deployment, settings: Settings) -> None:
    with owner_connection(settings) as connection:
        connection.exec_driver_sql("CREATE TABLE made (id int)")
    assert deployment.execute("SELECT tableowner FROM pg_tables WHERE tablename = 'made'") == [(deployment.owner,)]


def test_a_failure_is_one_of_ours_and_leaves_nothing(deployment: Deployment, settings: Settings) -> None:
    with pytest.raises(MigrationError, match='"nowhere" does not exist'), owner_connection(settings) as connection:
        connection.exec_driver_sql("DROP TABLE nowhere")
    assert not deployment.has_role(deployment.owner)
