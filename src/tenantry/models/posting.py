"""The functions that alone write wallets and their ledger, and the triggers that hold both to one another."""

from typing import Any, Final

from tenantry.models.context import EVERYBODY
from tenantry.models.routines import function

DEFINER: Final[dict[str, Any]] = {"language": "plpgsql", "security": "definer"}

function(
    "adjust_user_tokens",
    arguments="p_user_id uuid, p_amount bigint, p_direction text, p_reason text, p_source text DEFAULT 'system',"
    " p_reference_type text DEFAULT NULL, p_reference_id uuid DEFAULT NULL, p_execution_id uuid DEFAULT NULL,"
    " p_metadata jsonb DEFAULT '{}', p_idempotency_key text DEFAULT NULL, p_expected_level_id uuid DEFAULT NULL,"
    " p_expires_at timestamptz DEFAULT NULL",
    returns="jsonb",
    to=EVERYBODY,
    **DEFINER,
    comment="Posts a change of a user's wallet in the current tenant and returns its ledger entry;"
    " the same idempotency key again returns the same entry and changes nothing.",
)
function(
    "transfer_tokens",
    arguments="p_from_user_id uuid, p_to_user_id uuid, p_amount bigint, p_reason text, p_metadata jsonb DEFAULT '{}',"
    " p_idempotency_key text DEFAULT NULL",
    returns="jsonb",
    to=EVERYBODY,
    **DEFINER,
    comment="Moves tokens between two users of the current tenant; returns both entries, as from and to.",
)
function(
    "post_token_entries",
    arguments="p_entries jsonb",
    returns="jsonb",
    to=EVERYBODY,
    **DEFINER,
    comment="Posts many changes, all or none: an array of objects whose keys are the parameters of"
    " adjust_user_tokens(), without p_; returns their entries in the same order.",
)
function(
    "verify_token_ledger",
    arguments="p_tenant_id uuid DEFAULT NULL",
    returns="TABLE (tenant_id uuid, wallet_id uuid, user_id uuid, net_tokens bigint, net_in_ledger bigint,"
    " reserved_tokens bigint, reserved_in_ledger bigint, lifetime_tokens bigint, lifetime_in_ledger bigint,"
    " entry_number bigint, entries bigint, expiring_tokens bigint, expiring_in_lots bigint)",
    language="plpgsql",
    volatility="stable",
    to=EVERYBODY,
    comment="The wallets that the caller sees, of one tenant or all, whose figures are not the sums of their ledger,"
    " or of which what expires is not what is left of their lots.",
)

# What a direction means, of which the sums of a ledger are made.

function(
    "get_net_change",
    arguments="p_direction text, p_amount bigint",
    returns="bigint",
    volatility="immutable",
    parallel="safe",
    to=EVERYBODY,
    comment="What an entry adds to the balance, less what is borrowed.",
)
function(
    "get_reserved_change",
    arguments="p_direction text, p_amount bigint",
    returns="bigint",
    volatility="immutable",
    parallel="safe",
    to=EVERYBODY,
    comment="What an entry adds to what is reserved.",
)

# Steps of these, which only the owner may execute.

function(
    "adjust_any_wallet",
    arguments="p_user_id uuid, p_amount bigint, p_direction text, p_reason text, p_source text, p_reference_type text,"
    " p_reference_id uuid, p_execution_id uuid, p_metadata jsonb, p_idempotency_key text, p_expected_level_id uuid,"
    " p_expires_at timestamptz",
    returns="jsonb",
    language="plpgsql",
    comment="adjust_user_tokens() where it does more than take tokens from a wallet that has them; asks whether the"
    " caller may.",
)
function(
    "lock_wallet",
    arguments="p_tenant_id uuid, p_user_id uuid, p_requested bigint",
    returns="user_token_wallets",
    language="plpgsql",
    comment="The user's wallet, made on first use, locked until the transaction ends, without what has expired. Of a"
    " spread one, a slot that has what is requested, or slot 0 with what all have; NULL requests all.",
)
function(
    "authorize_tokens",
    arguments="p_user_id uuid, p_action text, p_makes_tokens boolean",
    returns="uuid",
    language="plpgsql",
    volatility="stable",
    comment="The current tenant, if the caller may do this with the user's tokens in it; an error otherwise.",
)
function(
    "may_take_tokens",
    arguments="p_role text, p_caller_id uuid, p_user_id uuid",
    returns="boolean",
    volatility="immutable",
    parallel="safe",
    comment="Whether a member with this role may debit, reserve, release and settle in the user's wallet.",
)
function(
    "expect_same_call",
    arguments="p_idempotency_key text, p_same boolean",
    language="plpgsql",
    volatility="stable",
    comment="An error unless a call with a known idempotency key is the one that was made with it.",
)
function(
    "expect_tokens",
    arguments="p_wallet user_token_wallets, p_direction text, p_amount bigint",
    returns="text",
    language="plpgsql",
    volatility="stable",
    comment="NULL where a wallet has what is asked of it, or the policy that lets it run short; an error otherwise.",
)
function(
    "post_tokens",
    arguments="p_wallet user_token_wallets, p_direction text, p_amount bigint, p_reason text, p_source text,"
    " p_posting_key text DEFAULT NULL, p_reference_type text DEFAULT NULL, p_reference_id uuid DEFAULT NULL,"
    " p_execution_id uuid DEFAULT NULL, p_metadata jsonb DEFAULT '{}', p_idempotency_key text DEFAULT NULL,"
    " p_enforcement_mode text DEFAULT NULL, p_expires_at timestamptz DEFAULT NULL",
    returns="user_token_ledger",
    language="plpgsql",
    comment="Writes the next entry of a locked wallet, which changes the wallet.",
)
function(
    "apply_ledger_entries",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: new entries change their wallets; one that does not follow from its wallet is refused.",
)
function(
    "expect_ledger_entry",
    returns="trigger",
    language="plpgsql",
    comment="Trigger: a wallet begins empty and takes on what the newest entry of its ledger says, and nothing else.",
)
