"""Comments that are declared apart from what they are about."""

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Enum, MetaData, Sequence

from tenantry import ddl
from tenantry.autogenerate import definitions
from tenantry.autogenerate.catalogue import Catalogue, Key
from tenantry.autogenerate.definitions.row_security import dotted
from tenantry.autogenerate.desired.namespace import Namespace


def enter_comments(catalogue: Catalogue, metadatas: Iterable[MetaData], namespace: Namespace) -> None:
    """Write each comment on what it is about.

    :raises DeclarationError: when no metadata declares that.
    """
    for metadata in metadatas:
        for comment in ddl.declared(metadata, ddl.Comment):
            key = _key(comment, namespace)
            item = catalogue.definitions.get(key)
            if not isinstance(item, definitions.NamedType | definitions.Sequence):
                msg = (
                    f"{comment!r}: {key[0]} {key[1]} is not declared; give a column the type, or the sequence metadata="
                )
                raise ddl.DeclarationError(msg)
            catalogue.definitions[key] = replace(item, comment=comment.text)


def _key(comment: ddl.Comment, namespace: Namespace) -> Key:
    on = comment.on
    kind: type[definitions.Definition] = definitions.Domain
    if isinstance(on, Enum | Sequence):
        kind = definitions.Enum if isinstance(on, Enum) else definitions.Sequence
    return kind.kind, dotted(namespace.schema(on.schema), str(on.name))
