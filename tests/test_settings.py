"""What the environment says is what the settings hold, or one clear line."""

from pathlib import Path

import pytest

from tenantry.errors import SettingsError
from tenantry.settings import Settings, load_settings, project_directory

URL = "postgresql://u:pass-word@host/"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, field in Settings.model_fields.items():
        monkeypatch.delenv(str(field.validation_alias or name).upper(), raising=False)
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)


def _load(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_nothing_configured() -> None:
    assert load_settings().url is None


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"DATABASE_URL": URL + "b", "DB_NAME": "c", "TENANTRY_DATABASE_URL": URL + "a"}, "a"),
        ({"DATABASE_URL": URL + "b", "DB_NAME": "c"}, "b"),
        ({"DATABASE_URL": "", "DB_NAME": "c"}, "c"),
    ],
)
def test_the_nearest_name_wins(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: str) -> None:
    url = _load(monkeypatch, **environment).url
    assert url is not None
    assert url.database == expected


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_way_to_write_the_scheme(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    url = _load(monkeypatch, DATABASE_URL=f"{scheme}://u:p%40ss@host:1/d").url
    assert url is not None
    assert url.render_as_string(hide_password=False) == "postgresql+psycopg://u:p%40ss@host:1/d"


def test_a_database_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    url = _load(monkeypatch, DB_HOST="h", DB_PORT="6", DB_NAME="d", DB_USER="u", DB_PASSWORD="p@/ss").url
    assert url is not None
    assert url.render_as_string(hide_password=False) == "postgresql+psycopg://u:p%40%2Fss@h:6/d"


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DB_NAME=from_file\nDB_HOST=from_file\n")
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path / "deep")
    url = _load(monkeypatch, DB_NAME="from_environment").url
    assert url is not None
    assert (url.database, url.host) == ("from_environment", "from_file")


@pytest.mark.parametrize(
    ("written", "milliseconds"), [("1500", 1500), ("250ms", 250), ("3 s", 3000), ("2min", 120_000), ("0", 0)]
)
def test_lock_timeout(monkeypatch: pytest.MonkeyPatch, written: str, milliseconds: int) -> None:
    assert _load(monkeypatch, TENANTRY_LOCK_TIMEOUT=written).lock_timeout == milliseconds


def test_role_names(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _load(monkeypatch, TENANTRY_APP_ROLE="web").role_names == {
        "tenantry_owner": "tenantry_owner",
        "tenantry_app": "web",
        "tenantry_superadmin": "tenantry_superadmin",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TENANTRY_DATABASE_URL", "pass-word"),
        ("DATABASE_URL", "mysql://u:pass-word@host/d"),
        ("DATABASE_URL", "postgresql://u:pass-word@host:port/d"),
        ("DB_PORT", "70000"),
        ("DB_PASSWORD", "pass-word"),
        ("TENANTRY_LOCK_TIMEOUT", "soon"),
        ("TENANTRY_LOCK_TIMEOUT", "60d"),
        ("TENANTRY_LOCK_RETRIES", "-1"),
        ("TENANTRY_EMBEDDED", "perhaps"),
        ("TENANTRY_OWNER_ROLE", "pg_owner"),
        ("TENANTRY_APP_ROLE", "x" * 64),
        ("TENANTRY_APP_ROLE", "tenantry_owner"),
    ],
)
def test_a_bad_value_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        _load(monkeypatch, **{name: value})
    message = str(refused.value)
    assert name in message
    assert "\n" not in message
    assert "pass-word" not in message


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match=r"cannot read .*\.env"):
        load_settings()


def test_a_secret_is_not_in_the_representation(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load(monkeypatch, DATABASE_URL=URL + "d", TENANTRY_CONTEXT_KEY="context-key")
    assert "pass-word" not in repr(settings)
    assert "context-key" not in repr(settings)


def test_a_directory_without_a_project_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").unlink()
    assert project_directory(tmp_path) == tmp_path
