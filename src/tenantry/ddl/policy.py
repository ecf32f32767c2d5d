"""Row-level security: whether it holds for a table, and the policies that say what it lets through."""

from tenantry.ddl.attachment import TableItem, one_of, words
from tenantry.ddl.expression import Expression

COMMANDS = ("all", "select", "insert", "update", "delete")


class RowSecurity(TableItem):
    """Row-level security of a table.

    :param enabled: whether policies decide which rows are seen and written.
    :param force: whether they bind the table's owner too.
    """

    def __init__(self, enabled: bool = True, force: bool = True) -> None:
        self.enabled = enabled
        self.force = force

    def __repr__(self) -> str:
        return f"RowSecurity(enabled={self.enabled}, force={self.force})"


class Policy(TableItem):
    """A row-security policy, in the terms of ``CREATE POLICY``.

    :param name: unique within the table.
    :param command: all, select, insert, update or delete.
    :param to: roles it holds for; empty means PUBLIC.
    :param using: which existing rows the command sees.
    :param with_check: which new rows it may write; left out, PostgreSQL takes ``using``.
    :param restrictive: AND-ed with the permissive policies instead of OR-ed among them.
    """

    def __init__(
        self,
        name: str,
        *,
        command: str = "all",
        to: str | list[str] | tuple[str, ...] = (),
        using: Expression | None = None,
        with_check: Expression | None = None,
        restrictive: bool = False,
        comment: str | None = None,
    ) -> None:
        self.name = name
        self.command = one_of(command, COMMANDS, f"command of policy {name}")
        self.to = words(to)
        self.using = using
        self.with_check = with_check
        self.restrictive = restrictive
        self.comment = comment

    def __repr__(self) -> str:
        return f"Policy({self.name!r})"
