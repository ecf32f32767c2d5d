"""Development data: a few tenants, or a thousand, with believable rows in every domain, the same each time."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, product
from random import Random
from typing import Final

import psycopg
from sqlalchemy import Connection, func, inspect, select

from tenantry.errors import TenantryError
from tenantry.models import Tenant
from tenantry.models.reference_rows import DEFAULT_TENANT_ID
from tenantry.runtime.migrations import owner_connection
from tenantry.seed import assistants, conversations, money, offers, people, shop, words, work
from tenantry.seed.blueprint import blueprints, tables
from tenantry.seed.company import Company
from tenantry.seed.copy_text import Written, write
from tenantry.seed.load import Loader
from tenantry.seed.plan import AFTERTHOUGHTS, recipe_of
from tenantry.seed.progress import Progress
from tenantry.settings import Settings

# the modules of recipes are there to register them
__all__ = ["Seeded", "Size", "assistants", "companies", "conversations", "money", "offers", "seed", "shop", "work"]


class Size(StrEnum):
    """How much there is of it."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


TENANTS: Final = {Size.SMALL: 5, Size.MEDIUM: 50, Size.LARGE: 1_000}

_BATCH: Final = 100


@dataclass(frozen=True)
class Seeded:
    """What has been loaded, and in how many seconds."""

    tenants: int
    rows: int
    seconds: float


def seed(settings: Settings, size: Size, *, force: bool = False) -> Seeded:
    """Load development data, all or nothing.

    :param force: also into a database that other tenants work in already.
    """
    began = time.perf_counter()
    number = TENANTS[size]
    progress = Progress(-(-number // _BATCH) * len(blueprints()))
    try:
        with owner_connection(settings) as connection:
            _refuse_unfit_database(connection, force)
            loader = Loader(connection)
            for batch in _ahead(_batches(number)):
                loader.load(batch, progress.step)
            loader.finish()
    except psycopg.Error as error:
        raise TenantryError(f"{error.diag.message_primary or error} (the transaction was rolled back)") from error
    finally:
        progress.end()
    return Seeded(number, progress.rows, time.perf_counter() - began)


def companies(number: int) -> Iterator[Company]:
    """The first of the tenants, each with all its rows."""
    for position, name in enumerate(_names(number)):
        company = Company(position, name)
        for table in tables():
            company.fill(table.name, recipe_of(table.name))
            afterthought = AFTERTHOUGHTS.get(table.name)
            if afterthought is not None:
                afterthought(company)
        yield company


def _batches(number: int) -> Iterator[list[Written]]:
    waiting = companies(number)
    while batch := list(islice(waiting, _BATCH)):
        yield write(batch)


def _ahead(batches: Iterator[list[Written]]) -> Iterator[list[Written]]:
    """The same, each made while PostgreSQL is busy with the one before."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, batches, None)
        while batch := coming.result():
            coming = maker.submit(next, batches, None)
            yield batch


def _names(number: int) -> list[str]:
    made = [" ".join(pair) for pair in product(words.COMPANY_BEGINNINGS, words.COMPANY_ENDINGS)]
    Random("names").shuffle(made)  # noqa: S311
    return [*people.STARTERS, *made][:number]


def _refuse_unfit_database(connection: Connection, force: bool) -> None:
    if not inspect(connection).has_table(Tenant.__tablename__):
        raise TenantryError("the database has no tables yet: run `tenantry upgrade` first")
    starters = select(func.count()).where(Tenant.slug.in_([_slug(name) for name in people.STARTERS]))
    others = select(func.count()).where(Tenant.id != DEFAULT_TENANT_ID)
    if connection.execute(starters).scalar_one():
        raise TenantryError("the development data are there already; nothing was changed")
    found = connection.execute(others).scalar_one()
    if found and not force:
        raise TenantryError(
            f"the database has {found} tenant{'s' * (found > 1)} already, so that it may not be for development;"
            " nothing was changed; --force adds the development data all the same"
        )


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")
