"""Which keys the database accepts contexts of, and how a new one takes the place of the others.

A rotation has no gap: from its commit the database accepts the new key beside the others, and those for the overlap
longer, in which the processes of an application change over one by one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from tenantry.errors import TenantryError
from tenantry.models.context import ContextKey as Installed
from tenantry.runtime.context import ContextKey


class UnknownKeyError(TenantryError):
    """The database accepts no key of this name."""


@dataclass(frozen=True)
class InstalledKey:
    """What the database tells of a key.

    :param kid: its name, in tokens and here.
    :param valid_until: when tokens signed with it begin to be refused; None is not yet known.
    """

    kid: str
    installed_at: datetime
    valid_until: datetime | None


def rotate(connection: Connection, key: ContextKey, overlap: timedelta) -> None:
    """Let tokens of the key in, and those of all others for the overlap only.

    :param connection: the owner's, in a transaction.
    """
    key.install(connection)
    connection.execute(select(func.expire_context_keys(key.kid, overlap)))


def installed_keys(connection: Connection) -> Sequence[InstalledKey]:
    """The keys, newest first; ``connection`` is the owner's."""
    query = select(Installed.kid, Installed.installed_at, Installed.valid_until).order_by(Installed.installed_at.desc())
    return [InstalledKey(*row) for row in connection.execute(query)]


def remove(connection: Connection, kid: str) -> None:
    """Refuse tokens of a key from now on; ``connection`` is the owner's.

    :raises UnknownKeyError: where there is none of this name.
    """
    known = [key.kid for key in installed_keys(connection)]
    if kid not in known:
        raise UnknownKeyError(f"there is no key {kid}: {', '.join(known) or 'none is installed'}")
    connection.execute(select(func.remove_context_key(kid)))
