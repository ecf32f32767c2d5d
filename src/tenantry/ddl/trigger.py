"""Triggers."""

from typing import Any

from sqlalchemy import MetaData, Table

from tenantry.ddl.attachment import DeclarationError, TableItem, one_of, words
from tenantry.ddl.expression import Expression
from tenantry.ddl.view import View

EVENTS = ("insert", "update", "delete", "truncate")
ENABLED = ("origin", "always", "replica", "disabled")
Events = str | list[str] | tuple[str, ...]


class Trigger(TableItem):
    """A trigger, in the terms of ``CREATE TRIGGER``: in the ``__table_args__`` of a table, or ``on`` another relation.

    :param before: event or events it fires before; exactly one of before, after, instead_of is given.
    :param after: event or events it fires after.
    :param instead_of: event or events it replaces (views).
    :param of: columns whose update fires it; only with the event update.
    :param when: condition on OLD and NEW.
    :param execute: the call of the trigger function, arguments included.
    :param for_each: row or statement.
    :param constraint: a constraint trigger, which may be deferred.
    :param deferrable: whether a constraint trigger may be deferred.
    :param initially_deferred: whether it is deferred unless a transaction says otherwise.
    :param old_table: name of the transition table of old rows.
    :param new_table: name of the transition table of new rows.
    :param enabled: when it fires: origin (in sessions that are no replica), always, replica or disabled.
    :param on: a view, or a table declared elsewhere.
    :param metadata: what declares it, where ``on`` does not say.
    """

    def __init__(
        self,
        name: str,
        *,
        before: Events = (),
        after: Events = (),
        instead_of: Events = (),
        of: str | list[str] | tuple[str, ...] = (),
        when: Expression | None = None,
        execute: str,
        for_each: str = "row",
        constraint: bool = False,
        deferrable: bool = False,
        initially_deferred: bool = False,
        old_table: str | None = None,
        new_table: str | None = None,
        enabled: str = "origin",
        comment: str | None = None,
        on: Table | View | None = None,
        metadata: MetaData | None = None,
    ) -> None:
        given = {
            timing: words(events)
            for timing, events in (("before", before), ("after", after), ("instead of", instead_of))
            if words(events)
        }
        if len(given) != 1:
            msg = f"trigger {name}: give exactly one of before, after, instead_of"
            raise DeclarationError(msg)
        ((self.timing, events),) = given.items()
        chosen = {one_of(event, EVENTS, f"event of trigger {name}") for event in events}
        self.name = name
        self.events = tuple(event for event in EVENTS if event in chosen)
        self.of = words(of)
        self.when = when
        self.execute = execute
        self.for_each = one_of(for_each, ("row", "statement"), f"for_each of trigger {name}")
        self.constraint = constraint
        self.deferrable = deferrable or initially_deferred
        self.initially_deferred = initially_deferred
        self.old_table = old_table
        self.new_table = new_table
        self.enabled = one_of(enabled, ENABLED, f"enabled of trigger {name}")
        self.comment = comment
        if isinstance(on, View):
            self._refuse_on_view(on)
        if on is not None:
            self.stand_on(on, metadata)

    def _refuse_on_view(self, view: View) -> None:
        if view.materialized:
            msg = f"trigger {self.name}: a materialised view has no triggers"
            raise DeclarationError(msg)
        if self.enabled != "origin":
            msg = f"trigger {self.name}: PostgreSQL can neither disable nor replicate a trigger of a view"
            raise DeclarationError(msg)
        if self.timing != "instead of" and self.for_each == "row":
            msg = f"trigger {self.name}: for each row, a view has only instead_of"
            raise DeclarationError(msg)

    def _set_parent(self, parent: Any, **kw: Any) -> None:
        super()._set_parent(parent, **kw)
        if self.timing == "instead of":
            msg = f"trigger {self.name}: instead_of is for views, not for table {self.table.name}"
            raise DeclarationError(msg)

    def __repr__(self) -> str:
        return f"Trigger({self.name!r})"
