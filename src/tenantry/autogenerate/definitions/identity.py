"""Columns that number their rows: identities, and the serials of before."""

import collections.abc
from dataclasses import KW_ONLY, dataclass, replace

from tenantry.autogenerate.definitions import sql
from tenantry.autogenerate.definitions.base import Statement
from tenantry.autogenerate.definitions.row_security import TableDefinition, dotted
from tenantry.autogenerate.definitions.sequence import Numbers


@dataclass(frozen=True)
class NumberedColumn(TableDefinition):
    """A column that numbers its rows."""

    kind = "numbers of column"
    remembered = False  # a table brings them with it, so they are not other people's

    column: str

    @property
    def identity(self) -> str:  # noqa: D102
        return f"{dotted(self.schema, self.table)}.{self.column}"

    @property
    def _column(self) -> str:
        return f"ALTER TABLE {self.target} ALTER COLUMN {sql.identifier(self.column)}"

    @property
    def _sequence(self) -> str:
        """The sequence of the column, as an expression."""
        return f"pg_get_serial_sequence({sql.literal(self.target)}, {sql.literal(self.column)})"

    def _after_rows(self, numbers: Numbers) -> Statement:
        """Go on where the rows are."""
        name = sql.identifier(self.column)
        last, beyond = (f"max({name})", ">=") if numbers.increment > 0 else (f"min({name})", "<=")
        start = numbers.first() if numbers.start is None else numbers.start
        counted = f"SELECT setval({self._sequence}, {last}) FROM {self.target} HAVING {last} {beyond} {start}"
        return Statement(counted)


@dataclass(frozen=True)
class Identity(Numbers, NumberedColumn):
    """An identity column, which is there already or, once this is gone, still is.

    :param always: whether nobody may give a number himself.
    """

    _: KW_ONLY
    always: bool = False

    @property
    def _generated(self) -> str:
        return "GENERATED " + ("ALWAYS" if self.always else "BY DEFAULT")

    def create(self) -> collections.abc.Sequence[Statement]:  # noqa: D102
        made = f"{self._column} ADD {self._generated} AS IDENTITY ({' '.join(self.options())})"
        return [Statement(made), self._after_rows(self)]

    def drop(self) -> collections.abc.Sequence[Statement]:  # noqa: D102
        return [Statement(f"{self._column} DROP IDENTITY")]

    def replace(self, old: NumberedColumn) -> collections.abc.Sequence[Statement]:
        """The next number stays what it is, unless nobody has taken the first one yet."""
        if not isinstance(old, Identity):
            return [*old.drop(), *self.create()]
        altered = " ".join([self._column, f"SET {self._generated}", *(f"SET {option}" for option in self.options())])
        if replace(self, always=old.always) == old:
            return [Statement(f"{self._column} SET {self._generated}")]
        body = (
            f"DECLARE taken boolean;\nBEGIN\n"
            f"  EXECUTE 'SELECT is_called FROM ' || {self._sequence} INTO taken;\n"
            f"  IF taken THEN\n    {altered};\n  ELSE\n    {altered} RESTART;\n  END IF;\nEND"
        )
        return [Statement(f"DO {sql.dollar_quoted(body)}")]


@dataclass(frozen=True)
class Serial(NumberedColumn):
    """A column whose default takes numbers from a sequence of its own.

    :param sequence: what this is called; it lives in the schema of the table.
    :param data_type: the type of its numbers.
    """

    _: KW_ONLY
    sequence: str
    data_type: str = "integer"

    def create(self) -> collections.abc.Sequence[Statement]:  # noqa: D102
        name = sql.qualified(self.schema, self.sequence)
        return [
            Statement(f"CREATE SEQUENCE {name} AS {self.data_type}"),
            Statement(f"{self._column} SET DEFAULT nextval({sql.literal(name)})"),
            Statement(f"ALTER SEQUENCE {name} OWNED BY {self.target}.{sql.identifier(self.column)}"),
            self._after_rows(Numbers()),
        ]

    def drop(self) -> collections.abc.Sequence[Statement]:  # noqa: D102
        return [
            Statement(f"{self._column} DROP DEFAULT"),
            Statement(f"DROP SEQUENCE {sql.qualified(self.schema, self.sequence)}"),
        ]

    def replace(self, old: NumberedColumn) -> collections.abc.Sequence[Statement]:  # noqa: D102
        return [*old.drop(), *self.create()]
