"""What Alembic runs for every command."""

from tenantry.models import Base
from tenantry.runtime.migrations import run_migrations

run_migrations(Base.metadata)
