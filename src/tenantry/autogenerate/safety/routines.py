"""Rules about routines, and views: what runs or reads with rights that its caller does not have."""

from collections.abc import Iterator

from tenantry import ddl
from tenantry.autogenerate.safety.declaration import Declaration, Finding
from tenantry.autogenerate.words import words


def view_as_invoker(declaration: Declaration) -> Iterator[Finding]:
    """A view of secured tables, also by way of other views, reads them as whoever reads the view."""
    secured = {
        table.name for table in declaration.tables if any(s.enabled for s in ddl.declared(table, ddl.RowSecurity))
    }
    for view, shown in _showing(secured, list(declaration.objects(ddl.View))):
        names = ", ".join(sorted(shown))
        if view.materialized:
            yield Finding("view-as-invoker", view, f"keeps a copy of {names} that no row security protects")
        elif not view.security_invoker:
            reason = f"shows {names} past their row security: set security_invoker=True"
            yield Finding("view-as-invoker", view, reason)


def _showing(secured: set[str], views: list[ddl.View]) -> Iterator[tuple[ddl.View, set[str]]]:
    """Views with what they show of secured tables; a view in between reads as the one on top of it does."""
    mentioned = {view: words([ddl.sql_text(view.definition)]) for view in views}
    while passed := {view.name for view in views if view.name not in secured and mentioned[view] & secured}:
        secured = secured | passed
    return ((view, shown) for view in views if (shown := mentioned[view] & secured - {view.name}))


def definer_search_path(declaration: Declaration) -> Iterator[Finding]:
    """What runs with its owner's rights finds its tables and functions where the owner meant, not the caller."""
    for routine in declaration.objects(ddl.Routine):
        if routine.security == "definer" and (reason := _flaw(routine)):
            yield Finding("definer-search-path", routine, reason)


def _flaw(routine: ddl.Routine) -> str | None:
    path = routine.search_path
    if path is None:
        return "runs with its owner's rights on whatever the caller's search_path finds: set search_path"
    if "$user" in path:
        return "searches a schema that is called as the caller is: take $user out of search_path"
    if path[-1:] != ("pg_temp",):
        return "finds the caller's temporary tables before all others: put pg_temp last in search_path"
    return None


def public_execute(declaration: Declaration) -> Iterator[Finding]:
    """Who may execute a routine is said by name."""
    for grant in declaration.objects(ddl.Grant):
        on = getattr(grant, "on", None)
        if isinstance(on, ddl.Routine) and "public" in {role.lower() for role in grant.to}:
            yield Finding("public-execute", on, "may be executed by everybody: grant it to roles by name")
