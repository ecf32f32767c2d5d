"""The roles of the database by the names that declarations use; a deployment may call them otherwise."""

from typing import Final

OWNER: Final = "tenantry_owner"
APPLICATION: Final = "tenantry_app"
SUPERADMIN: Final = "tenantry_superadmin"
