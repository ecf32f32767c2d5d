"""What can go wrong, each with a message that says what is wrong, where, and what to do."""


class TenantryError(Exception):
    """Base of every error that a user can cause or mend; its message is one clear line without secrets."""
