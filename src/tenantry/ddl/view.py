"""Views and materialised views."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem, DeclarationError, one_of, words
from tenantry.ddl.expression import Expression, sql_text


@dataclass(frozen=True)
class ViewIndex:
    """An index of a materialised view, in the terms of ``CREATE INDEX``.

    :param columns: as they stand between the parentheses: ``"tenant_id, lower(title) text_pattern_ops, day DESC"``.
    :param include: further columns that it holds without sorting by them.
    :param nulls_not_distinct: whether a unique index takes two NULLs for the same.
    :param where: which rows it holds; all, unless given.
    """

    name: str
    columns: str
    unique: bool = False
    using: str = "btree"
    include: str | list[str] | tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    where: Expression | None = None
    comment: str | None = None

    @property
    def definition(self) -> str:
        """What follows the view's name in CREATE INDEX."""
        names = ", ".join(words(self.include))
        clauses = [
            f"USING {self.using.lower()} ({self.columns})",
            f"INCLUDE ({names})" if names else "",
            "NULLS NOT DISTINCT" if self.nulls_not_distinct else "",
            f"WHERE ({sql_text(self.where)})" if self.where is not None else "",
        ]
        return " ".join(clause for clause in clauses if clause)


class View(DatabaseItem):
    """A view, in the terms of ``CREATE VIEW``.

    :param definition: the query.
    :param materialized: a materialised view, which row security never protects.
    :param security_invoker: read the tables with the rights, and under the policies, of whoever reads the view.
    :param security_barrier: filter before conditions of the reader's that might leak.
    :param check_option: local or cascaded.
    :param indexes: indexes of a materialised view.
    :param column_comments: comments on columns, by name.
    """

    kind = "view"

    def __init__(
        self,
        name: str,
        definition: Expression,
        *,
        materialized: bool = False,
        security_invoker: bool = True,
        security_barrier: bool = False,
        check_option: str | None = None,
        indexes: Sequence[ViewIndex] = (),
        column_comments: Mapping[str, str] | None = None,
        schema: str | None = None,
        comment: str | None = None,
        metadata: MetaData,
    ) -> None:
        self.name = name
        self.schema = schema
        self.definition = definition
        self.materialized = materialized
        self.security_invoker = security_invoker and not materialized
        self.security_barrier = security_barrier
        self.check_option = check_option and one_of(check_option, ("local", "cascaded"), f"check_option of {name}")
        self.indexes = tuple(indexes)
        self.column_comments = dict(column_comments or {})
        self.comment = comment
        if self.indexes and not materialized:
            msg = f"view {name}: only a materialised view has indexes"
            raise DeclarationError(msg)
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"View({self.name!r})"
