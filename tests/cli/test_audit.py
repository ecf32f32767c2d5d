"""`tenantry audit`: what it prints, and the exit codes that a scheduler or a pipeline goes by."""

import json
import uuid

import pytest
from sqlalchemy import URL, text
from tests.models.conftest import engine
from tests.support.commands import Project

from tenantry.runtime.audit import Anchor, AuditError


@pytest.fixture
def audited(project: Project, migrated_database: URL) -> URL:
    """A database with a tenant, whose beginning is in the log."""
    project.use(migrated_database)
    with engine(migrated_database).begin() as connection:
        user = connection.execute(
            text("INSERT INTO users (email) VALUES (:email) RETURNING id"), {"email": f"{uuid.uuid4().hex}@example.com"}
        ).scalar_one()
        connection.execute(text("SELECT provision_tenant('acme', 'Acme', :user)"), {"user": user})
    return migrated_database


def tamper(url: URL, statement: str) -> None:
    with engine(url).begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


def test_seals_and_verifies(audited: URL, project: Project) -> None:
    sealed = project.run("tenantry", "audit", "seal")
    anchor = sealed.succeeded().strip()
    assert anchor.startswith("1:")
    assert " entries were sealed" in sealed.err
    assert project.run("tenantry", "audit", "seal").succeeded().strip() == anchor
    assert project.run("tenantry", "audit", "verify", "--anchor", anchor).succeeded().startswith("intact\n1 seals hold")

    tamper(audited, "UPDATE audit_logs SET action = 'harmless' WHERE action = 'roles.insert'")
    found = project.run("tenantry", "audit", "verify")
    assert found.code == 1
    assert found.out.startswith("broken: entry ")


def test_speaks_json(audited: URL, project: Project) -> None:
    sealed = json.loads(project.run("tenantry", "audit", "seal", "--batch", "5", "--format", "json").succeeded())
    found = json.loads(project.run("tenantry", "audit", "verify", "--format", "json").succeeded())
    assert found == {
        "intact": True,
        "seals": int(sealed["anchor"].partition(":")[0]),
        "entries": sealed["sealed"],
        "unsealed": 0,
        "anchor": sealed["anchor"],
        "broken": None,
    }
    tamper(audited, "DELETE FROM audit_seals WHERE number = 2")
    broken = project.run("tenantry", "audit", "verify", "--format", "json")
    assert broken.code == 1
    assert json.loads(broken.out)["broken"] == {
        "fault": "seal missing",
        "seal": 2,
        "entry": None,
        "message": "seal 2 is missing",
    }


def test_a_chain_that_is_cut_off_is_known_by_its_anchor(audited: URL, project: Project) -> None:
    anchor = project.run("tenantry", "audit", "seal").succeeded().strip()
    tamper(audited, "DELETE FROM audit_seals")
    assert project.run("tenantry", "audit", "verify").code == 0
    found = project.run("tenantry", "audit", "verify", "--anchor", anchor)
    assert (found.code, found.out.splitlines()[0]) == (
        1,
        "broken: seal 1, which was noted, is missing, and so is what follows it",
    )


@pytest.mark.parametrize("written", ["", "7", "7:", "x:00", "0:" + 64 * "0", "1:abcd"])
def test_an_anchor_that_is_none_is_refused(written: str) -> None:
    with pytest.raises(AuditError, match="is no anchor"):
        Anchor.parse(written)


def test_a_database_without_logs_is_no_proof(database: URL, project: Project) -> None:
    project.use(database)
    found = project.run("tenantry", "audit", "verify")
    assert found.code == 2
    assert "alembic upgrade head" in found.failure
    assert project.run("tenantry", "audit", "verify", "--anchor", "7").code == 2
    assert project.run("tenantry", "audit", "seal").code == 1
