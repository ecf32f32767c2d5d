"""Tokens, credits and usage: every balance is the sum of its entries."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from random import Random
from typing import Final

from tenantry.seed.company import Company
from tenantry.seed.plan import recipe
from tenantry.seed.values import NOW, Row, moment

_EVENTS: Final = 50
_EXECUTIONS: Final = 24
_CHARGES: Final = 12
_ENTRIES: Final = 8
_GRANT: Final = 100_000
_CREDITS: Final = 10_000
_PRICE_OF_CREDIT: Final = Decimal("0.01")
_SHARE_OF_RESERVATIONS: Final = 0.2
_MODELS: Final = ("gpt-4o", "claude-sonnet", "gemini-pro")


def _instants(rng: Random, start: datetime, count: int) -> list[datetime]:
    return sorted(moment(rng, start) for _ in range(count))


@recipe("user_token_wallets")
def _wallets(company: Company) -> Iterator[Row]:
    for member in company.rows["tenant_users"]:
        yield {
            "user_id": member["user_id"],
            "created_at": company.founded,
            "level_id": company.pick("levels")["id"],
            # the ledger fills it
            "entry_number": 0,
            "current_tokens": 0,
            "reserved_tokens": 0,
            "lifetime_tokens": 0,
            "monthly_allocation_tokens": 0,
            "borrowed_tokens": 0,
            "expiring_tokens": 0,
            "slot": 0,
            "slots": 1,
            "last_reset_at": None,
            "next_reset_at": None,
            "status": "active",
        }


@recipe("user_token_ledger")
def _ledger(company: Company) -> Iterator[Row]:
    for empty in company.rows["user_token_wallets"]:
        wallet = dict(empty)
        first, *others = _instants(company.rng, company.founded, _ENTRIES)
        yield _entry(wallet, first, "credit", _GRANT, "Welcome credit")
        for at in others:
            amount = company.rng.randint(100, 4_000)
            if wallet["reserved_tokens"]:
                yield _entry(wallet, at, "release", wallet["reserved_tokens"], "Work finished")
            elif company.rng.random() < _SHARE_OF_RESERVATIONS:
                yield _entry(wallet, at, "reserve", amount, "Work under way")
            else:
                yield _entry(wallet, at, "debit", amount, "Workflow run")


def _entry(wallet: Row, at: datetime, direction: str, amount: int, reason: str) -> Row:
    """What post_tokens() would have written, and what it would have made of the wallet."""
    wallet["entry_number"] += 1
    wallet["current_tokens"] += {"credit": amount, "debit": -amount}.get(direction, 0)
    wallet["reserved_tokens"] += {"reserve": amount, "release": -amount}.get(direction, 0)
    wallet["lifetime_tokens"] += amount if direction == "credit" else 0
    return {
        "user_id": wallet["user_id"],
        "wallet_id": wallet["id"],
        "level_id": wallet["level_id"],
        "entry_number": wallet["entry_number"],
        "direction": direction,
        "amount": amount,
        "balance_after": wallet["current_tokens"],
        "reserved_after": wallet["reserved_tokens"],
        "borrowed_after": 0,
        "lifetime_after": wallet["lifetime_tokens"],
        "reason": reason,
        "created_at": at,
        "posting_key": None,
        "idempotency_key": None,
        "enforcement_mode": None,
        "expires_at": None,
        "reference_type": None,
    }


@recipe("billing_accounts")
def _billing_accounts(company: Company) -> Iterator[Row]:
    yield {
        "created_at": company.founded,
        # the transactions fill it
        "entry_number": 0,
        "balance_credits": 0,
        "balance_amount": Decimal(0),
        # the database counts the usage itself, from the events
        "usage_month": NOW.date().replace(day=1),
        "usage_tokens_month": 0,
        "usage_audio_seconds_month": 0,
        "usage_ocr_pages_month": 0,
        "billing_email": f"billing@{company.slug}.example",
        "status": "active",
    }


@recipe("usage_events")
def _usage_events(company: Company) -> Iterator[Row]:
    for _ in range(_EVENTS):
        tokens = company.rng.randint(50, 4_000), company.rng.randint(50, 2_000)
        yield {
            "user_id": company.member(),
            "route": company.rng.choice(("/v1/chat", "/v1/transcribe", "/v1/search")),
            "method": "POST",
            "status_code": 200,
            "model_used": company.rng.choice(_MODELS),
            "tokens_input": tokens[0],
            "tokens_output": tokens[1],
            "cost_usd": Decimal(sum(tokens)).scaleb(-5),
        }


@recipe("credit_transactions")
def _credit_transactions(company: Company) -> Iterator[Row]:
    account = dict(company.rows["billing_accounts"][0])
    events = sorted(company.rng.sample(company.rows["usage_events"], _CHARGES), key=lambda event: event["created_at"])
    yield _posting(account, company.founded, "purchase", _CREDITS, None)
    for event in events:
        yield _posting(account, event["created_at"], "usage", -company.rng.randint(1, 200), event["id"])


def _posting(account: Row, at: datetime, kind: str, amount: int, usage_event_id: str | None) -> Row:
    """What adjust_credits() would have written, and what it would have made of the account."""
    account["entry_number"] += 1
    account["balance_credits"] += amount
    money_amount = amount * _PRICE_OF_CREDIT if kind == "purchase" else Decimal(0)
    account["balance_amount"] += money_amount
    return {
        "billing_account_id": account["id"],
        "entry_number": account["entry_number"],
        "type": kind,
        "amount": amount,
        "balance_after": account["balance_credits"],
        "money_amount": money_amount,
        "balance_amount_after": account["balance_amount"],
        "description": "Credits bought" if kind == "purchase" else "Usage",
        "usage_event_id": usage_event_id,
        "posting_key": None,
        "created_at": at,
    }


@recipe("ai_executions")
def _ai_executions(company: Company) -> Iterator[Row]:
    for _ in range(_EXECUTIONS):
        tokens = company.rng.randint(50, 4_000), company.rng.randint(50, 2_000)
        yield {
            "user_id": company.member(),
            "model_name": company.rng.choice(_MODELS),
            "model_id": None,
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "total_tokens": sum(tokens),
            "tokens_debited": sum(tokens),
            "cost_usd": Decimal(sum(tokens)).scaleb(-5),
        }
