"""What a wallet is, in plain Python: the model that the database is compared with."""

from dataclasses import dataclass, field
from typing import Final

#: of what expires at the same time, allocations are used before bonuses before purchases
RANKS: Final = {"system": 0, "bonus": 1, "purchase": 2}


class Refused(Exception):  # noqa: N818
    """The wallet has less than is asked of it."""


@dataclass
class Lot:
    """A credit that expires; `expires` is a number that grows, and what has expired lies below zero."""

    remaining: int
    expires: int
    rank: int
    seen: bool = False


@dataclass
class Held:
    """An open reservation, and how many lots had expired when it was made."""

    amount: int
    expired_before: int


@dataclass
class PlainWallet:
    """Tokens of one user. With `borrows`, what is missing is borrowed."""

    borrows: bool
    balance: int = 0
    reserved: int = 0
    borrowed: int = 0
    lifetime: int = 0
    lots: list[Lot] = field(default_factory=list)
    held: dict[str, Held] = field(default_factory=dict)
    expired: int = 0

    def credit(self, amount: int, expires: int | None = None, source: str = "system") -> None:
        before = self.balance
        self._post(amount)
        self.lifetime += amount
        if expires is not None:
            self.lots.append(Lot(self.balance - before, expires, RANKS[source]))

    def debit(self, amount: int) -> None:
        self._require(amount, self.borrows)
        self._post(-amount)

    def adjust(self, amount: int) -> None:
        self._require(-amount, may_borrow=False)
        self._post(amount)

    def reserve(self, amount: int, key: str | None = None) -> None:
        self._require(amount, self.borrows)
        self._post(0, amount)
        if key is not None:
            self.held[key] = Held(amount, self.expired)

    def release(self, amount: int) -> None:
        if amount > self.reserved - sum(held.amount for held in self.held.values()):
            raise Refused
        self._post(0, -amount)

    def settle(self, key: str, used: int) -> None:
        held = self.held[key]
        if used > held.amount:
            self._require(used - held.amount, self.borrows)
        del self.held[key]
        self._post(0, -held.amount)
        if used:
            self._post(-used, expired_since=held.expired_before)

    def expire(self, lot: Lot) -> None:
        """Its time has come; nobody has seen it yet."""
        self.expired += 1
        lot.expires = -1_000 + self.expired

    def sweep(self) -> None:
        """What has expired leaves, but for what was reserved before it did."""
        for lot in self.lots:
            lot.seen = lot.seen or lot.expires < 0
        leaving, so_far = 0, 0
        for lot in self._ordered():
            if lot.seen:
                so_far += lot.remaining
                number = lot.expires + 1_000
                kept = sum(held.amount for held in self.held.values() if held.expired_before < number)
                leaving = max(leaving, so_far - kept)
        leaving = min(leaving, self.balance - self.reserved)
        if leaving > 0:
            self.balance -= leaving
            self._use(leaving, [lot for lot in self._ordered() if lot.seen])

    def _require(self, amount: int, may_borrow: bool) -> None:
        if amount > self.balance - self.reserved and not may_borrow:
            raise Refused

    def _post(self, tokens: int, reserved: int = 0, expired_since: int | None = None) -> None:
        net = self.balance - self.borrowed + tokens
        self.reserved += reserved
        before, self.balance = self.balance, max(net, self.reserved)
        self.borrowed = self.balance - net
        usable = [
            lot
            for lot in self._ordered()
            if not lot.seen or (expired_since is not None and lot.expires + 1_000 > expired_since)
        ]
        self._use(before - self.balance, usable)

    def _use(self, tokens: int, lots: list[Lot]) -> None:
        for lot in lots:
            used = max(min(tokens, lot.remaining), 0)
            lot.remaining -= used
            tokens -= used

    def _ordered(self) -> list[Lot]:
        left = (lot for lot in self.lots if lot.remaining > 0)
        return sorted(left, key=lambda lot: (lot.expires, lot.rank))
