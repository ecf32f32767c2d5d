"""`tenantry lint`: exit codes, formats, and what somebody accepts."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import URL, NullPool
from tests.support.commands import Finished, Project
from tests.support.databases import drop_roles
from tests.support.servers import Server

from tenantry.cli import main

IGNORED = "row-security-disabled:table public.notes=moves to another service"


@dataclass(frozen=True)
class Shop:
    """A directory and a database that has one hole, and the role that its requests run as."""

    directory: Path
    url: URL
    role: str
    written: pytest.CaptureFixture[str]

    def lint(self, *options: str) -> Finished:
        """Run the command in this process: a test asks for many."""
        code = main(["lint", "--role", self.role, *options])
        return Finished(code, *self.written.readouterr())

    def execute(self, statements: str) -> None:
        engine = sqlalchemy.create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql(statements, execution_options={"no_parameters": True})


@pytest.fixture
def shop(
    tmp_path: Path, database: URL, server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shop]:
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TENANTRY_DATABASE_URL", database.render_as_string(hide_password=False))
    role = f"shop_{uuid.uuid4().hex}"
    shop = Shop(tmp_path, database, role, capsys)
    shop.execute(f"""
        CREATE ROLE {role} LOGIN PASSWORD 'shop';
        REVOKE TEMPORARY ON DATABASE {database.database} FROM PUBLIC;
        CREATE TABLE notes (tenant_id uuid PRIMARY KEY, text text);
        GRANT SELECT ON notes TO {role};
    """)
    yield shop
    shop.execute(f"DROP OWNED BY {role}")
    drop_roles(server, role)


def test_a_hole_is_found_and_explained_until_it_is_mended(shop: Shop) -> None:
    finished = shop.lint()
    assert finished.code == 1
    assert "error: table public.notes: belongs to tenants but has no row security" in finished.out
    assert "fix: ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY" in finished.out
    assert "1 error, 0 warnings, 0 notes" in finished.out
    (finding,) = json.loads(shop.lint("--format", "json").out)["findings"]
    assert (finding["rule"], finding["severity"]) == ("row-security-disabled", "error")
    shop.execute(finding["fix"])
    shop.execute("CREATE POLICY none ON notes USING (false) WITH CHECK (false)")
    mended = shop.lint()
    assert (mended.code, mended.err) == (0, "")


def test_the_command(project: Project, shop: Shop) -> None:
    project.use(shop.url)
    finished = project.run("tenantry", "lint", "--role", shop.role)
    assert finished.code == 1
    assert "row-security-disabled" in finished.out


def test_any_login_may_look_at_a_database_given_by_url(shop: Shop) -> None:
    there = shop.url.set(username=shop.role, password="shop").render_as_string(hide_password=False)
    finished = shop.lint("--url", there.replace("+psycopg", ""), "--format", "json")
    assert finished.code == 1
    report = json.loads(finished.out)
    assert [finding["object"] for finding in report["findings"]] == ["table public.notes"]
    assert report["roles"] == [shop.role]
    assert "shop:" not in finished.out


def test_a_report_is_written_to_a_file(shop: Shop) -> None:
    path = shop.directory / "lint.sarif"
    finished = shop.lint("--format", "sarif", "--output", str(path))
    assert (finished.code, finished.out) == (1, "")
    assert [result["ruleId"] for result in json.loads(path.read_text())["runs"][0]["results"]] == [
        "row-security-disabled"
    ]


def test_only_what_is_bad_enough_counts(shop: Shop) -> None:
    shop.execute("ALTER TABLE notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    assert shop.lint().code == 1
    assert shop.lint("--severity", "warning").code == 0


def test_what_is_accepted_needs_a_reason_and_stays_visible(shop: Shop) -> None:
    accepted = shop.lint("--ignore", IGNORED)
    assert accepted.code == 0
    assert "1 ignored" in accepted.out
    (ignored,) = json.loads(shop.lint("--ignore", IGNORED, "--format", "json").out)["ignored"]
    assert ignored["ignored_because"] == "moves to another service"
    assert shop.lint("--ignore", "row-security-disabled:table public.note?=short names").code == 0
    assert shop.lint("--ignore", "row-security-disabled:table public.other=somebody else").code == 1
    for text in ("row-security-disabled:table public.notes=", "row-security-disabled:table public.notes", "x"):
        refused = shop.lint("--ignore", text)
        assert refused.code == 2
        assert "RULE:OBJECT=REASON" in refused.failure


def test_what_is_accepted_stands_in_a_file(shop: Shop) -> None:
    entry = 'rule = "row-security-disabled"\nobject = "table public.notes"\nreason = "moves"\n'
    path = shop.directory / "accepted.toml"
    path.write_text(f"[[ignore]]\n{entry}")
    assert shop.lint("--ignore-file", str(path)).code == 0
    path.write_text("[[ignore]]\nrule = 'row-security-disabled'\nobject = 'table public.notes'\n")
    assert "the reason is missing" in shop.lint("--ignore-file", str(path)).failure
    assert "cannot read" in shop.lint("--ignore-file", "nowhere.toml").failure


def test_the_project_says_what_is_looked_at(shop: Shop) -> None:
    shop.execute("CREATE SCHEMA other; CREATE TABLE other.clubs (club uuid PRIMARY KEY)")
    project = shop.directory / "pyproject.toml"
    project.write_text(
        '[tool.tenantry.lint]\ntenant-column = ["club"]\nschema = ["other"]\n'
        '[[tool.tenantry.lint.ignore]]\nrule = "row-security-disabled"\nobject = "*"\nreason = "not yet"\n'
    )
    assert shop.lint().code == 0
    report = json.loads(shop.lint("--format", "json").out)
    assert [one["object"] for one in report["ignored"]] == ["table other.clubs"]
    assert shop.lint("--tenant-column", "tenant_id", "--schema", "public", "--format", "json").code == 0
    for text, complaint in {
        "roles = ['x']": "roles",
        "schema = 'other'": "list of names",
        "severity = 'grave'": "severity",
        "ignore = ['x']": "list of tables",
        "schema = [": "cannot read",
    }.items():
        project.write_text(f"[tool.tenantry.lint]\n{text}\n")
        refused = shop.lint()
        assert refused.code == 2
        assert complaint in refused.failure


def test_what_is_not_there_any_more_need_not_be_ignored(shop: Shop) -> None:
    finished = shop.lint("--ignore", IGNORED, "--ignore", "view-as-owner:view public.gone=was here")
    assert finished.code == 0
    assert "nothing to ignore: view-as-owner:view public.gone=was here" in finished.out


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--schema", "nowhere"), "there is no schema nowhere"),
        (("--schema", "pg_catalog"), "there is no schema pg_catalog"),
        (("--role", "nobody_at_all"), "there is no role nobody_at_all"),
        (("--tenant-column", "club"), "no table has a column club"),
        (("--ignore", "view-as-owned:view x=y"), "did you mean view-as-owner?"),
        (("--url", "mysql://here"), "--url"),
        (("--url", "postgresql://localhost:1/nothing"), "cannot connect"),
        (("--output", "/nowhere/at/all"), "cannot write"),
    ],
)
def test_what_cannot_be_looked_at_is_not_clean(shop: Shop, options: tuple[str, ...], complaint: str) -> None:
    finished = shop.lint(*options)
    assert finished.code == 2
    assert complaint in finished.failure
