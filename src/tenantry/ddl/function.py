"""Functions and procedures."""

from collections.abc import Mapping

from sqlalchemy import MetaData

from tenantry.ddl.attachment import DatabaseItem, one_of, words


class Routine(DatabaseItem):
    """What functions and procedures have in common."""

    def __init__(
        self,
        name: str,
        *,
        arguments: str = "",
        language: str = "sql",
        body: str,
        security: str = "invoker",
        search_path: str | list[str] | tuple[str, ...] | None = None,
        settings: Mapping[str, str] | None = None,
        schema: str | None = None,
        comment: str | None = None,
        metadata: MetaData,
    ) -> None:
        self.name = name
        self.schema = schema
        self.arguments = arguments
        self.language = language.lower()
        self.body = body
        self.security = one_of(security, ("invoker", "definer"), f"security of {name}")
        self.search_path = None if search_path is None else words(search_path)
        self.settings = dict(settings or {})
        self.comment = comment
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, arguments={self.arguments!r})"


class Function(Routine):
    """A function, in the terms of ``CREATE FUNCTION``. Nobody but its owner may execute it until a Grant says so.

    :param arguments: as in SQL, with modes, names and defaults.
    :param returns: as in SQL: a type, ``SETOF type``, ``TABLE (...)`` or ``trigger``.
    :param body: the source; in language sql, one that begins with ``BEGIN ATOMIC`` or ``RETURN`` is SQL-standard.
    :param volatility: volatile, stable or immutable.
    :param security: invoker or definer.
    :param strict: NULL for NULL arguments, without a call.
    :param parallel: unsafe, restricted or safe.
    :param leakproof: whether row security may trust it (superusers only).
    :param cost: estimated cost in units of cpu_operator_cost; None is PostgreSQL's default.
    :param rows: estimated number of rows of a set; None is PostgreSQL's default.
    :param search_path: schemas it runs with, whatever the caller's; pg_temp belongs last.
    :param settings: other settings it runs with.
    """

    kind = "function"

    def __init__(
        self,
        name: str,
        *,
        arguments: str = "",
        returns: str = "void",
        language: str = "sql",
        body: str,
        volatility: str = "volatile",
        security: str = "invoker",
        strict: bool = False,
        parallel: str = "unsafe",
        leakproof: bool = False,
        cost: float | None = None,
        rows: float | None = None,
        search_path: str | list[str] | tuple[str, ...] | None = None,
        settings: Mapping[str, str] | None = None,
        schema: str | None = None,
        comment: str | None = None,
        metadata: MetaData,
    ) -> None:
        self.returns = returns
        self.volatility = one_of(volatility, ("volatile", "stable", "immutable"), f"volatility of {name}")
        self.strict = strict
        self.parallel = one_of(parallel, ("unsafe", "restricted", "safe"), f"parallel of {name}")
        self.leakproof = leakproof
        self.cost = cost
        self.rows = rows
        super().__init__(
            name,
            arguments=arguments,
            language=language,
            body=body,
            security=security,
            search_path=search_path,
            settings=settings,
            schema=schema,
            comment=comment,
            metadata=metadata,
        )


class Procedure(Routine):
    """A procedure, in the terms of ``CREATE PROCEDURE``; the parameters are those of :class:`Function`."""

    kind = "procedure"
