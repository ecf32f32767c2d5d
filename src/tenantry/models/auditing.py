"""How changes of rows come into the audit log: the triggers of an audited table, and the values that stay out.

One trigger a command and statement, so that a thousand rows cost one look at who is acting and one INSERT.
"""

import re
from typing import Any, Final

from sqlalchemy import Column, Table

from tenantry.ddl import DeclarationError, Trigger, declared
from tenantry.models.columns import SECRET, SENSITIVE

#: what the audit log never holds the value of, unless the column says that its name is misleading
_SENSITIVE_NAME: Final = re.compile(r"(password|secret|token|credentials?|api_key|private_key)$|_(hash|encrypted)$")

#: the transition tables of a command: rows as they were, rows as they are
_IMAGES: Final[dict[str, tuple[str | None, str | None]]] = {
    "insert": (None, "new_rows"),
    "update": ("old_rows", "new_rows"),
    "delete": ("old_rows", None),
}


def audit(table: Table) -> None:
    """Have every change of the table's rows written into the audit log.

    :raises DeclarationError: where a row does not say which tenant's log that is.
    """
    if "tenant_id" not in table.columns and table.name != "tenants":
        msg = f"table {table.name}: changes are audited in the log of a tenant, and these rows have none"
        raise DeclarationError(msg)
    own = {item.name for item in declared(table, Trigger)}
    for command, (old, new) in _IMAGES.items():
        name = f"audit_{command}"
        if name not in own:
            trigger = Trigger(
                name, after=command, for_each="statement", old_table=old, new_table=new, execute=_call(table)
            )
            trigger._set_parent_with_dispatch(table)  # noqa: SLF001


def is_sensitive(column: Column[Any]) -> bool:
    """Whether the audit log says that the column changed, and not from what to what."""
    marked = column.info.get(SENSITIVE, column.info.get(SECRET))
    return bool(_SENSITIVE_NAME.search(column.name)) if marked is None else bool(marked)


def _call(table: Table) -> str:
    names = [column.name.replace("'", "''") for column in table.columns if is_sensitive(column)]
    return "audit_change({})".format(", ".join(f"'{name}'" for name in names))
