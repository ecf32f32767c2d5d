"""Triggers."""

from typing import Any

import pytest
from sqlalchemy import URL, Column, Integer, MetaData, Table
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import comparing
from tests.support.cases import Pairs, declaring, documents, each

from tenantry.ddl import DeclarationError, Function, Trigger, View

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
    "disabled": (_t(), _t(enabled="disabled", comment="C.")),
    "enabled always": (_t(enabled="disabled"), _t(enabled="always")),
    "enabled on replicas": (_t(enabled="always"), _t(enabled="replica")),
    "created disabled": (_triggers(), _t(enabled="disabled")),
    "disabled and changed": (_t(enabled="disabled"), _t(enabled="disabled", execute="other_stamp()")),
    "disabled constraint": (
        _t(after="insert", constraint=True, enabled="replica"),
        _t(after="insert", constraint=True, enabled="replica", execute="other_stamp()"),
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


def _on_view(*triggers: Any, query: str = "SELECT id, title FROM documents", schema: str | None = None) -> MetaData:
    """Functions before the view, as one writes them; triggers are given by name and attributes."""

    def declare(metadata: MetaData) -> None:
        _functions(metadata)
        view = View("Odd view", query, schema=schema, metadata=metadata)
        for name, attributes in triggers:
            Trigger(name, **{"execute": "stamp()", **attributes}, on=view)

    return documents(also=declare)


WRITES = ("writes", {"instead_of": "insert, update, delete", "comment": "C."})
AFTER = ("after", {"after": "update", "for_each": "statement", "when": "current_setting('a.b', true) = '1'"})
WIDER = "SELECT id::bigint, title FROM documents"

ON_VIEWS: Pairs = {
    "created": (_on_view(), _on_view(WRITES, AFTER)),
    "created with its view": (documents(), _on_view(WRITES, AFTER)),
    "created with its view elsewhere": (documents(), _on_view(WRITES, schema="other")),
    "events": (_on_view(WRITES), _on_view(("writes", {"instead_of": "insert", "comment": "C."}))),
    "function": (_on_view(WRITES), _on_view(("writes", {**WRITES[1], "execute": "other_stamp('a')"}))),
    "rebuilt with its view": (_on_view(WRITES, AFTER), _on_view(WRITES, AFTER, query=WIDER)),
    "changed with its view": (_on_view(WRITES, AFTER), _on_view(AFTER, ("b", WRITES[1]), query=WIDER)),
    "goes with its view": (_on_view(WRITES, schema="Odd Schema"), documents(also=_functions)),
}

SAME_ON_VIEWS: Pairs = {
    "call": (_on_view(WRITES), _on_view(("writes", {**WRITES[1], "execute": "public.stamp( )"}))),
    "condition": (_on_view(AFTER), _on_view(("after", {**AFTER[1], "when": "(CURRENT_SETTING('a.b', TRUE)) = '1'"}))),
    "elsewhere": (
        _on_view(WRITES, schema="Odd Schema"),
        _on_view(("writes", {**WRITES[1], "execute": "public.stamp( )"}), schema="Odd Schema"),
    ),
}


def _declared_elsewhere(*, declared: bool) -> MetaData:
    metadata = documents(also=_functions)
    if declared:
        Trigger("t", before="update", execute="stamp()", on=metadata.tables["documents"])
    return metadata


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


@each(ON_VIEWS)
def test_triggers_on_views_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME_ON_VIEWS)
def test_what_means_the_same_on_a_view_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty


def test_a_trigger_stands_on_a_table_declared_elsewhere(run: Run) -> None:
    assert "Trigger(" in run(_declared_elsewhere(declared=False), _declared_elsewhere(declared=True)).upgrade


def test_what_was_disabled_by_hand_is_enabled_again(shared_database: URL) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_t())
        comparison.execute("ALTER TABLE documents DISABLE TRIGGER t")
        assert "enabled='disabled'" in comparison.migrate_to(_t()).upgrade
        assert comparison.revision(_t()).is_empty


REFUSED = {
    "each row of a view before it": ({"before": "insert"}, {}, "only instead_of"),
    "disabled on a view": ({"instead_of": "insert", "enabled": "disabled"}, {}, "disable"),
    "on a materialised view": ({"after": "insert"}, {"materialized": True}, "materialised"),
}


@pytest.mark.parametrize(("attributes", "view", "reason"), list(REFUSED.values()), ids=list(REFUSED))
def test_what_postgresql_cannot_do_is_refused(attributes: Any, view: Any, reason: str) -> None:
    on = View("v", "SELECT 1 AS one", metadata=MetaData(), **view)
    with pytest.raises(DeclarationError, match=reason):
        Trigger("t", **attributes, execute="stamp()", on=on)


def test_instead_of_is_for_views() -> None:
    with pytest.raises(DeclarationError, match="instead_of is for views"):
        documents(Trigger("t", instead_of="insert", execute="stamp()"))


@each(SAME)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty
