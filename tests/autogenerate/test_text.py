"""Text arrives byte for byte: in the revision, in the database, and back; also through `--sql` and psql."""

from textwrap import indent

import pytest
from sqlalchemy import URL, Column, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from tests.autogenerate.conftest import Run
from tests.support.autogenerate import assert_same, comparing
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


def test_a_script_does_what_the_revision_does(server: Server) -> None:
    """One database for all texts: there and back, as a script in psql."""
    with fresh_database(server) as url:
        for value in TEXTS.values():
            with comparing(url) as comparison:
                empty = snapshot(comparison.connection, "t")
                revision = comparison.migrate_to(_everywhere(value))
                expected = snapshot(comparison.connection, "t")
                comparison.connection.rollback()
                for code, result in ((revision.upgrade, expected), (revision.downgrade, empty)):
                    run_script(url, f"BEGIN;\n{comparison.script_of(code)}\nCOMMIT;\n")
                    assert_same(snapshot(comparison.connection, "t"), result, code)
                    comparison.connection.rollback()


@texts
@pytest.mark.parametrize("margin", ["", "    ", " " * 12])
def test_rendered_text_is_python_for_the_text(value: str, margin: str) -> None:
    code = indent(f"x = {render_text(value, margin)}", "    ")  # as Alembic does with what it renders
    found: dict[str, object] = {"text_block": text_block}
    exec(compile(f"if True:\n{code}", "<rendered>", "exec"), found)  # noqa: S102
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
