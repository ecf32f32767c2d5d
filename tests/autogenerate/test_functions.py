"""Functions and procedures."""

from typing import Any

from sqlalchemy import MetaData
from tests.autogenerate.conftest import Run
from tests.support.cases import Declare, Pairs, declaring, documents, each

from tenantry.ddl import Function, Grant, Policy, Procedure, RowSecurity, Trigger, View


def function(**attributes: Any) -> Declare:
    return lambda metadata: Function(
        **{"name": "f", "body": "SELECT 1", "returns": "int", **attributes}, metadata=metadata
    )


def procedure(**attributes: Any) -> Declare:
    return lambda metadata: Procedure(**{"name": "p", "body": "SELECT 1", **attributes}, metadata=metadata)


def _f(**attributes: Any) -> MetaData:
    return declaring(function(**attributes))


def _p(**attributes: Any) -> MetaData:
    return declaring(procedure(**attributes))


PLPGSQL = "\nBEGIN\n    RETURN 1;\nEND\n"
TRIGGER = "\nBEGIN\n    NEW.title := upper(NEW.title);\n    RETURN NEW;\nEND\n"
ATOMIC = "BEGIN ATOMIC SELECT count(*)::int FROM documents WHERE state = 'open'; END"

ATTRIBUTES: Pairs = {
    "created": (declaring(), _f()),
    "created with everything": (
        declaring(),
        _f(
            arguments="a int, VARIADIC rest text[] DEFAULT '{}'",
            returns="SETOF text",
            language="plpgsql",
            body="BEGIN RETURN; END",
            volatility="immutable",
            security="definer",
            strict=True,
            parallel="safe",
            leakproof=True,
            cost=7,
            rows=42,
            search_path="pg_catalog, public, pg_temp",
            settings={"work_mem": "8MB", "statement_timeout": "5s"},
            comment="Everything.",
        ),
    ),
    "body": (_f(), _f(body="SELECT 2")),
    "language": (_f(), _f(language="plpgsql", body=PLPGSQL)),
    "volatility": (_f(), _f(volatility="stable")),
    "security": (_f(), _f(security="definer")),
    "strict": (_f(), _f(strict=True)),
    "parallel": (_f(), _f(parallel="restricted")),
    "leakproof": (_f(), _f(leakproof=True)),
    "cost": (_f(), _f(cost=0.5)),
    "cost of c": (_f(cost=10), _f(cost=1000000)),
    "rows": (_f(returns="SETOF int"), _f(returns="SETOF int", rows=3)),
    "search path added": (_f(), _f(search_path="pg_catalog, public")),
    "search path changed": (_f(search_path="public"), _f(search_path=["pg_catalog", '"$user"', "Odd Schema"])),
    "search path empty": (_f(), _f(search_path="")),
    "search path emptied": (_f(search_path="public"), _f(search_path=())),
    "setting added": (_f(), _f(settings={"work_mem": "8MB"})),
    "setting changed": (
        _f(settings={"work_mem": "8MB"}),
        _f(settings={"work_mem": "16MB", "app.tenant": "it's \\ 5%"}),
    ),
    "setting that is a list": (_f(), _f(settings={"DateStyle": "ISO, DMY"})),
    "setting written in another case": (_f(), _f(settings={"timezone": "UTC"})),
    "comment added": (_f(), _f(comment="It's 100% %s \\ :sure.")),
    "comment changed": (_f(comment="Old."), _f(comment="New\nlines.")),
    "comment on a signature with a default": (
        _f(arguments="a int DEFAULT 1"),
        _f(arguments="a int DEFAULT 1", comment="C."),
    ),
    "to another schema": (_f(), _f(schema="other")),
    "in another schema": (declaring(), _f(schema="other", name="Odd name", arguments='"Odd arg" int', comment="C.")),
    "in a schema that needs quoting": (_f(schema="Odd Schema"), _f(schema="Odd Schema", body="SELECT 2")),
    "keyword as name": (_f(name="order"), _f(name="order", body="SELECT 2")),
    "kind changed": (_f(), declaring(procedure(name="f"))),
}

SIGNATURES: Pairs = {
    "argument added": (_f(), _f(arguments="a int")),
    "argument type changed": (_f(arguments="a int"), _f(arguments="a bigint")),
    "argument renamed": (_f(arguments="a int"), _f(arguments="b int")),
    "argument named": (_f(arguments="int"), _f(arguments="a int")),
    "default added": (_f(arguments="a int"), _f(arguments="a int DEFAULT 1")),
    "default changed": (_f(arguments="a int DEFAULT 1"), _f(arguments="a int DEFAULT 2")),
    "default with commas and quotes": (
        _f(),
        _f(arguments="a text DEFAULT 'x, y DEFAULT ''z'' (', b int[] = ARRAY[1, 2]"),
    ),
    "two arguments exchange their names": (_f(arguments="a int, b int"), _f(arguments="b int, a int")),
    "one of two defaults removed": (_f(arguments="a int, b int DEFAULT 1"), _f(arguments="a int, b int")),
    "out argument renamed": (_f(arguments="OUT a int"), _f(arguments="OUT b int")),
    "out argument of another type": (
        _f(arguments="a int, OUT b int"),
        _f(arguments="a int, OUT b text", returns="text", body="SELECT 'x'"),
    ),
    "variadic": (_f(arguments="a text[]"), _f(arguments="VARIADIC a text[]")),
    "mode changed": (_f(arguments="a int"), _f(arguments="INOUT a int")),
    "out arguments": (
        _f(arguments="a int, OUT b int"),
        _f(arguments="a int, OUT b int, OUT c text", returns="record", body="SELECT 1, 'x'"),
    ),
    "returns changed": (_f(), _f(returns="bigint", body="SELECT 1::bigint")),
    "returns a set": (_f(), _f(returns="SETOF int")),
    "returns a table": (
        _f(returns="TABLE (a int)"),
        _f(returns="TABLE (a int, b text)", body="SELECT 1, 'x'"),
    ),
    "overloads created": (
        declaring(),
        declaring(function(), function(arguments="a int"), function(arguments="a text")),
    ),
    "one overload changed": (
        declaring(function(), function(arguments="a int")),
        declaring(function(), function(arguments="a int", body="SELECT 2")),
    ),
    "one overload dropped": (
        declaring(function(), function(arguments="a int", comment="C.")),
        declaring(function(comment="D.")),
    ),
    "overloads exchanged": (
        declaring(function(), function(arguments="a int")),
        declaring(function(arguments="b int"), function(arguments="a text", returns="text", body="SELECT 'x'")),
    ),
}

STANDARD_BODIES: Pairs = {
    "created": (documents(), documents(also=function(body=ATOMIC))),
    "changed": (documents(also=function(body=ATOMIC)), documents(also=function(body=ATOMIC.replace("open", "shut")))),
    "return": (_f(body="RETURN 1"), _f(arguments="a int", body="RETURN a + 1")),
    "made a string": (_f(body="RETURN 1"), _f()),
    "calls one that comes later": (
        declaring(),
        declaring(function(name="a", body="RETURN z()"), function(name="z", body="RETURN 1")),
    ),
    "under it another is rebuilt": (
        declaring(function(name="a", body="RETURN z()", comment="C."), function(name="z", body="RETURN 1")),
        declaring(
            function(name="a", body="RETURN z()::int", comment="C."),
            function(name="z", returns="bigint", body="RETURN 1::bigint"),
        ),
    ),
    "several statements": (
        documents(),
        documents(
            also=procedure(
                arguments="d int",
                body="BEGIN ATOMIC DELETE FROM documents WHERE id = d; DELETE FROM tenants WHERE id = d; END",
            )
        ),
    ),
}

PROCEDURES: Pairs = {
    "created": (declaring(), _p(arguments="a int DEFAULT 1", security="definer", search_path="", comment="C.")),
    "body": (_p(), _p(body="SELECT 2")),
    "argument": (_p(arguments="a int"), _p(arguments="a int, INOUT b text", body="SELECT 'x'")),
    "default removed": (_p(arguments="a int DEFAULT 1"), _p(arguments="a int")),
    "settings": (_p(), _p(settings={"work_mem": "8MB"}, search_path="pg_catalog")),
    "language": (_p(), _p(language="plpgsql", body="BEGIN COMMIT; END")),
    "comment": (_p(comment="Old."), _p(comment="New.")),
    "quoted": (_p(name="Do It", schema="Odd Schema"), _p(name="Do It", schema="Odd Schema", body="SELECT 2")),
}


def _used(**attributes: Any) -> MetaData:
    """A function with a policy, a trigger, a view and grants on it."""
    return documents(
        RowSecurity(),
        Policy("p", using="f(tenant_id) = 1", comment="On p."),
        Policy("q", using="g() = 1", to="pg_monitor"),
        Trigger("t", before="insert", when="f(NEW.id) > 0", execute="stamp()", comment="On t."),
        also=lambda metadata: _users(metadata, attributes),
    )


def _users(metadata: MetaData, attributes: Any) -> None:
    function(name="stamp", returns="trigger", language="plpgsql", body=TRIGGER)(metadata)
    function(name="g", body="RETURN f(5)")(metadata)
    arguments = {"arguments": "a int", "body": "SELECT a", **attributes}
    on = Function(**{"name": "f", "returns": "int", **arguments}, metadata=metadata)
    Grant("execute", to="pg_monitor, pg_read_all_data", on=on, metadata=metadata)
    view = View("v", "SELECT id, f(id) AS found FROM documents", comment="On v.", metadata=metadata)
    Grant("select", to="pg_monitor", on=view, metadata=metadata)


DEPENDENTS: Pairs = {
    "created with them": (documents(), _used()),
    "default removed": (_used(arguments="a int DEFAULT 1"), _used()),
    "argument renamed": (_used(), _used(arguments="b int", body="SELECT b")),
    "argument type changed": (_used(), _used(arguments="a bigint", body="SELECT a::int")),
    "returns changed": (_used(), _used(returns="bigint", body="SELECT a::bigint")),
    "only its body": (_used(), _used(body="SELECT a + 1")),
}


def _trigger_function(**attributes: Any) -> MetaData:
    stamp = {"name": "stamp", "returns": "trigger", "language": "plpgsql", "body": TRIGGER, **attributes}
    return documents(Trigger("t", before="insert", execute=f"{stamp['name']}()"), also=function(**stamp))


TRIGGER_FUNCTIONS: Pairs = {
    "created with its trigger": (documents(), _trigger_function()),
    "body changed": (_trigger_function(), _trigger_function(body=TRIGGER.replace("upper", "lower"))),
    "renamed": (_trigger_function(), _trigger_function(name="a_stamp")),
}

SAME: Pairs = {
    "names of types": (
        _f(arguments="a int, b varchar, c bool"),
        _f(arguments="a integer, b character varying, c boolean"),
    ),
    "case": (_f(arguments="A INT"), _f(arguments="a int")),
    "default spelled otherwise": (_f(arguments="a text DEFAULT 'x'"), _f(arguments="a text = 'x'::text")),
    "language": (_f(language="SQL"), _f()),
    "explicit in": (_f(arguments="IN a int"), _f(arguments="a int")),
    "standard body": (_f(body="RETURN 1"), _f(body="return (1)")),
    "cost that is the default": (_f(), _f(cost=100)),
    "space": (_f(arguments="a   int ,b int"), _f(arguments="a int, b int")),
}


@each(ATTRIBUTES)
def test_attributes_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SIGNATURES)
def test_signatures_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(STANDARD_BODIES)
def test_standard_bodies_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(PROCEDURES)
def test_procedures_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(DEPENDENTS)
def test_what_uses_a_function_is_rebuilt_with_it(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(TRIGGER_FUNCTIONS)
def test_trigger_functions_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty
