"""Rules about the server itself."""

from collections.abc import Iterator

from tenantry.lint.database import Database
from tenantry.lint.rule import Found, Rule, Severity

_MAJOR = 10_000
#: by major version, the first minor one without a known way around row security; later ones never had it
_MENDED = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}


def outdated(version: int) -> str | None:
    """The release to upgrade to, of a version as the server numbers it; None if there is no need."""
    major, minor = divmod(version, _MAJOR)
    if major < min(_MENDED):
        return f"{max(_MENDED)}.{_MENDED[max(_MENDED)]}"
    mended = _MENDED.get(major, 0)
    return f"{major}.{mended}" if minor < mended else None


def _find(database: Database) -> Iterator[Found]:
    release = outdated(database.server_version)
    if release is not None:
        major, minor = divmod(database.server_version, _MAJOR)
        yield Found("server", f"is PostgreSQL {major}.{minor}, where row security has known gaps: upgrade to {release}")


RULES = (
    Rule(
        "server-outdated",
        Severity.ERROR,
        "A server on which row security can be walked around",
        "Older minor releases let statistics tell of other tenants' values (CVE-2025-8713) or plan a query for the"
        " wrong role (CVE-2024-10976), whatever the policies say.",
        _find,
    ),
)
