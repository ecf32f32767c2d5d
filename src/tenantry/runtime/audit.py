"""Sealing the audit logs, and proving that nobody has changed what is sealed.

The proof asks the database for the entries alone: what they hash to, and how seals are chained, is worked out here, so
that functions and views which somebody replaced in the database have no say in it.
"""

import hashlib
import struct
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, Self

from sqlalchemy import Connection, Row, text
from sqlalchemy.exc import DBAPIError

from tenantry.errors import TenantryError
from tenantry.models.routines import sql
from tenantry.runtime.database import reason_of

#: how many entries a seal covers at most
BATCH: Final = 10_000

_HASH_BYTES: Final = 32
_ENTRY: Final = struct.Struct(f">q{_HASH_BYTES}s")
_ENTRIES_AT_ONCE, _SEALS_AT_ONCE = 2_000, 4

_READER: Final = """
SELECT reader.rolsuper OR reader.rolbypassrls OR pg_has_role(seals.relowner, 'USAGE')
FROM pg_class AS seals, pg_roles AS reader
WHERE seals.oid = to_regclass('audit_seals') AND reader.rolname = current_user
"""
_SEALS: Final = """
SELECT id, number, through, numbered, entry_count, writers, entries, previous_hash, hash,
       CASE WHEN isfinite(created_at) THEN (extract(epoch FROM created_at) * 1000000)::bigint ELSE 0 END AS created_at
FROM audit_seals ORDER BY number
"""
_LOGS: Final = f"({sql('audit_entries')}) AS entry"
_ENTRIES: Final = f"""
SELECT entry_number, content FROM {_LOGS}
WHERE entry_number <= (SELECT max(through) FROM audit_seals) ORDER BY entry_number
"""  # noqa: S608
_UNSEALED: Final = f"""
SELECT count(*) FROM {_LOGS}
WHERE entry_number > coalesce((SELECT max(through) FROM audit_seals), 0)
"""  # noqa: S608


class AuditError(TenantryError):
    """The audit logs cannot be sealed or read."""


class Fault(StrEnum):
    """What is wrong with a link of the chain."""

    ENTRY_CHANGED = "entry changed"
    ENTRY_MISSING = "entry missing"
    ENTRY_INSERTED = "entry inserted"
    SEAL_CHANGED = "seal changed"
    SEAL_MISSING = "seal missing"
    CHAIN_REWRITTEN = "chain rewritten"
    CHAIN_TRUNCATED = "chain truncated"


_MESSAGES: Final = {
    Fault.ENTRY_CHANGED: "entry {entry} is not what seal {seal} covers: it was changed",
    Fault.ENTRY_MISSING: "entry {entry}, which seal {seal} covers, is missing",
    Fault.ENTRY_INSERTED: "entry {entry} is not among those that seal {seal} covers: it was inserted afterwards",
    Fault.SEAL_CHANGED: "seal {seal} was changed",
    Fault.SEAL_MISSING: "seal {seal} is missing",
    Fault.CHAIN_REWRITTEN: "seal {seal} is not the one that was noted: it, or what it follows, was written anew",
    Fault.CHAIN_TRUNCATED: "seal {seal}, which was noted, is missing, and so is what follows it",
}


@dataclass(frozen=True)
class Anchor:
    """A seal as it is noted outside of the database: its number and its hash."""

    number: int
    hash: bytes

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read ``number:hash``, as ``str()`` of one writes it.

        :raises AuditError: when it is anything else.
        """
        number, _, digest = written.strip().partition(":")
        try:
            found = cls(int(number), bytes.fromhex(digest))
        except ValueError:
            found = None
        if found is None or found.number < 1 or len(found.hash) != _HASH_BYTES:
            raise AuditError(f"{written} is no anchor: it is number:hash, as `tenantry audit seal` prints it")
        return found

    def __str__(self) -> str:
        return f"{self.number}:{self.hash.hex()}"


@dataclass(frozen=True)
class BrokenLink:
    """The first link of the chain that does not hold.

    :param seal: the seal that tells.
    :param entry: the entry_number of what was tampered with, if it is an entry.
    """

    fault: Fault
    seal: int
    entry: int | None = None

    def __str__(self) -> str:
        return _MESSAGES[self.fault].format(seal=self.seal, entry=self.entry)


@dataclass(frozen=True)
class Verification:
    """What a proof found.

    :param seals: how many hold, from the first.
    :param entries: how many entries these cover.
    :param unsealed: how many entries no seal covers yet.
    :param newest: the last of the seals that hold.
    :param broken: the first link that does not.
    """

    seals: int
    entries: int
    unsealed: int
    newest: Anchor | None
    broken: BrokenLink | None

    @property
    def is_intact(self) -> bool:
        """Whether nothing that is sealed was tampered with, as far as the anchor lets one know."""
        return self.broken is None


@dataclass(frozen=True)
class Sealed:
    """What became of a call: how many entries were sealed, and the newest seal there is."""

    entries: int
    newest: Anchor | None


def seal_audit_log(connection: Connection, batch: int = BATCH) -> Sealed:
    """Seal the entries of both audit logs that are final.

    What transactions that are still open have written is sealed by a later call. Nothing is committed here.

    :param connection: of the superadmin or the owner, in a transaction that is READ COMMITTED.
    :param batch: how many entries a seal covers at most.
    :raises AuditError: when the login may not, or in another kind of transaction.
    """
    try:
        sealed, anchor = connection.execute(
            text("SELECT sealed, anchor FROM seal_audit_log(:batch)"), {"batch": batch}
        ).one()
    except DBAPIError as error:
        raise AuditError(f"the audit log cannot be sealed: {reason_of(error)}") from error
    return Sealed(sealed, Anchor.parse(anchor) if anchor else None)


def verify_audit_log(connection: Connection, anchor: Anchor | None = None) -> Verification:
    """Prove that the sealed entries of both audit logs, and the seals, are what they were.

    :param connection: of the owner of the tables or a superuser, who see every entry.
    :param anchor: a seal that was noted outside of the database: without it nobody can tell a chain that somebody
        wrote anew or cut off at its end.
    :raises AuditError: when the login does not see everything.
    """
    try:
        sees_everything = connection.exec_driver_sql(_READER).scalar()
        if sees_everything is None:
            raise AuditError("there is no table audit_seals in this database: run `alembic upgrade head`")
        if not sees_everything:
            raise AuditError("this login does not see every entry: verify as the one that runs migrations")
        with closing(_stream(connection, _ENTRIES, _ENTRIES_AT_ONCE)) as entries:
            return _Chain(connection, entries, anchor).verify()
    except DBAPIError as error:
        raise AuditError(f"the audit log cannot be read: {reason_of(error)}") from error


class _Chain:
    """The seals of a database, followed from the first."""

    def __init__(self, connection: Connection, entries: Iterator[Row[Any]], anchor: Anchor | None) -> None:
        self._connection = connection
        self._anchor = anchor
        self._entries = entries
        self._ahead = next(entries, None)

    def verify(self) -> Verification:
        seals, entries, newest, broken = 0, 0, None, None
        with closing(_stream(self._connection, _SEALS, _SEALS_AT_ONCE)) as found:
            for seal in found:
                broken = self._fault_of_seal(seal, newest) or self._fault_of_entries(seal)
                if broken is not None:
                    break
                newest = Anchor(seal.number, seal.hash)
                seals, entries = seals + 1, entries + seal.entry_count
        if broken is None and self._anchor is not None and self._anchor.number > seals:
            broken = BrokenLink(Fault.CHAIN_TRUNCATED, self._anchor.number)
        unsealed = self._connection.exec_driver_sql(_UNSEALED).scalar_one()
        return Verification(seals, entries, unsealed, newest, broken)

    def _fault_of_seal(self, seal: Row[Any], before: Anchor | None) -> BrokenLink | None:
        expected = Anchor(0, bytes(_HASH_BYTES)) if before is None else before
        if seal.number > expected.number + 1:
            return BrokenLink(Fault.SEAL_MISSING, expected.number + 1)
        holds = seal.previous_hash == expected.hash and seal.hash == _hash(seal)
        if seal.number != expected.number + 1 or not holds:
            return BrokenLink(Fault.SEAL_CHANGED, seal.number)
        if self._anchor is not None and self._anchor.number == seal.number and self._anchor.hash != seal.hash:
            return BrokenLink(Fault.CHAIN_REWRITTEN, seal.number)
        return None

    def _fault_of_entries(self, seal: Row[Any]) -> BrokenLink | None:
        """The first entry that is not as it was sealed."""
        found = self._found(seal.through)
        faults = []
        for number, digest in _ENTRY.iter_unpack(seal.entries):
            digests = found.pop(number, [])
            if not digests:
                faults.append((number, Fault.ENTRY_MISSING))
            elif digest not in digests:
                faults.append((number, Fault.ENTRY_CHANGED))
            elif len(digests) > 1:
                faults.append((number, Fault.ENTRY_INSERTED))
        faults.extend((number, Fault.ENTRY_INSERTED) for number in found)
        if not faults:
            return None
        entry, fault = min(faults)
        return BrokenLink(fault, seal.number, entry)

    def _found(self, through: int) -> dict[int, list[bytes]]:
        """What the entries up to a number hash to, as far as no seal before has covered them."""
        numbered = groupby(self._up_to(through), key=itemgetter(0))
        return {number: [digest for _, digest in entries] for number, entries in numbered}

    def _up_to(self, through: int) -> Iterator[tuple[int, bytes]]:
        while self._ahead is not None and self._ahead.entry_number <= through:
            yield self._ahead.entry_number, hashlib.sha256(self._ahead.content.encode()).digest()
            self._ahead = next(self._entries, None)


def _stream(connection: Connection, query: str, size: int) -> Generator[Row[Any], None, None]:
    """Rows by way of a cursor of the server's, so that a log of any length fits."""
    options = {"stream_results": True, "yield_per": size}
    with connection.exec_driver_sql(query, execution_options=options) as rows:
        yield from rows


def _hash(seal: Row[Any]) -> bytes:
    """What seal_audit_log() has to have made of it; each part is of a fixed length."""
    numbers = struct.pack(">5q", seal.number, seal.through, seal.numbered, seal.entry_count, seal.created_at)
    parts = (
        seal.previous_hash,
        seal.id.bytes,
        numbers,
        hashlib.sha256(" ".join(seal.writers).encode()).digest(),
        hashlib.sha256(seal.entries).digest(),
    )
    return hashlib.sha256(b"".join(parts)).digest()
