"""How Alembic's commands run: one transaction of the owner, one deployment at a time, never long in anyone's way.

An `env.py` needs only `run_migrations("application.models:Base.metadata")`.
"""

import logging
import random
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from alembic import context
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, event
from sqlalchemy.exc import DBAPIError

from tenantry.ddl import NAMING_CONVENTION
from tenantry.errors import MigrationError, TenantryError
from tenantry.runtime.branch import Branch
from tenantry.runtime.context_mode import choose
from tenantry.runtime.database import checked_engine, reason_of
from tenantry.runtime.declaration import Declaration, metadatas
from tenantry.runtime.embedded import scratch_url
from tenantry.runtime.ownership import MIGRATION_LOCK, REFUSED, bootstrap, teardown
from tenantry.runtime.statement_stream import streaming
from tenantry.settings import Settings, load_settings

#: where a command leaves its settings for `env.py`, in `Config.attributes`
SETTINGS = "tenantry_settings"

_LOCK_NOT_AVAILABLE = {"55P03", "40P01"}
_NEW_VALUE = "55P04"
_LONGEST_PAUSE = 10.0
_STATEMENT_SHOWN = 120

_log = logging.getLogger("tenantry.migrations")
# not all of Alembic: its failures are on stdout already
_PROGRESS = (_log.name, "alembic.runtime.migration", "alembic.autogenerate")


def run_migrations(
    declaration: Declaration,
    naming_convention: Mapping[str, str] = NAMING_CONVENTION,
    *,
    branch: str | None = None,
) -> None:
    """Run what the Alembic command asks for, against the configured database or, with `--sql`, as a script.

    :param declaration: what is declared, as metadata or as the name of one, ``module:Base.metadata``; of several, a
        list. What is named is imported only to be compared, so that an upgrade starts without it.
    :param naming_convention: names what a revision leaves nameless, where the declaration is not imported.
    :param branch: what the application's own revisions are called, beside those that come with this package.
    """
    _show_progress()
    try:
        settings = context.config.attributes.get(SETTINGS) or load_settings()
        options = {"process_revision_directives": Branch(branch, context.script).place} if branch else {}
        if context.is_offline_mode():
            _Run(settings, declaration, naming_convention, options).offline()
        else:
            _online(settings, declaration, naming_convention, options)
    except TenantryError as error:
        raise CommandError(str(error)) from error


@contextmanager
def owner_connection(settings: Settings) -> Iterator[Connection]:
    """A connection inside one transaction that is prepared as for a migration; it commits at the end."""
    engine = checked_engine(settings)
    try:
        with engine.connect() as connection, connection.begin():
            prepare(connection, settings)
            yield connection
    except DBAPIError as error:
        raise _failure(error) from error


def prepare(connection: Connection, settings: Settings) -> None:
    """Begin the work of a migration on a connection: the lock, the owner, the limit on waiting."""
    free = connection.exec_driver_sql("SELECT pg_try_advisory_xact_lock(%s)", (MIGRATION_LOCK,)).scalar_one()
    if not free:
        _log.warning("another migration of this database is running: waiting for it")
    for statement in bootstrap(settings):
        _execute(connection, statement)


def _online(
    settings: Settings, declaration: Declaration, naming_convention: Mapping[str, str], options: Mapping[str, Any]
) -> None:
    engine = checked_engine(settings)
    for attempt in range(settings.lock_retries + 1):
        try:
            with engine.connect() as connection:
                _Run(settings, declaration, naming_convention, options).online(connection)
        except DBAPIError as error:
            if _sqlstate(error) not in _LOCK_NOT_AVAILABLE or attempt == settings.lock_retries:
                raise _failure(error) from error
            pause = min(_LONGEST_PAUSE, 0.25 * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311
            _log.warning("a lock was not to be had, nothing was changed: again in %.1f s", pause)
            time.sleep(pause)
        else:
            return


class _Run:
    """One attempt at what the command asks for."""

    def __init__(
        self,
        settings: Settings,
        declaration: Declaration,
        naming_convention: Mapping[str, str],
        options: Mapping[str, Any],
    ) -> None:
        self._settings = settings
        self._declaration = declaration
        named_like = MetaData(naming_convention=dict(naming_convention))
        at_hand = declaration if isinstance(declaration, MetaData) else named_like
        self._options: dict[str, Any] = {
            "target_metadata": at_hand,
            "autogenerate_plugins": ["alembic.autogenerate.*", "tenantry.*"],
            "compare_type": True,
            "compare_server_default": True,
            "transaction_per_migration": False,
            "on_version_apply": self._remember_heads,
            "tenantry_role_names": settings.role_names,
            "tenantry_run_as": settings.owner_role,
            **options,
        }
        self._heads: Collection[str] | None = None

    def online(self, connection: Connection) -> None:
        context.configure(connection=connection, **self._options)
        options = context.get_context().opts
        if "revision_context" in options:  # a command that compares
            options["target_metadata"] = metadatas(self._declaration, self._settings)
            options["tenantry_scratch_url"] = scratch_url(self._settings)
        # a command without a destination only looks: it must not even create the version table
        looks = options.setdefault("dont_mutate", "destination_rev" not in options)
        if not looks:
            # not once but at each beginning: a revision's autocommit_block() ends the transaction and begins another
            event.listen(connection, "begin", lambda begun: prepare(begun, self._settings))
        with streaming(connection), context.begin_transaction():
            context.run_migrations()
            if self._is_at_base:
                _execute(connection, teardown(self._settings))
            elif not looks:
                _execute(connection, choose(self._settings))

    def offline(self) -> None:
        # `named` keeps percent signs single: nothing in the script is a parameter
        context.configure(
            dialect_name="postgresql", dialect_opts={"paramstyle": "named"}, literal_binds=True, **self._options
        )
        script = context.get_context().impl
        begin = script.emit_begin

        def begin_as_owner() -> None:
            """Not once but each time: a revision's autocommit_block() ends the transaction and begins another."""
            begin()
            for statement in bootstrap(self._settings):
                script.static_output(statement + ";")

        setattr(script, "emit_begin", begin_as_owner)  # noqa: B010
        with context.begin_transaction():
            context.run_migrations()
            script.static_output((teardown if self._is_at_base else choose)(self._settings) + ";")

    def _remember_heads(self, *, heads: Collection[str], **_: object) -> None:
        self._heads = heads

    @property
    def _is_at_base(self) -> bool:
        return self._heads is not None and not self._heads


def _show_progress() -> None:
    """On stderr, unless the program has its own idea of logging."""
    if logging.root.handlers or any(logging.getLogger(name).handlers for name in _PROGRESS):
        return
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    for name in _PROGRESS:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)


def _execute(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _sqlstate(error: DBAPIError) -> str | None:
    return error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None


def _failure(error: DBAPIError) -> MigrationError:
    reason = reason_of(error)
    if _sqlstate(error) == REFUSED:
        return MigrationError(f"{reason} Nothing was changed.")
    if _sqlstate(error) == _NEW_VALUE:
        reason += ": a value is used only after the transaction that adds it; upgrade to the revision that does first"
    statement = " ".join((error.statement or "").split())
    shown = statement[:_STATEMENT_SHOWN] + ("..." if len(statement) > _STATEMENT_SHOWN else "")
    return MigrationError(f"{reason}, in: {shown} (the transaction was rolled back)")
