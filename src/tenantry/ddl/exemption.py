"""Exemptions from the rules that refuse unsafe declarations."""

from typing import Any

from sqlalchemy import MetaData, Table

from tenantry.ddl.attachment import DeclarationError, TableItem, attach
from tenantry.ddl.function import Routine
from tenantry.ddl.view import View


class Exemption(TableItem):
    """One rule switched off for one object, with the reason why that is safe.

    :param rule: the rule's name, as the refusal gives it.
    :param reason: for whoever reviews the declaration.
    :param name: narrows it to one policy, constraint or index of the table.
    :param on: a routine or view, with ``metadata``; otherwise it stands in the ``__table_args__`` of a table.
    """

    def __init__(
        self,
        rule: str,
        reason: str,
        *,
        name: str | None = None,
        on: Routine | View | None = None,
        metadata: MetaData | None = None,
    ) -> None:
        if not reason.strip():
            msg = f"an exemption from {rule} needs a reason"
            raise DeclarationError(msg)
        self.rule = rule
        self.reason = reason
        self.name = name
        self.on: Table | Routine | View | None = on
        if on is not None:
            if metadata is None:
                msg = f"{self!r}: an exemption of {on!r} needs metadata="
                raise DeclarationError(msg)
            attach(metadata, self)

    def _set_parent(self, parent: Any, **kw: Any) -> None:
        super()._set_parent(parent, **kw)
        self.on = self.table

    def __repr__(self) -> str:
        return f"Exemption({self.rule!r}, {self.reason!r})"
