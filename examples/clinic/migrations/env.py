"""What Alembic runs for every command."""

from tenantry.runtime.migrations import run_migrations

run_migrations("clinic.models:Base.metadata", branch="clinic")
