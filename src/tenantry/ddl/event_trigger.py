"""Event triggers, which a whole database shares."""

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem, one_of, words
from tenantry.ddl.trigger import ENABLED

_EVENTS = ("ddl_command_start", "ddl_command_end", "sql_drop", "table_rewrite", "login")


class EventTrigger(DatabaseItem):
    """A trigger on commands, in the terms of ``CREATE EVENT TRIGGER``: whoever migrates has to be a superuser.

    :param event: ddl_command_start, ddl_command_end, sql_drop, table_rewrite or login (PostgreSQL 17).
    :param tags: commands it is limited to, such as ``CREATE TABLE``; all, unless given.
    :param execute: the call of a function that returns event_trigger.
    :param enabled: when it fires: origin (in sessions that are no replica), always, replica or disabled.
    """

    kind = "event trigger"

    def __init__(
        self,
        name: str,
        *,
        event: str,
        tags: str | list[str] | tuple[str, ...] = (),
        execute: str,
        enabled: str = "origin",
        comment: str | None = None,
        metadata: MetaData,
    ) -> None:
        self.name = name
        self.event = one_of(event, _EVENTS, f"event of event trigger {name}")
        self.tags = tuple(tag.upper() for tag in words(tags))
        self.execute = execute
        self.enabled = one_of(enabled, ENABLED, f"enabled of event trigger {name}")
        self.comment = comment
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"EventTrigger({self.name!r})"
