"""What can go wrong, each with a message that says what is wrong, where, and what to do."""


class TenantryError(Exception):
    """Base of every error that a user can cause or mend; its message is one clear line without secrets."""


class SettingsError(TenantryError):
    """A setting has a value that cannot be used; the message names the variable."""


class EmbeddedServerError(TenantryError):
    """The embedded PostgreSQL cannot be started, stopped or found."""


class ServerUnreachableError(TenantryError):
    """No connection to the configured database."""


class ServerTooOldError(TenantryError):
    """The server's version of PostgreSQL is not supported."""


class MigrationError(TenantryError):
    """A migration failed; its transaction was rolled back and the database is as it was."""
