"""What auditing costs: `python -m benchmarks.audit`.

The same changes of the same table by a member of a tenant, with the triggers that audit it and without; then the
entries that this made, sealed and verified.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import sqlalchemy
from benchmarks.support import RUNS, benchmark_server, declared_database, seconds
from sqlalchemy import URL, Connection, Engine, NullPool, text

from tenantry.models.roles import APPLICATION
from tenantry.runtime.audit import seal_audit_log, verify_audit_log
from tenantry.runtime.context import ContextKey, tenant_context

KEY = ContextKey("k" * 32)
ONE_BY_ONE, AT_ONCE = 500, 10_000
SEALED = 1_000_000

INSERT_ONE = "INSERT INTO departments (code, name) VALUES (:code, 'Sales')"
UPDATE_ONE = "UPDATE departments SET name = 'Trade' WHERE tenant_id = get_current_tenant() AND code = :code"
INSERT_MANY = f"INSERT INTO departments (code, name) SELECT 'm' || i, 'Sales' FROM generate_series(1, {AT_ONCE}) AS i"
UPDATE_MANY = "UPDATE departments SET name = 'Trade'"


class Company:
    """A tenant, and its owner at work."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        with engine.begin() as connection:
            KEY.install(connection)
            insert = text("INSERT INTO users (email) VALUES ('owner@example.com') RETURNING id")
            self.owner = connection.execute(insert).scalar_one()
            provision = text("SELECT provision_tenant('acme', 'Acme', :owner)")
            self.tenant = connection.execute(provision, {"owner": self.owner}).scalar_one()

    @contextmanager
    def at_work(self) -> Iterator[Connection]:
        """A request, undone at the end."""
        with self._engine.connect() as connection, connection.begin() as transaction:
            connection.execute(text(f"SET LOCAL ROLE {APPLICATION}"))
            with tenant_context(connection, self.tenant, self.owner, key=KEY):
                yield connection
            transaction.rollback()

    def audits(self, whether: bool) -> None:
        """Switch the triggers on or off."""
        word = "ENABLE" if whether else "DISABLE"
        with self._engine.begin() as connection:
            for command in ("insert", "update"):
                connection.execute(text(f"ALTER TABLE departments {word} TRIGGER audit_{command}"))


def main() -> None:
    """Compare, then seal and verify."""
    with benchmark_server() as server, declared_database(server) as url:
        engine = sqlalchemy.create_engine(url, poolclass=NullPool)
        company = Company(engine)
        for name, prepare, work in _cases():
            _compare(company, name, prepare, work)
        _seal(url, company.tenant)


def _cases() -> list[tuple[str, Callable[[Connection], None], Callable[[Connection], None]]]:
    codes = [{"code": f"d{number}"} for number in range(ONE_BY_ONE)]

    def one_by_one(statement: str) -> Callable[[Connection], None]:
        def work(connection: Connection) -> None:
            for code in codes:
                connection.execute(text(statement), code)

        return work

    def at_once(statement: str) -> Callable[[Connection], None]:
        return lambda connection: connection.execute(text(statement)) and None

    def nothing(_: Connection) -> None:
        return

    return [
        (f"insert of a row, {ONE_BY_ONE} times", nothing, one_by_one(INSERT_ONE)),
        (f"update of a row, {ONE_BY_ONE} times", one_by_one(INSERT_ONE), one_by_one(UPDATE_ONE)),
        (f"insert of {AT_ONCE:,} rows", nothing, at_once(INSERT_MANY)),
        (f"update of {AT_ONCE:,} rows", at_once(INSERT_MANY), at_once(UPDATE_MANY)),
    ]


def _compare(
    company: Company, name: str, prepare: Callable[[Connection], None], work: Callable[[Connection], None]
) -> None:
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(RUNS):
        for audited, measured in times.items():
            company.audits(audited)
            with company.at_work() as connection:
                prepare(connection)
                measured.append(seconds(lambda: work(connection)))
    ours, bare = median(times[True]), median(times[False])
    print(f"{name}: {1000 * ours:.0f} ms audited, {1000 * bare:.0f} ms not, ratio {ours / bare:.2f}", flush=True)


def _seal(url: URL, tenant: uuid.UUID) -> None:
    fill = text("""
        INSERT INTO audit_logs (tenant_id, action, operation, resource_type, resource_id, details)
        SELECT :tenant, 'departments.update', 'update', 'departments', gen_random_uuid(),
               jsonb_build_object('old', jsonb_build_object('name', 'Sales'), 'new', jsonb_build_object('name', i))
        FROM generate_series(1, :entries) AS i
    """)
    with sqlalchemy.create_engine(url, poolclass=NullPool).connect() as connection:
        connection.execute(fill, {"tenant": tenant, "entries": SEALED})
        connection.commit()
        for name, work in (
            ("sealed", lambda: seal_audit_log(connection)),
            ("verified", lambda: verify_audit_log(connection)),
        ):
            took = seconds(work)
            connection.commit()
            print(f"{SEALED:,} entries {name} in {took:.1f} s, {SEALED / took:,.0f} a second", flush=True)


if __name__ == "__main__":
    main()
