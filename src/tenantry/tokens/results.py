"""What the functions return: rows of the ledger and of reservations as they were when the call returned."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenantry.models.reservations import ReservationStatus
from tenantry.models.tokens import EnforcementMode, TokenDirection, WalletStatus


@dataclass(frozen=True)
class Entry:
    """An entry of a wallet's ledger, with what the wallet held after it."""

    id: UUID
    wallet_id: UUID
    user_id: UUID
    entry_number: int
    direction: TokenDirection
    amount: int
    balance_after: int
    reserved_after: int
    borrowed_after: int
    lifetime_after: int
    reason: str
    source: str
    reference_type: str | None
    reference_id: UUID | None
    execution_id: UUID | None
    idempotency_key: str | None
    enforcement_mode: EnforcementMode | None
    expires_at: datetime | None
    metadata: dict[str, Any]
    created_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "direction", TokenDirection(self.direction))
        if self.enforcement_mode is not None:
            object.__setattr__(self, "enforcement_mode", EnforcementMode(self.enforcement_mode))

    @property
    def warns(self) -> bool:
        """Whether more was used than was available, and the policy says to warn of it."""
        return self.enforcement_mode is EnforcementMode.WARN


@dataclass(frozen=True)
class Reservation:
    """Tokens set aside for work under way, or how that ended."""

    id: UUID
    wallet_id: UUID
    user_id: UUID
    amount: int
    settled_amount: int | None
    status: ReservationStatus
    expires_at: datetime
    ended_at: datetime | None
    reason: str
    reference_type: str | None
    reference_id: UUID | None
    execution_id: UUID | None
    idempotency_key: str | None
    metadata: dict[str, Any]
    created_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", ReservationStatus(self.status))


@dataclass(frozen=True)
class Balance:
    """What a wallet holds, of which level, and what its months bring."""

    id: UUID
    user_id: UUID
    level_id: UUID | None
    status: WalletStatus
    entry_number: int
    current_tokens: int
    reserved_tokens: int
    borrowed_tokens: int
    expiring_tokens: int
    lifetime_tokens: int
    monthly_allocation_tokens: int
    next_reset_at: datetime | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "status", WalletStatus(self.status))

    @property
    def available_tokens(self) -> int:
        """What is not set aside."""
        return self.current_tokens - self.reserved_tokens


@dataclass(frozen=True)
class Discrepancy:
    """A wallet whose figures are not the sums of its ledger, or whose lots are not what is left of them."""

    tenant_id: UUID
    wallet_id: UUID
    user_id: UUID
    net_tokens: int
    net_in_ledger: int
    reserved_tokens: int
    reserved_in_ledger: int
    lifetime_tokens: int
    lifetime_in_ledger: int
    entry_number: int
    entries: int
    expiring_tokens: int
    expiring_in_lots: int
