"""The last step: an operation as the line, or the lines, of a revision."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from alembic.autogenerate.api import AutogenContext
from alembic.autogenerate.render import renderers
from alembic.ddl.impl import DefaultImpl
from sqlalchemy import ARRAY

from tenantry.autogenerate.column_types import ExistingType, Type, named_type
from tenantry.autogenerate.definitions import Definition
from tenantry.autogenerate.ops import CreateOp, DefinitionOp, DropOp, ReplaceOp
from tenantry.autogenerate.text_block import render_text

# What SQLAlchemy's text() takes for a bind parameter.
_BIND = re.compile(r"(?<![:\w\\]):(?=\w)(?!:)")

_WIDTH = 110
_INDENT = "    "


_VERBS = {CreateOp: "create", DropOp: "drop", ReplaceOp: "replace"}


@renderers.dispatch_for(DefinitionOp)
def _render(context: AutogenContext, operation: DefinitionOp) -> str:
    verb = next(verb for kind, verb in _VERBS.items() if isinstance(operation, kind))
    _import(context.imports, "tenantry.autogenerate.ops", verb)
    definitions = [item for item in (operation.old, operation.new) if item is not None]
    if isinstance(operation, DropOp):
        definitions = [operation.definition.to_drop()]  # the other direction has all of it
    for definition in definitions:
        for kind in _kinds(definition):
            _import(context.imports, "tenantry.autogenerate.definitions", kind.__name__)
    lines = [_definition(definition, "") for definition in definitions]
    if len(f"{verb}({', '.join(lines)})") <= _WIDTH and "\n" not in "".join(lines):
        return f"{verb}({', '.join(lines)})"
    blocks = "".join(f"{_INDENT}{_definition(definition, _INDENT)},\n" for definition in definitions)
    if "text_block(" in blocks:
        _import(context.imports, "tenantry.autogenerate.text_block", "text_block")
    return f"{verb}(\n{blocks})"


def _kinds(definition: Definition) -> Iterator[type[Definition]]:
    yield type(definition)
    for field in dataclasses.fields(definition):
        if isinstance(inner := getattr(definition, field.name), Definition):
            yield from _kinds(inner)


def _import(imports: set[str], module: str, name: str) -> None:
    """One line a module, however many of its names are used."""
    start = f"from {module} import "
    known = {line for line in imports if line.startswith(start)}
    names = {name, *(other for line in known for other in line.removeprefix(start).split(", "))}
    imports -= known
    imports.add(start + ", ".join(sorted(names)))


def _definition(definition: Definition, margin: str) -> str:
    """A definition as the call that makes it; what is left at its default is left out."""
    inner = margin + _INDENT
    arguments = [
        (None if not field.kw_only else field.name, render_value(getattr(definition, field.name), inner))
        for field in sorted(dataclasses.fields(definition), key=lambda field: bool(field.kw_only))
        if field.repr and getattr(definition, field.name) != field.default
    ]
    written = [value if name is None else f"{name}={value}" for name, value in arguments]
    call = f"{type(definition).__name__}({', '.join(written)})"
    if "\n" not in call and len(margin + call) <= _WIDTH:
        return call
    lines = "".join(f"{inner}{argument},\n" for argument in written)
    return f"{type(definition).__name__}(\n{lines}{margin})"


def render_value(value: Any, margin: str) -> str:
    """Python code for a value: text readable, long collections an element a line."""
    if isinstance(value, str):
        return render_text(value, margin)
    if isinstance(value, Definition):
        return _definition(value, margin)
    plain = repr(value)
    if isinstance(value, dict) and (len(margin + plain) > _WIDTH or _has_lines(value)):
        inner = margin + _INDENT
        items = "".join(f"{inner}{key!r}: {render_value(item, inner)},\n" for key, item in value.items())
        return f"{{\n{items}{margin}}}"
    if isinstance(value, tuple | list) and value and (len(margin + plain) > _WIDTH or _has_lines(value)):
        inner = margin + _INDENT
        items = "".join(f"{inner}{render_value(item, inner)},\n" for item in value)
        return f"({chr(10)}{items}{margin})" if isinstance(value, tuple) else f"[{chr(10)}{items}{margin}]"
    return plain


def _has_lines(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value
    return any("\n" in item if isinstance(item, str) else False for item in items)


def _render_type(type_: Type, context: AutogenContext) -> str:
    """A type with a name, or an array of it."""
    if isinstance(type_, ExistingType):
        _import(context.imports, ExistingType.__module__, ExistingType.__name__)
        schema = f", schema={type_.schema!r}" if type_.schema else ""
        return f"ExistingType({type_.name!r}{schema})"
    context.imports.add("from sqlalchemy.dialects import postgresql")
    if isinstance(type_, ARRAY):
        dimensions = "" if type_.dimensions is None else f", dimensions={type_.dimensions}"
        return f"postgresql.ARRAY({_render_type(type_.item_type, context)}{dimensions})"
    return f"postgresql.{type_!r}"


def keep_text_exact(impl: DefaultImpl) -> None:
    """Have expressions and types in Alembic's own operations rendered so that they read back as they were.

    Alembic compiles them for psycopg, which doubles %, and text() would read :name as a parameter.
    """
    compiled = impl.render_ddl_sql_expr

    rendered = impl.render_type

    def named(type_: Any, context: AutogenContext) -> Any:
        return rendered(type_, context) if named_type(type_) is None else _render_type(type_, context)

    def exact(expression: Any, **options: Any) -> str:
        text = compiled(expression, **options)
        if impl.dialect.identifier_preparer._double_percents:  # noqa: SLF001
            text = text.replace("%%", "%")
        return _BIND.sub(r"\:", text)

    setattr(impl, "render_ddl_sql_expr", exact)  # noqa: B010
    setattr(impl, "render_type", named)  # noqa: B010
