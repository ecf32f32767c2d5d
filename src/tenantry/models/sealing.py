"""Sealing: entries of the audit logs are chained by their hashes, in batches, so that nobody who writes one waits.

Whoever changes, removes or adds an entry behind the database's back breaks the chain. Whoever makes a new chain, as
the owner of the server can, is found out by the hash of any earlier seal that was noted elsewhere.
"""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenantry.ddl import Policy, View
from tenantry.models.audit import DEFINER
from tenantry.models.base import AppendOnly, Base, PlatformScoped
from tenantry.models.columns import BigInt
from tenantry.models.roles import OWNER, SUPERADMIN
from tenantry.models.routines import function, sql

View(
    "audit_entries",
    sql("audit_entries"),
    comment="Every entry of both audit logs as the text that is sealed.",
    metadata=Base.metadata,
)


class AuditSeal(AppendOnly, PlatformScoped, Base):
    """A batch of entries of both audit logs, chained to the batch before."""

    __tablename__ = "audit_seals"
    __written_by__ = "functions"

    number: Mapped[BigInt] = mapped_column(unique=True, comment="1, 2, 3, without a gap")
    through: Mapped[BigInt] = mapped_column(
        comment="entry_number of the last entry; it covers what the seal before does not"
    )
    entry_count: Mapped[BigInt]
    entries: Mapped[bytes] = mapped_column(
        deferred=True, comment="of each entry its number, 8 bytes, and the SHA-256 of its text in audit_entries"
    )
    numbered: Mapped[BigInt] = mapped_column(comment="entry_number of the newest entry then, whether committed or not")
    writers: Mapped[list[str]] = mapped_column(
        comment="the virtual transactions that were writing then; once they have ended, what was numbered is final"
    )
    previous_hash: Mapped[bytes] = mapped_column(comment="of the seal before; zeros before the first")
    hash: Mapped[bytes] = mapped_column(comment="SHA-256 of everything else")

    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        CheckConstraint("length(previous_hash) = 32 AND length(hash) = 32", name="hashes"),
        CheckConstraint("length(entries) = 40 * entry_count", name="entries"),
        Policy("sealing", to=OWNER, using="true"),
    )


function(
    "seal_audit_log",
    arguments="p_batch integer DEFAULT 10000, OUT sealed bigint, OUT anchor text",
    returns="record",
    to=(SUPERADMIN,),
    **DEFINER,
    comment="Seals the entries of both audit logs that are final, so many a seal at most; returns how many, and the"
    " newest seal as number:hash.",
)
