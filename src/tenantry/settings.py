"""Every knob of tenantry, read from the environment and from the project's `.env`.

The environment goes before `.env`, variable by variable; among the three ways to name the database
`TENANTRY_DATABASE_URL` goes before `DATABASE_URL`, and that before `DB_HOST`, `DB_NAME` and the others.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from tenantry.errors import SettingsError

DRIVER = "postgresql+psycopg"
#: what TENANTRY_SCRATCH_URL says for a database of the embedded server
EMBEDDED = "embedded"

_MILLISECONDS = {"ms": 1, "s": 1_000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"(\d+)\s*(ms|s|m|min|h|d)?")
_LONGEST_WAIT = 2**31 - 1
_LONGEST_IDENTIFIER = 63


def project_directory(start: Path | None = None) -> Path:
    """The nearest directory, from `start` (the current one) upwards, that holds an alembic.ini or a pyproject.toml."""
    here = (start or Path.cwd()).resolve()
    for candidate in (here, *here.parents):
        if (candidate / "alembic.ini").is_file() or (candidate / "pyproject.toml").is_file():
            return candidate
    return here


def milliseconds(value: object) -> int:
    """A duration as settings write it; ValueError if it is none."""
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError("is not a duration; write milliseconds (2000) or a unit ms, s, m, h or d (2s)")
    number, unit = match.groups()
    return int(number) * _MILLISECONDS[unit or "ms"]


def _role_name(value: str) -> str:
    if not value.strip() or "\0" in value or len(value.encode()) > _LONGEST_IDENTIFIER:
        raise ValueError(f"is not a role name; write 1 to {_LONGEST_IDENTIFIER} bytes")
    if value.startswith("pg_") or value in {"public", "none"}:
        raise ValueError("is a name that PostgreSQL keeps for itself; choose another")
    return value


def parse_url(value: str) -> URL:
    """The URL of a PostgreSQL database, for the psycopg driver; ValueError without the value if it is none."""
    try:
        url = make_url(value.strip())
    except (ArgumentError, ValueError):
        raise ValueError("is not a database URL; write postgresql://user:password@host:5432/database") from None
    if url.drivername not in {"postgres", "postgresql", DRIVER}:
        raise ValueError("is not a URL of PostgreSQL with psycopg; begin it with postgresql://")
    return url.set(drivername=DRIVER)


RoleName = Annotated[str, BeforeValidator(_role_name)]


class Settings(BaseSettings):
    """The settings of one process; make it with `load_settings`, which turns bad values into one clear line."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    tenantry_database_url: SecretStr | None = None
    database_url: SecretStr | None = None
    db_host: str = "localhost"
    db_port: Annotated[int, Field(ge=1, le=65535)] = 5432
    db_name: str | None = None
    db_user: str | None = None
    db_password: SecretStr | None = None

    owner_role: RoleName = Field(default="tenantry_owner", validation_alias="TENANTRY_OWNER_ROLE")
    app_role: RoleName = Field(default="tenantry_app", validation_alias="TENANTRY_APP_ROLE")
    superadmin_role: RoleName = Field(default="tenantry_superadmin", validation_alias="TENANTRY_SUPERADMIN_ROLE")

    lock_timeout: Annotated[int, BeforeValidator(milliseconds), Field(ge=0, le=_LONGEST_WAIT)] = Field(
        default=2_000, validation_alias="TENANTRY_LOCK_TIMEOUT"
    )
    lock_retries: Annotated[int, Field(ge=0, le=1_000)] = Field(default=5, validation_alias="TENANTRY_LOCK_RETRIES")

    scratch_url: SecretStr | None = Field(default=None, validation_alias="TENANTRY_SCRATCH_URL")

    test_database_url: SecretStr | None = Field(default=None, validation_alias="TENANTRY_TEST_DATABASE_URL")
    test_image: str = Field(default="postgres:18", validation_alias="TENANTRY_TEST_IMAGE")

    embedded: Literal["auto", "never"] = Field(default="auto", validation_alias="TENANTRY_EMBEDDED")
    embedded_directory: Path | None = Field(default=None, validation_alias="TENANTRY_EMBEDDED_DIRECTORY")

    context: Literal["signed", "plain"] = Field(default="signed", validation_alias="TENANTRY_CONTEXT")
    context_key: SecretStr | None = Field(default=None, validation_alias="TENANTRY_CONTEXT_KEY")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Look for `.env` where the project is, not only where the command was typed."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, DotEnvSettingsSource(settings_cls, env_file=_env_file())

    @field_validator("tenantry_database_url", "database_url", "test_database_url")
    @classmethod
    def _check_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            parse_url(value.get_secret_value())
        return value

    @field_validator("scratch_url")
    @classmethod
    def _check_scratch_url(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and value.get_secret_value() != EMBEDDED:
            parse_url(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _check_database(self) -> "Settings":
        parts = {"db_host", "db_port", "db_user", "db_password"} & self.model_fields_set
        if parts and not (self.tenantry_database_url or self.database_url or self.db_name):
            raise ValueError(f"DB_NAME is missing, but {', '.join(sorted(parts)).upper()} is set; set both or neither")
        if len(set(self.role_names.values())) < len(self.role_names):
            raise ValueError(
                "TENANTRY_OWNER_ROLE, TENANTRY_APP_ROLE and TENANTRY_SUPERADMIN_ROLE must be three different names"
            )
        return self

    @property
    def url(self) -> URL | None:
        """The configured database, or None where nothing is configured."""
        for value in (self.tenantry_database_url, self.database_url):
            if value is not None:
                return parse_url(value.get_secret_value())
        if self.db_name is None:
            return None
        password = self.db_password.get_secret_value() if self.db_password else None
        return URL.create(DRIVER, self.db_user, password, self.db_host, self.db_port, self.db_name)

    @property
    def role_names(self) -> Mapping[str, str]:
        """What the roles that declarations and revisions name are called in this deployment."""
        return {
            "tenantry_owner": self.owner_role,
            "tenantry_app": self.app_role,
            "tenantry_superadmin": self.superadmin_role,
        }


def load_settings() -> Settings:
    """Read the environment and the `.env` of the project that the current directory is in."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(detail["loc"], detail["msg"]) for detail in error.errors())) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"cannot read {_env_file()}: {error}") from None


def _env_file() -> Path:
    return project_directory() / ".env"


def _explain(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    return f"{str(location[0]).upper()}: {message}" if location else message
