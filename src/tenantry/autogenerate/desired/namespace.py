"""How a declaration's names become a definition's."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Namespace:
    """How a declaration's names become a definition's: the default schema is not written.

    :param default_schema: the schema that unqualified names mean.
    """

    default_schema: str

    def schema(self, name: str | None) -> str | None:
        """A schema as definitions write it."""
        return None if name == self.default_schema else name
