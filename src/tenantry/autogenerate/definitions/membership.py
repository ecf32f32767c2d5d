"""Memberships of roles: what of them is not as PostgreSQL has it by itself."""

from collections.abc import Iterator


def unusual_options(*, admin: bool, inherit: bool | None, set_role: bool | None, role_inherits: bool) -> Iterator[str]:
    """The options of a membership as GRANT has them.

    :param inherit: ``None`` is as the role does.
    :param set_role: ``None`` where there is no such option.
    :param role_inherits: whether the role does, by itself.
    """
    if admin:
        yield "ADMIN TRUE"
    if inherit is not None and inherit != role_inherits:
        yield f"INHERIT {str(inherit).upper()}"
    if set_role is False:
        yield "SET FALSE"
