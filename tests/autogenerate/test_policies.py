"""Row security and policies."""

from sqlalchemy import MetaData, column, func
from tests.autogenerate.conftest import Run
from tests.support.cases import Pairs, documents, each

from tenantry.ddl import Policy, RowSecurity

USING = "tenant_id = current_setting('app.tenant')::int"
OTHER_USING = "title IS NOT NULL AND (tenant_id = 1 OR tenant_id BETWEEN 4 AND 5)"


def _policy(**attributes: object) -> MetaData:
    return documents(RowSecurity(), Policy("p", **attributes))  # type: ignore[arg-type]


ROW_SECURITY: Pairs = {
    "switched on": (documents(), documents(RowSecurity())),
    "enabled only": (documents(), documents(RowSecurity(force=False))),
    "forced only": (documents(), documents(RowSecurity(enabled=False))),
    "force added": (documents(RowSecurity(force=False)), documents(RowSecurity())),
    "enable added": (documents(RowSecurity(enabled=False)), documents(RowSecurity())),
    "declared off": (documents(RowSecurity()), documents(RowSecurity(enabled=False, force=False))),
    "exchanged": (documents(RowSecurity(force=False)), documents(RowSecurity(enabled=False))),
}

POLICIES: Pairs = {
    "created": (documents(RowSecurity()), _policy(using=USING)),
    "created with everything": (
        documents(RowSecurity()),
        _policy(
            using=USING, with_check="true", command="update", to="pg_read_all_data", restrictive=True, comment="Why."
        ),
    ),
    "using changed": (_policy(using=USING), _policy(using=OTHER_USING)),
    "using added": (_policy(with_check=USING), _policy(using="true", with_check=USING)),
    "with check changed": (_policy(using=USING, with_check="true"), _policy(using=USING, with_check="tenant_id > 0")),
    "with check added": (_policy(using=USING), _policy(using=USING, with_check=USING)),
    "without any expression": (_policy(), _policy(using="false")),
    "command changed": (_policy(using=USING), _policy(using=USING, command="select")),
    "command made insert": (_policy(using=USING, command="delete"), _policy(with_check=USING, command="insert")),
    "made restrictive": (_policy(using=USING), _policy(using=USING, restrictive=True)),
    "role added": (_policy(using=USING), _policy(using=USING, to="pg_read_all_data")),
    "roles changed": (
        _policy(using=USING, to=["pg_write_all_data", "pg_read_all_data"]),
        _policy(using=USING, to=["pg_monitor", "pg_write_all_data"]),
    ),
    "comment added": (_policy(using=USING), _policy(using=USING, comment="Only one's own: it's 100% %s \\ sure.")),
    "comment changed": (_policy(using=USING, comment="Old."), _policy(using=USING, comment="New.")),
    "everything changed": (
        _policy(using=USING, to="pg_read_all_data", comment="Old."),
        _policy(with_check=OTHER_USING, command="insert", restrictive=True, comment="New."),
    ),
    "several": (
        documents(Policy("a", using="true"), Policy("b", using="true", command="select")),
        documents(Policy("b", using="false", command="select"), Policy("c", using="true")),
    ),
    "names that need quoting": (
        documents(Policy("Read; its own", using="true")),
        documents(Policy("Read; its own", using="false"), Policy('say "x"', using="true")),
    ),
    "sub-select in another table": (
        _policy(using="tenant_id IN (SELECT id FROM tenants WHERE owner = current_user)"),
        _policy(using="EXISTS (SELECT FROM tenants t WHERE t.id = documents.tenant_id)"),
    ),
    "sub-select in its own table": (
        _policy(using="id = (SELECT max(d.id) FROM documents d WHERE d.tenant_id = documents.tenant_id)"),
        _policy(using="id = (SELECT min(d.id) FROM documents d WHERE d.tenant_id = documents.tenant_id)"),
    ),
    "sqlalchemy expressions": (
        _policy(using=column("tenant_id") == 1),
        _policy(using=(column("title") == "50%: it's") & func.starts_with(column("state"), "d%")),
    ),
}

SAME: dict[str, tuple[MetaData, MetaData]] = {
    "public written or not": (_policy(using="true"), _policy(using="true", to="PUBLIC")),
    "order of roles": (
        _policy(to=["pg_write_all_data", "pg_read_all_data"]),
        _policy(to=["pg_read_all_data", "pg_write_all_data"]),
    ),
    "spelling": (_policy(using="tenant_id in (1,2)"), _policy(using="(documents.tenant_id = ANY (ARRAY[1, 2]))")),
    "casts": (_policy(using="title = 'x'"), _policy(using="title = 'x'::text")),
}


@each(ROW_SECURITY)
def test_row_security_changes(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(POLICIES)
def test_policies_change(run: Run, before: MetaData, after: MetaData) -> None:
    run(before, after)


@each(SAME)
def test_what_means_the_same_is_no_change(run: Run, before: MetaData, after: MetaData) -> None:
    assert run(before, after).is_empty
