"""Who somebody is, signed: what a sign-in page gives out, and a request brings along."""

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from starlette.requests import HTTPConnection

LIFETIME = timedelta(hours=1)


@dataclass(frozen=True)
class Person:
    """A user in one of his tenants; in the back office in none."""

    user: UUID
    tenant: UUID | None = None


class Passes:
    """Passes of one secret.

    :param secret: of the application's own; the database does not know it.
    """

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()

    def issue(self, person: Person, lifetime: timedelta = LIFETIME) -> str:
        """A pass for somebody whose password, or whatever he proves himself by, is right."""
        until = int(time.time() + lifetime.total_seconds())
        claims = {"user": str(person.user), "tenant": person.tenant and str(person.tenant), "until": until}
        written = urlsafe_b64encode(json.dumps(claims).encode()).decode()
        return f"{written}.{self._signature(written)}"

    def of(self, request: HTTPConnection) -> Person | None:
        """Who sends this request; None without a pass that is good."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        written, _, signature = given.partition(".")
        expected = self._signature(written)
        if scheme.lower() != "bearer" or not hmac.compare_digest(signature.encode(), expected.encode()):
            return None
        # signed by us, so everything in it is well-formed
        claims = json.loads(urlsafe_b64decode(written))
        if claims["until"] <= time.time():
            return None
        return Person(UUID(claims["user"]), claims["tenant"] and UUID(claims["tenant"]))

    def _signature(self, written: str) -> str:
        return hmac.new(self._secret, written.encode(), hashlib.sha256).hexdigest()
