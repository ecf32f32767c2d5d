"""Entries of the audit logs that are written, sealed and verified."""

from sqlalchemy import text
from tests.models.platform import Platform, Tenancy

from tenantry.runtime.audit import Anchor, Sealed, Verification, seal_audit_log, verify_audit_log


def write(platform: Platform, tenant: Tenancy, times: int = 1) -> None:
    with platform.acting(tenant) as connection:
        for _ in range(times):
            connection.execute(text("SELECT write_audit_log('report.opened', 'reports', '7', '{\"page\": 1}')"))


def seal(platform: Platform, batch: int = 10_000) -> Sealed:
    with platform.superadmin.begin() as connection:
        return seal_audit_log(connection, batch)


def verify(platform: Platform, anchor: Anchor | None = None) -> Verification:
    with platform.superuser.connect() as connection:
        return verify_audit_log(connection, anchor)


def count(platform: Platform) -> int:
    found: int = platform.value("SELECT (SELECT count(*) FROM audit_logs) + (SELECT count(*) FROM admin_audit_logs)")
    return found
