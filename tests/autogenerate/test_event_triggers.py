"""Event triggers, which a whole database shares and only a superuser makes."""

import os
from typing import Any

import pytest
from sqlalchemy import URL, MetaData
from sqlalchemy.exc import DBAPIError
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Pairs, documents, each

from tenantry.ddl import DeclarationError, EventTrigger, Function

BODY = "BEGIN PERFORM 1; END"


def _triggers(*triggers: tuple[str, Any], returns: str = "event_trigger") -> MetaData:
    """Triggers before the functions that they call, in the alphabet as well."""

    def declare(metadata: MetaData) -> None:
        for name, attributes in triggers:
            EventTrigger(name, **{"event": "ddl_command_end", "execute": "watch()", **attributes}, metadata=metadata)
        Function("watch", returns=returns, language="plpgsql", body=BODY, metadata=metadata)
        Function("Odd watch", returns=returns, language="plpgsql", body=BODY, schema="other", metadata=metadata)

    return documents(also=declare)


def _t(**attributes: Any) -> MetaData:
    return _triggers(("Odd trigger", attributes))


def _settled(body: str) -> MetaData:
    def declare(metadata: MetaData) -> None:
        Function("watch", returns="event_trigger", language="plpgsql", body=body, metadata=metadata)
        EventTrigger("t", event="sql_drop", execute="watch()", metadata=metadata)

    return documents(also=declare)


EVENT_TRIGGERS: Pairs = {
    "created": (_triggers(), _t()),
    "created with its function": (documents(), _t(tags="CREATE TABLE, alter table", comment="It's 5% :x.")),
    "event": (_t(), _t(event="ddl_command_start")),
    "tags": (_t(tags="CREATE TABLE"), _t(tags="CREATE VIEW, CREATE TABLE")),
    "function": (_t(), _t(execute='other."Odd watch"()')),
    "disabled": (_t(), _t(enabled="disabled")),
    "created always": (_triggers(), _t(enabled="always", event="sql_drop")),
    "comment": (_t(comment="Old."), _t(comment="New.", enabled="replica")),
    "comment removed": (_t(comment="Old."), _t()),
    "renamed": (_triggers(("a", {})), _triggers(("b", {}))),
    "several": (_triggers(("a", {}), ("b", {"event": "sql_drop"})), _triggers(("b", {"event": "table_rewrite"}))),
    "body of its function": (_settled(BODY), _settled("BEGIN PERFORM 2; END")),
}

SAME: Pairs = {
    "call": (_t(), _t(execute="Public.WATCH( )")),
    "tags": (_t(tags="create table, drop table"), _t(tags=["DROP TABLE", "CREATE TABLE"])),
}


@each(EVENT_TRIGGERS)
def test_event_triggers_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


def test_what_others_made_is_left_alone(run: Run) -> None:
    theirs = """
        CREATE FUNCTION other.theirs() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE EVENT TRIGGER theirs ON ddl_command_end EXECUTE FUNCTION other.theirs()
    """
    claimed = {"tenantry_claimed_schemas": {"public"}}
    assert "theirs" not in run(documents(), _t(), found=theirs, **claimed).upgrade


def test_who_may_not_is_told_who_may(shared_database: URL) -> None:
    role = f"case_migrator_{os.getpid()}"
    with comparing(shared_database) as comparison:
        revision = comparison.revision(_t())
        comparison.execute(f"CREATE ROLE {role}; GRANT ALL ON SCHEMA public, other TO {role}; SET LOCAL ROLE {role}")
        with pytest.raises(DBAPIError, match="migrate as one, or take it out of the declaration"):
            comparison.run(revision.upgrade)


def test_an_unknown_event_is_refused() -> None:
    with pytest.raises(DeclarationError, match="event of event trigger"):
        _t(event="insert")
