"""What is declared, by the name under which Python finds it: imported only by the commands that compare."""

import importlib
from collections.abc import Sequence

from sqlalchemy import MetaData

from tenantry.errors import TenantryError
from tenantry.runtime.context_mode import declare
from tenantry.settings import Settings

Declaration = MetaData | str | Sequence[MetaData | str]


def metadatas(declaration: Declaration, settings: Settings) -> list[MetaData]:
    """The metadata that ``module:name`` stands for, or those of several; one that is given as itself stays.

    :param settings: what a deployment chooses is declared as it chose.
    :raises TenantryError: when there is no such module or name, or it is no metadata.
    """
    each = [declaration] if isinstance(declaration, MetaData | str) else declaration
    found = [_metadata(item) for item in each]
    declare(found, settings)
    return found


def _metadata(declaration: MetaData | str) -> MetaData:
    if isinstance(declaration, MetaData):
        return declaration
    module, _, path = declaration.partition(":")
    try:
        found: object = importlib.import_module(module)
        for attribute in path.split("."):
            found = getattr(found, attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise TenantryError(f"{declaration}: {error}") from error
    if not isinstance(found, MetaData):
        raise TenantryError(f"{declaration}: this is no sqlalchemy.MetaData")
    return found
