"""Allocation: what a level's policy, or the user's own, brings a wallet, for good or every month."""

from tenantry.models.context import EVERYBODY
from tenantry.models.posting import DEFINER
from tenantry.models.routines import function

function(
    "auto_allocate_tokens_for_level",
    arguments="p_user_id uuid, p_level_id uuid",
    returns="jsonb",
    to=EVERYBODY,
    **DEFINER,
    comment="Gives a user what a level allots: once, or for this month; returns the wallet.",
)
function(
    "reset_monthly_tokens",
    arguments="p_limit integer DEFAULT NULL",
    returns="integer",
    to=EVERYBODY,
    **DEFINER,
    comment="Begins the month for every monthly wallet that has not, or for so many; returns how many."
    " The next call goes on.",
)

# Steps of these.

function(
    "get_token_policy",
    arguments="p_tenant_id uuid, p_user_id uuid, p_level_id uuid",
    returns="level_token_policies",
    language="plpgsql",
    volatility="stable",
    comment="The level's token policy with the user's own taking precedence; NULL where there is neither.",
)
function(
    "begin_months",
    arguments="p_tenant_id uuid DEFAULT NULL, p_user_id uuid DEFAULT NULL, p_limit integer DEFAULT NULL",
    returns="integer",
    language="plpgsql",
    comment="Rolls wallets that are due over into this month: part of what was unused stays,"
    " the allocation is credited.",
)
function(
    "allocate_once",
    arguments="p_wallet user_token_wallets, p_policy level_token_policies",
    language="plpgsql",
    comment="Credits a locked wallet with what its level allots for good, unless it has been.",
)
function(
    "allocate_rest_of_month",
    arguments="p_wallet user_token_wallets, p_policy level_token_policies",
    language="plpgsql",
    comment="Credits a locked wallet with what its level allots this month beyond what it has been allotted.",
)
function(
    "get_month_start",
    arguments="p_months_ahead integer DEFAULT 0",
    returns="timestamptz",
    volatility="stable",
    parallel="safe",
    comment="The first of this month, or of one to come, in UTC.",
)
