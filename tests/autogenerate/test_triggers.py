"""Triggers."""

from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table
from tests.autogenerate.conftest import Run
from tests.support.cases import Pairs, declaring, documents, each

from tenantry.ddl import Function, Trigger

BODY = "BEGIN RETURN coalesce(NEW, OLD); END"


def _functions(metadata: MetaData) -> None:
    for name in ("stamp", "other_stamp"):
        Function(name, returns="trigger", language="plpgsql", body=BODY, metadata=metadata)
    Function("Odd stamp", returns="trigger", language="plpgsql", body=BODY, schema="other", metadata=metadata)


def _triggers(*triggers: Trigger) -> MetaData:
    return documents(*triggers, also=_functions)


def _t(**attributes: Any) -> MetaData:
    timing = {} if {"after", "instead_of"} & set(attributes) else {"before": "update"}
    return _triggers(Trigger("t", **{"execute": "stamp()", **timing, **attributes}))


TRIGGERS: Pairs = {
    "created": (_triggers(), _t()),
    "created with everything": (
        _triggers(),
        _t(
            before="insert, update",
            of="title, state",
            when="NEW.title IS NOT NULL",
            execute="stamp('a', 'it''s')",
            comment="C.",
        ),
    ),
    "timing": (_t(), _t(after="update")),
    "event added": (_t(), _t(before=["delete", "update"])),
    "event exchanged": (_t(before="insert"), _t(before="delete")),
    "truncate": (_t(after="truncate", for_each="statement"), _t(before="truncate", for_each="statement")),
    "columns added": (_t(), _t(of="title")),
    "columns changed": (_t(of="title"), _t(of="state, title")),
    "condition added": (_t(), _t(when="OLD.* IS DISTINCT FROM NEW.*")),
    "condition changed": (
        _t(when="OLD.id <> 1"),
        _t(when="(OLD.id IN (1, 2)) OR OLD.title ~ 'x) EXECUTE FUNCTION y('"),
    ),
    "function": (_t(), _t(execute="other_stamp()")),
    "function elsewhere": (_t(), _t(execute='other."Odd stamp"()')),
    "arguments": (_t(execute="stamp('a')"), _t(execute="stamp('a', '50%', 'back\\slash', 'it''s :x')")),
    "for each": (_t(after="update"), _t(after="update", for_each="statement")),
    "comment added": (_t(), _t(comment="It's.")),
    "comment changed": (_t(comment="Old."), _t(comment="New.")),
    "comment and function": (_t(comment="Old."), _t(comment="New.", execute="other_stamp()")),
    "made a constraint": (_t(after="update", comment="C."), _t(after="update", constraint=True, comment="C.")),
    "constraint deferrable": (
        _t(after="insert", constraint=True),
        _t(after="insert", constraint=True, deferrable=True),
    ),
    "constraint deferred": (
        _t(after="insert", constraint=True, deferrable=True),
        _t(after="insert", constraint=True, initially_deferred=True),
    ),
    "constraint with comment": (
        _t(after="insert", constraint=True, comment="C."),
        _t(after="insert", constraint=True, comment="C.", execute="other_stamp()"),
    ),
    "transition tables": (
        _t(after="update", for_each="statement"),
        _t(after="update", for_each="statement", old_table="before", new_table="New Rows"),
    ),
    "transition table renamed": (
        _t(after="insert", for_each="statement", new_table="fresh"),
        _t(after="insert", for_each="statement", new_table="rows"),
    ),
    "several": (
        _triggers(Trigger("a", before="insert", execute="stamp()"), Trigger("b", before="insert", execute="stamp()")),
        _triggers(Trigger("b", after="insert", execute="stamp()"), Trigger("C d", before="insert", execute="stamp()")),
    ),
}


def _elsewhere(*triggers: Trigger) -> MetaData:
    table = Table("Odd table", MetaData(), Column("Odd id", Integer, primary_key=True), *triggers, schema="Odd Schema")
    _functions(table.metadata)
    return table.metadata


ELSEWHERE: Pairs = {
    "created": (
        _elsewhere(),
        _elsewhere(
            Trigger("t", before="update", of="Odd id", when='NEW."Odd id" > 1', execute="stamp()", comment="C.")
        ),
    ),
    "changed": (
        _elsewhere(Trigger("t", before="update", execute="stamp()")),
        _elsewhere(Trigger("t", before="update", of="Odd id", execute='other."Odd stamp"()')),
    ),
    "with its table": (declaring(), _elsewhere(Trigger("t", before="update", execute='other."Odd stamp"()'))),
}

SAME: Pairs = {
    "order of events": (_t(before="update, insert"), _t(before="INSERT, UPDATE")),
    "condition": (_t(when="NEW.id in (1,2)"), _t(when="(new.id = ANY (ARRAY[1, 2]))")),
    "call": (_t(execute="stamp( 'a' ,'b')"), _t(execute="public.stamp('a', 'b')")),
    "deferrable implied": (
        _t(after="insert", constraint=True, initially_deferred=True),
        _t(after="insert", constraint=True, deferrable=True, initially_deferred=True),
    ),
}


@each(TRIGGERS)
def test_triggers_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(ELSEWHERE)
def test_triggers_elsewhere_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after, include_schemas=True)


@each(SAME)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty
