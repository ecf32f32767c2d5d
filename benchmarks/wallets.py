"""A tenant with many wallets, and beside them the least that a wallet and its ledger can be: the floor."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import sqlalchemy
from sqlalchemy import URL, Connection, NullPool, text
from tests.support.databases import fresh_database, upgrade
from tests.support.servers import Server

from tenantry.models.roles import APPLICATION
from tenantry.runtime.context import ContextKey

LOGIN = "benchmark"
TENANT = UUID(int=1)
ADMIN = UUID(int=1)
KEY = ContextKey("k" * 32)
TOKENS = 1_000_000_000
WALLETS = 10_000
CONTEXT = KEY.token(TENANT, ADMIN, timedelta(days=1))

_TENANT = """
INSERT INTO tenants (id, name, slug) VALUES (:tenant, 'Benchmark', 'benchmark');
INSERT INTO users (id, email)
SELECT lpad(to_hex(n), 32, '0')::uuid, n || '@benchmark.example' FROM generate_series(1, :wallets) AS n;
INSERT INTO tenant_users (tenant_id, user_id, role)
SELECT :tenant, id, CASE id WHEN :admin THEN 'admin' ELSE 'member' END
FROM users WHERE email LIKE '%@benchmark.example';
INSERT INTO user_token_wallets (tenant_id, user_id)
SELECT tenant_id, user_id FROM tenant_users WHERE tenant_id = :tenant;
INSERT INTO user_token_ledger (
    tenant_id, user_id, wallet_id, direction, amount, reason,
    entry_number, balance_after, reserved_after, lifetime_after
)
SELECT tenant_id, user_id, id, 'credit', :tokens, 'benchmark', 1, :tokens, 0, :tokens
FROM user_token_wallets WHERE tenant_id = :tenant
"""

# one row is updated and one inserted, and that is all: no tenants, no checks, no other index than the keys
_FLOOR = f"""
CREATE SCHEMA floor;
GRANT USAGE ON SCHEMA floor TO {APPLICATION};
CREATE TABLE floor.wallets (id uuid PRIMARY KEY, tokens bigint NOT NULL);
CREATE TABLE floor.ledger (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    wallet_id uuid NOT NULL,
    amount bigint NOT NULL,
    balance_after bigint NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO floor.wallets SELECT user_id, current_tokens FROM user_token_wallets;
CREATE FUNCTION floor.debit(p_wallet_id uuid, p_amount bigint, p_reason text) RETURNS floor.ledger
LANGUAGE plpgsql AS $$
DECLARE
    balance bigint;
    entry floor.ledger;
BEGIN
    UPDATE floor.wallets SET tokens = tokens - p_amount WHERE id = p_wallet_id RETURNING tokens INTO balance;
    INSERT INTO floor.ledger (wallet_id, amount, balance_after, reason)
    VALUES (p_wallet_id, p_amount, balance, p_reason)
    RETURNING * INTO entry;
    RETURN entry;
END $$;
CREATE FUNCTION floor.debit_in_context(p_wallet_id uuid, p_amount bigint, p_reason text) RETURNS floor.ledger
LANGUAGE plpgsql AS $$
BEGIN
    IF get_current_tenant() IS NULL THEN
        RAISE EXCEPTION 'no tenant';
    END IF;
    RETURN floor.debit(p_wallet_id, p_amount, p_reason);
END $$;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA floor TO {APPLICATION};
"""

# the same tables, keys, indexes and checks, with the foreign keys that anybody would declare and nobody who is asked
_SHAPE = f"""
CREATE TABLE floor.shaped_wallets (LIKE user_token_wallets INCLUDING ALL);
CREATE TABLE floor.shaped_ledger (LIKE user_token_ledger INCLUDING ALL);
INSERT INTO floor.shaped_wallets SELECT * FROM user_token_wallets;
ALTER TABLE floor.shaped_ledger
    ADD FOREIGN KEY (tenant_id) REFERENCES tenants,
    ADD FOREIGN KEY (tenant_id, user_id) REFERENCES tenant_users (tenant_id, user_id),
    ADD FOREIGN KEY (tenant_id, wallet_id) REFERENCES floor.shaped_wallets,
    ADD FOREIGN KEY (tenant_id, level_id) REFERENCES levels;
CREATE FUNCTION floor.debit_in_shape(p_user_id uuid, p_amount bigint, p_reason text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
    wallet floor.shaped_wallets;
    entry floor.shaped_ledger;
BEGIN
    UPDATE floor.shaped_wallets SET current_tokens = current_tokens - p_amount, entry_number = entry_number + 1
    WHERE tenant_id = '{TENANT}' AND user_id = p_user_id
    RETURNING * INTO wallet;
    INSERT INTO floor.shaped_ledger (
        tenant_id, user_id, wallet_id, direction, amount, reason,
        entry_number, balance_after, reserved_after, lifetime_after, idempotency_key
    )
    VALUES (
        wallet.tenant_id, wallet.user_id, wallet.id, 'debit', p_amount, p_reason,
        wallet.entry_number, wallet.current_tokens, 0, wallet.lifetime_tokens, gen_random_uuid()
    )
    RETURNING * INTO entry;
    RETURN to_jsonb(entry);
END $$;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA floor TO {APPLICATION};
"""


#: so many entries more for each wallet, which follow from one another: no trigger has to be asked
NEXT_ENTRIES = """
SET LOCAL session_replication_role = replica;
INSERT INTO user_token_ledger (
    tenant_id, user_id, wallet_id, direction, amount, reason,
    entry_number, balance_after, reserved_after, lifetime_after
)
SELECT tenant_id, user_id, id, 'debit', 1, 'benchmark', entry_number + n, current_tokens - n, 0, lifetime_tokens
FROM generate_series(1, {number}) AS n CROSS JOIN user_token_wallets;
UPDATE user_token_wallets SET entry_number = entry_number + {number}, current_tokens = current_tokens - {number}
"""

MAKE_DUE = """
UPDATE user_token_wallets SET monthly_allocation_tokens = 100, next_reset_at = now() - interval '1 day'
"""
#: what a month comes to where nothing rolls over, written as anybody would, on tables of the same shape
MONTH_BY_HAND = """
    INSERT INTO floor.shaped_ledger (
        tenant_id, user_id, wallet_id, direction, amount, reason,
        entry_number, balance_after, reserved_after, lifetime_after
    )
    SELECT wallet.tenant_id, wallet.user_id, wallet.id, entry.direction, entry.amount, 'month',
        wallet.entry_number + entry.place, entry.balance, 0, wallet.lifetime_tokens + entry.balance
    FROM floor.shaped_wallets AS wallet
    CROSS JOIN LATERAL (
        VALUES (1, 'adjustment', -wallet.current_tokens, 0), (2, 'credit', 100, 100)
    ) AS entry (place, direction, amount, balance)
    ;
    UPDATE floor.shaped_wallets
    SET entry_number = entry_number + 2, current_tokens = 100, lifetime_tokens = lifetime_tokens + 100,
        last_reset_at = now(), next_reset_at = now() + interval '1 month'
"""


@contextmanager
def owner(url: URL) -> Iterator[Connection]:
    """A superuser's connection to the database of an application's URL."""
    made = sqlalchemy.create_engine(url.set(username="postgres"), poolclass=NullPool)
    with made.connect() as connection:
        yield connection


@contextmanager
def wallets_database(server: Server, wallets: int = WALLETS) -> Iterator[URL]:
    """A database with so many full wallets; the URL is that of an application's login."""
    with fresh_database(server) as url:
        upgrade(url)
        made = sqlalchemy.create_engine(url, poolclass=NullPool)
        with made.begin() as connection:
            fill(connection, wallets)
        with made.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
        yield url.set(username=LOGIN)


def fill(connection: Connection, wallets: int) -> None:
    """The tenant, its members and their wallets, and the tables of the floor."""
    KEY.install(connection)
    # roles are the server's: another database may have made it
    if connection.execute(text("SELECT FROM pg_roles WHERE rolname = :name"), {"name": LOGIN}).first() is None:
        connection.execute(text(f"CREATE ROLE {LOGIN} LOGIN IN ROLE {APPLICATION}"))
    values = {"tenant": TENANT, "admin": ADMIN, "wallets": wallets, "tokens": TOKENS}
    for statement in _TENANT.split(";"):
        made = text(statement)
        connection.execute(made, {name: values[name] for name in made.compile().params})
    connection.exec_driver_sql(_FLOOR + _SHAPE)
