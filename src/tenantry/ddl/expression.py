"""Expressions: SQL text or SQLAlchemy, whichever reads better."""

from sqlalchemy import ClauseElement
from sqlalchemy.dialects import postgresql

Expression = str | ClauseElement

# "named" leaves % as it is; psycopg's own paramstyle doubles it.
_dialect = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]


def sql_text(expression: Expression) -> str:
    """The SQL of an expression, with its values in place."""
    if isinstance(expression, str):
        return expression
    return str(expression.compile(dialect=_dialect, compile_kwargs={"literal_binds": True}))
