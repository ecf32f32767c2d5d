"""Slots: a wallet that many use at the same instant, spread over several rows that do not wait for one another.

Each slot is a wallet of its own, with its own ledger; what the user has is the sum of them. Slot 0 is the wallet as it
was: its months, its credits that expire and what is borrowed stay there. A call takes a slot that nobody else uses and
that has enough; where none has, what the others have is moved to slot 0, by entries.
"""

from tenantry.models.context import EVERYBODY
from tenantry.models.posting import DEFINER
from tenantry.models.routines import function

function(
    "spread_user_tokens",
    arguments="p_user_id uuid, p_slots integer",
    returns="integer",
    to=EVERYBODY,
    **DEFINER,
    comment="Spreads a user's wallet over so many slots, or gathers it again (1); returns how many it had.",
)

# Steps of these.

function(
    "lock_slot",
    arguments="p_tenant_id uuid, p_wallet_id uuid",
    returns="user_token_wallets",
    language="plpgsql",
    comment="One slot of a wallet, locked until the transaction ends, without what has expired.",
)
function(
    "choose_slot",
    arguments="p_tenant_id uuid, p_user_id uuid, p_requested bigint",
    returns="user_token_wallets",
    language="plpgsql",
    comment="A locked slot of a spread wallet that has what is requested, or slot 0 with what all have; NULL requests"
    " all.",
)
function(
    "gather_slots",
    arguments="p_slots user_token_wallets[], p_reason text",
    language="plpgsql",
    comment="Moves what locked slots have and is not reserved to slot 0, by entries.",
)
