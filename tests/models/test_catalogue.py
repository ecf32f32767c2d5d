"""Everything of the source systems is there: their tables under one roof, in the right scope, with every column."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Enum, Table

from tenantry.models import (
    Base,
    CatalogScoped,
    PersonScoped,
    PlatformScoped,
    RootScoped,
    TenantAdminScoped,
    TenantConfigScoped,
    TenantScoped,
    TenantUserScoped,
    UserScoped,
)

DATA = Path(__file__).parent / "data"
DEPARTURES = Path(__file__).parents[2] / "docs" / "departures"

CATALOGUE: dict[str, dict[str, Any]] = tomllib.loads((DATA / "tables.toml").read_text())
SOURCES: dict[str, dict[str, Any]] = json.loads((DATA / "source_columns.json").read_text())

SCOPES: dict[str, tuple[type, ...]] = {
    "root": (RootScoped,),
    "tenant": (TenantScoped,),
    "tenant_config": (TenantConfigScoped,),
    "tenant_user": (TenantUserScoped,),
    "tenant_admin": (TenantAdminScoped,),
    "user": (UserScoped, PersonScoped),
    "catalog": (CatalogScoped,),
    "platform": (PlatformScoped,),
}
#: narrower than what their base class says: who is an owner, and what is written of somebody by his superiors
OWN_POLICIES = {"tenant_users", "performance_evaluations"}

#: the keys and the times are everywhere the same
EVERYWHERE = {"id", "tenant_id", "organization_id", "created_at", "updated_at", "deleted_at"}
LEFT_OUT = "left out: "

TABLES = [(domain, table) for domain, tables in CATALOGUE.items() for table in tables]
MODELS: dict[str, Any] = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}


def sources(domain: str) -> dict[str, list[Table]]:
    """The source tables of a domain, and the tables that they became."""
    found: dict[str, list[Table]] = {}
    for name, entry in CATALOGUE[domain].items():
        for source in entry["from"]:
            found.setdefault(source, []).append(Base.metadata.tables[name])
    return found


def departures(domain: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((DEPARTURES / f"{domain}.toml").read_text())


def successors(entry: str) -> list[str]:
    """The names that an entry begins with: of columns, of tables, or of columns of other tables."""
    name = r"[a-z_][a-z0-9_.]*"
    found = re.match(rf"({name}(?:(?:, | or | and ){name})*)(?=$|[,:;] )", entry)
    return re.split(", | or | and ", found[1]) if found else []


def exists(name: str, tables: list[Table]) -> bool:
    table, _, column = name.rpartition(".")
    if table:
        return column in Base.metadata.tables[table].columns if table in Base.metadata.tables else False
    return column in Base.metadata.tables or any(column in canonical.columns for canonical in tables)


def test_no_table_is_beside_the_catalogue() -> None:
    beside = {
        "audit_seals", "context_keys", "tenant_invitations", "token_lot_uses", "token_lots", "token_reservations",
    }  # fmt: skip
    assert set(Base.metadata.tables) - {name for _, name in TABLES} == beside


@pytest.mark.parametrize(("domain", "name"), TABLES)
def test_a_table_is_in_its_domain_and_scope(domain: str, name: str) -> None:
    entry, model = CATALOGUE[domain][name], MODELS[name]
    assert model.__module__.split(".")[2] == domain
    bases = [base for base in SCOPES[entry["scope"]] if issubclass(model, base)]
    assert len(bases) == 1
    assert (model.__scope__ is bases[0].__dict__["__scope__"]) != (name in OWN_POLICIES)
    assert model.__written_by__ == entry.get("written_by", "application")
    assert model.__append_only__ == entry.get("append_only", False)


def test_every_source_table_has_a_successor() -> None:
    assert {source for domain in CATALOGUE for source in sources(domain)} == set(SOURCES)


@pytest.mark.parametrize("domain", CATALOGUE)
def test_every_source_column_has_a_successor_or_a_reason(domain: str) -> None:
    departed = departures(domain)
    lost = {
        f"{source}.{column}"
        for source, tables in sources(domain).items()
        for column in SOURCES[source]["columns"]
        if column not in EVERYWHERE | departed.get(source, {}).keys()
        and not any(column in table.columns for table in tables)
    }
    assert lost == set()


@pytest.mark.parametrize("domain", CATALOGUE)
def test_what_departed_is_where_the_documentation_says(domain: str) -> None:
    tables = sources(domain)
    assert departures(domain).keys() <= tables.keys()
    for source, entries in departures(domain).items():
        assert entries.keys() <= SOURCES[source]["columns"].keys(), source
        for column, entry in entries.items():
            names = successors(entry)
            assert names or entry.startswith(LEFT_OUT), f"{source}.{column} goes nowhere: {entry}"
            assert all(exists(name, tables[source]) for name in names), f"{source}.{column}: {entry}"


def unexplained(domain: str, source: str, column: str) -> str | None:
    """What a source column is called now; None if the documentation says why it is something else."""
    entry = departures(domain).get(source, {}).get(column, column)
    return entry if re.fullmatch(r"\w+", entry) else None


def united(system: str, table: str) -> set[str]:
    """The tables that a source table became; a person that a tenant's row refers to is one of its members."""
    known = {
        name for tables in CATALOGUE.values() for name, entry in tables.items() if f"{system}.{table}" in entry["from"]
    }
    return known | {"tenant_users"} if "users" in known else known


@pytest.mark.parametrize("domain", CATALOGUE)
def test_every_reference_of_the_sources_is_a_foreign_key(domain: str) -> None:
    for source, tables in sources(domain).items():
        for reference in SOURCES[source].get("references", []):
            found = re.fullmatch(r"\((?:\w+,)*(\w+)\) -> ([\w.]+)", reference)
            assert found is not None, reference
            column, targets = unexplained(domain, source, found[1]), united(source.partition(".")[0], found[2])
            if column is not None and column not in EVERYWHERE and targets:
                assert any(targets & targets_of(table, column) for table in tables), f"{source}: {reference}"


def targets_of(table: Table, column: str) -> set[str]:
    return {key.referred_table.name for key in table.foreign_key_constraints if column in key.column_keys}


@pytest.mark.parametrize("domain", CATALOGUE)
def test_every_allowed_value_of_the_sources_is_allowed(domain: str) -> None:
    for source, tables in sources(domain).items():
        for name, words in SOURCES[source].get("allowed_values", {}).items():
            column = unexplained(domain, source, name)
            kinds = [table.columns[column].type for table in tables if column is not None and column in table.columns]
            allowed = {word.lower() for kind in kinds if isinstance(kind, Enum) for word in kind.enums}
            assert column is None or {str(word).lower() for word in words} <= allowed, f"{source}.{name}"
