"""The Alembic plugin ``tenantry.safety``; ``"~tenantry.safety"`` in ``autogenerate_plugins`` leaves it out.

Option of ``context.configure``: ``tenantry_tenant_column``, the column by which rows belong to tenants, ``tenant_id``
unless said otherwise.

Alembic loads this module while it is itself half imported, and must not be loaded by it: so everything is imported
when it is first needed.
"""

from typing import TYPE_CHECKING

from tenantry.errors import TenantryError

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import UpgradeOps
    from alembic.runtime.plugins import Plugin
    from alembic.util import PriorityDispatchResult


def setup(plugin: "Plugin") -> None:
    """Register the check, before every comparison."""
    from alembic.util import DispatchPriority  # noqa: PLC0415

    plugin.add_autogenerate_comparator(
        _refuse_unsafe, "autogenerate", "tenantry.safety", priority=DispatchPriority.FIRST
    )


def _refuse_unsafe(context: "AutogenContext", upgrade_ops: "UpgradeOps") -> "PriorityDispatchResult":  # noqa: ARG001
    from alembic.util import CommandError, PriorityDispatchResult, to_list  # noqa: PLC0415

    from tenantry.autogenerate.safety.rules import refuse_unsafe  # noqa: PLC0415

    try:
        refuse_unsafe(to_list(context.metadata, default=[]), context.opts.get("tenantry_tenant_column") or "tenant_id")
    except TenantryError as error:
        raise CommandError(str(error)) from error
    return PriorityDispatchResult.CONTINUE
