"""What :func:`tenantry.tokens.post` is given: changes to be posted together."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from tenantry.models.tokens import TokenDirection


@dataclass(frozen=True)
class Posting:
    """A change of a user's wallet; the fields are the arguments of :func:`tenantry.tokens.adjust`."""

    user_id: UUID
    amount: int
    direction: TokenDirection
    reason: str
    source: str = "system"
    reference_type: str | None = None
    reference_id: UUID | None = None
    execution_id: UUID | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    idempotency_key: str | None = None
    expected_level_id: UUID | None = None
    expires_at: datetime | None = None


def as_json(postings: Iterable[Posting]) -> str:
    """The array that `post_token_entries` takes."""
    return json.dumps([asdict(posting) for posting in postings], default=str)
