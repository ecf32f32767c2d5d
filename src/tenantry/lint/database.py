"""The database that is looked at: its catalogue, what of it is asked about, and whom requests run as."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, Row, text

from tenantry.errors import TenantryError
from tenantry.lint.policy import Policy, read_policies


class LintError(TenantryError):
    """The database cannot be looked at as asked."""


@dataclass(frozen=True)
class Scope:
    """What is looked at.

    :param tenant_columns: the names by which tables say whose a row is.
    :param schemas: all that are not PostgreSQL's own unless given.
    :param roles: what requests run as; unless given, ``usual_roles``, else whoever is granted tables of tenants, else
        their owners that may log in.
    :param usual_roles: roles that are taken for the application's where they have privileges in this database.
    """

    tenant_columns: tuple[str, ...] = ("tenant_id",)
    schemas: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    usual_roles: tuple[str, ...] = ()


_PRELUDE = r"""
WITH RECURSIVE schema AS (
    SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname = ANY (CAST(:schemas AS text[]))
),
relation AS (
    -- `tenant` is the column that says whose a row is; `key` the one that policies compare: of the table of tenants
    -- themselves, the column that the others refer to
    SELECT c.oid, c.oid::regclass::text AS name, c.relnamespace, c.relkind, c.relowner, c.relacl, c.relrowsecurity,
           c.relforcerowsecurity, c.reloptions, t.attname AS tenant_name, t.attnum AS tenant,
           t.attnotnull AS tenant_not_null, coalesce(t.attnum, root.attnum) AS key, (
               SELECT count(*) FROM pg_inherits i WHERE i.inhrelid = c.oid
           ) > 0 AS is_child
    FROM pg_class c
    JOIN schema s ON s.oid = c.relnamespace
    LEFT JOIN LATERAL (
        SELECT a.attname, a.attnum, a.attnotnull FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = ANY (CAST(:tenant_columns AS text[]))
        AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY array_position(CAST(:tenant_columns AS text[]), a.attname::text) LIMIT 1
    ) t ON c.relkind <> 'S'
    LEFT JOIN (
        SELECT k.confrelid, min(k.confkey[1]) AS attnum
        FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
        WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND a.attname = ANY (CAST(:tenant_columns AS text[]))
        GROUP BY k.confrelid
    ) root ON root.confrelid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND NOT EXISTS (
        SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e'
    )
),
acting AS (
    -- the application's roles with all that they are members of; 0 is PUBLIC
    SELECT unnest(CAST(:acting AS oid[])) AS role
),
privilege AS (
    -- on tables, views, sequences and, with `attnum`, columns
    SELECT r.oid AS relation, NULL::smallint AS attnum, a.grantee, a.privilege_type, a.is_grantable
    FROM relation r, aclexplode(r.relacl) a WHERE a.grantee <> r.relowner
    UNION ALL
    SELECT r.oid, t.attnum, a.grantee, a.privilege_type, a.is_grantable
    FROM relation r JOIN pg_attribute t ON t.attrelid = r.oid AND t.attacl IS NOT NULL, aclexplode(t.attacl) a
    WHERE a.grantee <> r.relowner
),
reachable AS (
    SELECT relation, array_agg(DISTINCT privilege_type) AS privileges
    FROM privilege JOIN acting ON acting.role = privilege.grantee GROUP BY relation
),
membership AS (
    -- up to PostgreSQL 15 every member may become the role; later whoever only administers it may not
    SELECT m.member, m.roleid FROM pg_auth_members m
    WHERE coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
    OR coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true)
),
holder AS (
    -- the application's roles and whoever may become one: their logins
    SELECT unnest(CAST(:application AS oid[])) AS role
    UNION
    SELECT m.member FROM membership m JOIN holder h ON h.role = m.roleid
),
becomes AS (
    -- `by` is the role that the holder is a member of himself
    SELECT role AS holder, role, NULL::oid AS by FROM holder
    UNION
    SELECT b.holder, m.roleid, coalesce(b.by, m.roleid) FROM becomes b JOIN membership m ON m.member = b.role
)
"""

_SCHEMAS = """
SELECT nspname FROM pg_namespace
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND (
    nspname = ANY (CAST(:names AS text[])) OR cardinality(CAST(:names AS text[])) = 0
)
"""
_ROLES = "SELECT oid, rolname FROM pg_roles WHERE rolname = ANY (CAST(:names AS text[]))"
_HAVE_TENANTS = "SELECT count(*) FROM relation WHERE tenant IS NOT NULL AND relkind IN ('r', 'p')"
_GRANTED = """
    SELECT DISTINCT r.oid, r.rolname FROM privilege p JOIN pg_roles r ON r.oid = p.grantee
    WHERE r.rolname = ANY (CAST(:names AS text[])) AND p.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
"""
_GRANTEES = r"""
    SELECT DISTINCT r.oid, r.rolname
    FROM privilege p JOIN relation t ON t.oid = p.relation JOIN pg_roles r ON r.oid = p.grantee
    WHERE t.tenant IS NOT NULL AND r.rolname !~ '^pg_' AND p.privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
"""
_OWNERS = """
    SELECT DISTINCT r.oid, r.rolname FROM relation t JOIN pg_roles r ON r.oid = t.relowner
    WHERE t.tenant IS NOT NULL AND r.rolcanlogin
"""
_ACTING = """
    WITH RECURSIVE acts_as AS (
        SELECT unnest(CAST(:application AS oid[])) AS role
        UNION SELECT m.roleid FROM acts_as a JOIN membership m ON m.member = a.role
    )
    SELECT role FROM acts_as
"""


class Database:
    """A connection, and what the rules ask it about.

    :raises LintError: if there is no such schema or role, or no table of tenants, so that nothing would be looked at.
    """

    def __init__(self, connection: Connection, scope: Scope) -> None:
        self._connection = connection
        # names come out with their schema, and nothing that somebody made is called in place of PostgreSQL's own
        connection.exec_driver_sql("SET LOCAL search_path = pg_catalog")
        # of a common table expression the planner knows no size: it takes thousands of tables for a few
        connection.exec_driver_sql("SET LOCAL enable_nestloop = off; SET LOCAL jit = off")
        self._parameters: dict[str, Any] = {
            "tenant_columns": list(scope.tenant_columns),
            "application": [],
            "acting": [],
        }
        self._parameters["schemas"] = self._schemas(scope)
        self._require_tenants(scope)
        #: the application's roles, name by oid
        self.application = self._application(scope)
        self._parameters["application"] = list(self.application)
        self._parameters["acting"] = [0, *self.application, *(role for (role,) in self.rows(_ACTING))]

    def rows(self, query: str, **parameters: Any) -> Sequence[Row[Any]]:
        """What a query finds that may use the common table expressions `relation`, `privilege` and the others."""
        return self._connection.execute(
            text(f"{_PRELUDE} SELECT * FROM ({query}) AS found"), {**self._parameters, **parameters}
        ).all()

    @cached_property
    def acting(self) -> frozenset[int]:
        """The application's roles with all that they are members of, and 0, which is PUBLIC."""
        return frozenset(self._parameters["acting"])

    @cached_property
    def policies(self) -> list[Policy]:
        """All policies of the schemas looked at."""
        return list(read_policies(self.rows))

    @cached_property
    def server_version(self) -> int:
        """As the server numbers it: 180004 is 18.4."""
        return int(self._connection.exec_driver_sql("SHOW server_version_num").scalar_one())

    def _schemas(self, scope: Scope) -> list[str]:
        found = self._connection.execute(text(_SCHEMAS), {"names": list(scope.schemas)}).scalars().all()
        missing = sorted(set(scope.schemas) - set(found))
        if missing:
            raise LintError(f"there is no schema {', '.join(missing)} of the database's own")
        return list(found)

    def _require_tenants(self, scope: Scope) -> None:
        ((tables,),) = self.rows(_HAVE_TENANTS)
        if not tables:
            columns = " or ".join(scope.tenant_columns)
            raise LintError(f"no table has a column {columns}: say with --tenant-column what tells tenants apart")

    def _application(self, scope: Scope) -> dict[int, str]:
        if not scope.roles:
            usual = self.rows(_GRANTED, names=list(scope.usual_roles))
            return _names(usual or self.rows(_GRANTEES) or self.rows(_OWNERS))
        found = _names(self.rows(_ROLES, names=list(scope.roles)))
        missing = sorted(set(scope.roles) - set(found.values()))
        if missing:
            raise LintError(f"there is no role {', '.join(missing)}")
        return found


def _names(rows: Sequence[Row[Any]]) -> dict[int, str]:
    return {row.oid: row.rolname for row in rows}
