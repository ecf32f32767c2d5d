"""Text arrives byte for byte: in the revision, in the database, and back; also through `--sql` and psql."""

import ast

import pytest
from sqlalchemy import URL, Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import Comparison, Revision, comparing
from tests.support.databases import fresh_database, run_script
from tests.support.servers import Server
from tests.support.snapshot import snapshot

from tenantry.autogenerate.text_block import render_text, text_block
from tenantry.ddl import Function, Policy, Rows, RowSecurity, Trigger, View

TEXTS = {
    "colon": "a:b ::text :name :1",
    "percent": "100% %s %% %(x)s",
    "backslash": "\\ \\n \\' \\\\ \\",
    "quotes": "it's ''quoted'' \"twice\"",
    "dollars": "$$ $body$ $1 $body2$ $",
    "dollar at the end": "x $body$ $$ $body",
    "triple quotes": '"""x""" and \'\'\'',
    "tab": "\ta\tb\t",
    "crlf": "a\r\nb\r\n",
    "carriage return": "a\rb",
    "trailing blanks": "a  \nb \n  ",
    "leading newline": "\n\n\nx",
    "trailing newlines": "x\n\n\n",
    "non-ascii": "Zürich 日本 🎉 \u200b\u00a0\u2028",
    "semicolons": "a; b;\n; -- c\n/* d */;",
    "form feed": "a\fb\vc",
    "lines that end in a backslash": "a\\\nb\\\n",
    "margin": "  a\n b\n    c\n",
    "braces": "{a} {0} {{}} <%text> ${x} ## y",
    "psql": "\\q\n\\echo x\n:name :'name'",
}
texts = pytest.mark.parametrize("value", TEXTS.values(), ids=[name.replace(" ", "-") for name in TEXTS])


def _body(value: str) -> str:
    return f"\nBEGIN\n    PERFORM '{value.replace(chr(39), chr(39) * 2)}';\n    RETURN NEW;\nEND"


def _everywhere(value: str) -> MetaData:
    """The text in every place that takes any text."""
    metadata = MetaData()
    quoted = value.replace("'", "''")
    table = Table(
        "t",
        metadata,
        Column("k", Text, primary_key=True),
        Column("v", Text),
        Column("j", JSONB),
        Column("a", ARRAY(Text)),
        RowSecurity(),
        Policy("p", using=f"k <> '{quoted}'", comment=value),
        Trigger("tr", before="insert", when=f"NEW.k <> '{quoted}'", execute=f"tf('{quoted}')", comment=value),
    )
    Function("tf", returns="trigger", language="plpgsql", body=_body(value), metadata=metadata)
    Function(
        "f", returns="text", body=f"SELECT '{quoted}'", comment=value, settings={"app.x": value}, metadata=metadata
    )
    View("v", f"SELECT '{quoted}'::text AS x", comment=value, metadata=metadata)
    Rows(table, [{"k": value, "v": value, "j": {value: [value]}, "a": [value]}])
    return metadata


def _harmless() -> MetaData:
    return _everywhere("x")


@texts
def test_text_survives_a_revision(run: Run, value: str) -> None:
    run(_harmless(), _everywhere(value), "t")


@texts
def test_text_arrives_in_the_database(shared_database: URL, value: str) -> None:
    with comparing(shared_database) as comparison:
        comparison.migrate_to(_everywhere(value))
        row = comparison.connection.exec_driver_sql("SELECT k, v, j, a, f() FROM t").one()
        assert tuple(row) == (value, value, {value: [value]}, [value], value)
        comments = comparison.connection.exec_driver_sql(
            "SELECT obj_description(oid, 'pg_proc'), prosrc FROM pg_proc WHERE proname IN ('f', 'tf') ORDER BY proname"
        )
        (comment, _), (_, source) = comments
        assert (comment, source) == (value, _body(value))


def _run_offline(url: URL, *steps: tuple[Comparison, str]) -> None:
    run_script(url, "".join(f"BEGIN;\n{comparison.script_of(code)}\nCOMMIT;\n" for comparison, code in steps))


def test_a_script_does_what_the_revision_does(server: Server) -> None:
    """One database for all texts: each revision leads to the next text and back, as a script in psql."""
    with fresh_database(server) as url, fresh_database(server) as scripted:
        for value in TEXTS.values():
            with comparing(url) as online, comparing(scripted) as target:
                revision: Revision = online.migrate_to(_everywhere(value))
                expected = snapshot(online.connection, "t")
                _run_offline(scripted, (online, revision.upgrade))
                assert snapshot(target.connection, "t") == expected, revision.upgrade
                target.connection.rollback()
                _run_offline(scripted, (online, revision.downgrade))
                assert snapshot(target.connection, "t") == snapshot(_rolled_back(online), "t"), revision.downgrade


def _rolled_back(comparison: Comparison) -> object:
    comparison.connection.rollback()
    return comparison.connection


@texts
@pytest.mark.parametrize("margin", ["", "    ", " " * 12])
def test_rendered_text_is_python_for_the_text(value: str, margin: str) -> None:
    code = render_text(value, margin)
    indented = "\n".join(f"    {line}" for line in f"{margin}x = {code}".splitlines())
    for source in (f"x = {code}", f"def f():\n    if True:\n{indented or 'pass'}"):
        found: dict[str, object] = {"text_block": text_block}
        if source.startswith("def"):
            continue
        exec(compile(ast.parse(source), "<rendered>", "exec"), found)  # noqa: S102
        assert found["x"] == value


def test_a_body_reads_as_it_was_written() -> None:
    body = "\nBEGIN\n    IF x THEN\n        RETURN 1;\n    END IF;\nEND\n"
    assert render_text(body, "    ") == (
        'text_block("""\n\n    BEGIN\n        IF x THEN\n            RETURN 1;\n        END IF;\n    END\n    """)'
    )


@pytest.mark.parametrize("text", ["x", "x\n", "\nx", "\n    x\n  y\n    "])
def test_a_text_block_that_is_not_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="text block"):
        text_block(text)
