"""Comments on what SQLAlchemy has no ``comment=`` for."""

from sqlalchemy import Enum, MetaData, Sequence
from sqlalchemy.dialects.postgresql import DOMAIN

from tenantry.ddl.attachment import DatabaseItem, DeclarationError

CommentTarget = Enum | DOMAIN | Sequence


class Comment(DatabaseItem):
    """A comment on an enumeration, a domain or a sequence; every other kind takes ``comment=`` itself.

    :param on: what it is about.
    :param metadata: what declares it, where ``on`` does not say.
    :raises DeclarationError: when nothing says which metadata declares it, or ``on`` takes ``comment=``.
    """

    kind = "comment"

    def __init__(self, text: str, *, on: CommentTarget, metadata: MetaData | None = None) -> None:
        self.text = text
        self.on = on
        metadata = metadata or getattr(on, "metadata", None)
        if hasattr(on, "comment"):
            msg = f"{self!r}: say comment= where {on!r} is declared"
            raise DeclarationError(msg)
        if metadata is None:
            msg = f"{self!r} on {on!r} needs metadata="
            raise DeclarationError(msg)
        self.attach_to(metadata)

    def __repr__(self) -> str:
        return f"Comment({self.text!r})"
