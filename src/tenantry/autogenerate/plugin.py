"""The Alembic plugin: ``autogenerate_plugins=["alembic.autogenerate.*", "tenantry.*"]`` in env.py turns it on.

Options of ``context.configure``: ``tenantry_role_names``, a mapping of declared role names to a deployment's;
``tenantry_run_as``, the role that owns the objects; ``tenantry_claimed_schemas``, schemas that are wholly ours;
``tenantry_scratch_url``, an empty database for scratch schemas, where the compared one may not be written;
``tenantry_tenant_column``, the column by which rows belong to tenants, and ``tenantry_former_tenant``, whose the rows
become of a table that had none.

Alembic loads this module while it is itself half imported, and must not be loaded by it: so everything is imported
when it is first needed.
"""

import logging
from typing import TYPE_CHECKING, cast
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from alembic.autogenerate.api import AutogenContext
    from alembic.operations.ops import AlterColumnOp, UpgradeOps
    from alembic.runtime.plugins import Plugin
    from alembic.util import PriorityDispatchResult
    from sqlalchemy import Column, MetaData

    from tenantry.autogenerate.enum_renames import Renames

_renames: "WeakKeyDictionary[AutogenContext, Renames]" = WeakKeyDictionary()


def setup(plugin: "Plugin") -> None:
    """Register the comparison, after Alembic's own, which is prepared before."""
    from alembic.util import DispatchPriority  # noqa: PLC0415

    plugin.add_autogenerate_comparator(
        _prepare, "autogenerate", "tenantry", qualifier="postgresql", priority=DispatchPriority.FIRST
    )
    plugin.add_autogenerate_comparator(
        _compare_default, "column", "server_default", qualifier="postgresql", priority=DispatchPriority.FIRST
    )
    plugin.add_autogenerate_comparator(
        _compare, "schema", "tenantry", qualifier="postgresql", priority=DispatchPriority.LAST
    )


def _prepare(context: "AutogenContext", upgrade_ops: "UpgradeOps") -> "PriorityDispatchResult":  # noqa: ARG001
    """Hide the ledger and partitions, and have types read that SQLAlchemy does not know."""
    from alembic.util import PriorityDispatchResult, to_list  # noqa: PLC0415

    from tenantry.autogenerate import ledger  # noqa: PLC0415
    from tenantry.autogenerate.column_types import recognise_composite_types, tolerate_unknown_values  # noqa: PLC0415
    from tenantry.autogenerate.defaults import survive_unknown_functions  # noqa: PLC0415
    from tenantry.autogenerate.enum_renames import rename_values  # noqa: PLC0415
    from tenantry.autogenerate.partitions import Hidden  # noqa: PLC0415

    assert context.connection is not None  # noqa: S101
    metadatas: list[MetaData] = to_list(context.metadata, default=[])
    hidden = Hidden(context.connection, metadatas)
    recognise_composite_types(context.connection)
    tolerate_unknown_values(context.migration_context.impl)
    _renames[context] = rename_values(context.connection, metadatas, context.opts.get("tenantry_run_as"))
    context._name_filters.append(lambda name, kind, _: (name, kind) != (ledger.TABLE, "table"))  # noqa: SLF001
    context._name_filters.append(hidden.shows)  # noqa: SLF001
    survive_unknown_functions(context.migration_context.impl, context.connection)
    # a view of SQLAlchemy's is for queries: Alembic would make a table of it
    context._object_filters.append(lambda item, *_: not getattr(item, "is_view", False))  # noqa: SLF001
    return PriorityDispatchResult.CONTINUE


def _compare_default(
    context: "AutogenContext",  # noqa: ARG001
    operation: "AlterColumnOp",
    *names: object,
) -> "PriorityDispatchResult":
    """Keep what Alembic can only warn of, or fails on, for ourselves."""
    from alembic.util import PriorityDispatchResult  # noqa: PLC0415

    from tenantry.autogenerate.columns import settle_default  # noqa: PLC0415

    live, declared = cast("list[Column[object]]", names[-2:])
    settled = settle_default(operation, live, declared)
    return PriorityDispatchResult.STOP if settled else PriorityDispatchResult.CONTINUE


def _compare(
    context: "AutogenContext", upgrade_ops: "UpgradeOps", schemas: set[str | None]
) -> "PriorityDispatchResult":
    from alembic.util import PriorityDispatchResult, to_list  # noqa: PLC0415

    from tenantry.autogenerate.compare import Options, all_operations  # noqa: PLC0415
    from tenantry.autogenerate.differences import in_words  # noqa: PLC0415
    from tenantry.autogenerate.render import keep_text_exact  # noqa: PLC0415
    from tenantry.autogenerate.tenant_columns import Assignment  # noqa: PLC0415
    from tenantry.autogenerate.transaction import TransactionOps, volatile_functions  # noqa: PLC0415

    assert context.connection is not None  # noqa: S101
    metadatas: list[MetaData] = to_list(context.metadata, default=[])
    options = Options(
        role_names=context.opts.get("tenantry_role_names") or {},
        claimed_schemas=frozenset(context.opts.get("tenantry_claimed_schemas") or ()),
        run_as=context.opts.get("tenantry_run_as"),
        scratch_url=context.opts.get("tenantry_scratch_url"),
        assignment=Assignment(
            context.opts.get("tenantry_tenant_column") or Assignment.column,
            str(context.opts.get("tenantry_former_tenant") or Assignment.tenant),
        ),
    )
    renames = _renames.pop(context)
    try:
        operations = all_operations(context.connection, metadatas, upgrade_ops.ops, schemas, options)
    finally:
        renames.undo()
    found = [*renames.operations, *operations]
    for difference in in_words(found):
        logging.getLogger("alembic.autogenerate.tenantry").info("Detected %s", difference)
    upgrade_ops.ops[:] = [TransactionOps(found, volatile_functions(context.connection, found))] if found else []
    keep_text_exact(context.migration_context.impl)
    return PriorityDispatchResult.CONTINUE
