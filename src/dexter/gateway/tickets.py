"""Tickets: what a client that can send no header puts into a socket's address, where a token would end up in logs.

A ticket holds, encrypted, what its client showed when asking for it, and is worth that for half a minute and once:
the feed's log, which all processes share, remembers that it was used.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

import msgspec

from dexter.errors import Unauthenticated
from dexter.gateway.identity import SESSION_COOKIE, TOKEN_HEADER, session_cookie
from dexter.stores.feed_log import Settled
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dexter.stores.feed_log import FeedLog
    from dexter.wire import Headers

LIVES_S = 30.0
_NONCE_BYTES = 12
_ABOUT = b"dexter events ticket"


class _Ticket(msgspec.Struct, frozen=True):
    """What is encrypted: until when it is worth something, and the header that its client showed."""

    until: float
    name: str
    value: str


_tickets = msgspec.json.Decoder(_Ticket)


class Tickets:
    """Gives and takes tickets."""

    def __init__(self, key: bytes, now: Callable[[], float]) -> None:
        """Have the tickets of an installation, whose secret key it is."""
        self._key = hmac.digest(key, _ABOUT, hashlib.sha256)
        self._now = now

    def give(self, headers: Headers) -> str:
        """Give a ticket for whoever sends these headers. Raises Unauthenticated when they prove nothing."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        name, value = _proof(headers)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        body = msgspec.json.encode(_Ticket(self._now() + LIVES_S, name, value))
        return base64.urlsafe_b64encode(nonce + AESGCM(self._key).encrypt(nonce, body, _ABOUT)).decode().rstrip("=")

    async def take(self, ticket: str, log: FeedLog, organization: str) -> Headers:
        """Give the header that a ticket stands for. Raises Unauthenticated unless it still counts."""
        found = self._read(ticket)
        if found is None or self._now() >= found.until:
            raise _worthless()
        digest = hashlib.sha256(ticket.encode()).hexdigest()[:32]
        use = _Use(f"ticket:{digest}")
        await log.settle(organization, (use.subject,), use)
        if not use.is_first:
            raise _worthless()
        return ((found.name, found.value),)

    def _read(self, ticket: str) -> _Ticket | None:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        try:
            raw = base64.b64decode(ticket + "=" * (-len(ticket) % 4), altchars=b"-_", validate=True)
            # One ticket must be one text: what differs in bits that mean nothing would count a second time.
            if base64.urlsafe_b64encode(raw).decode().rstrip("=") != ticket:
                return None
            return _tickets.decode(AESGCM(self._key).decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _ABOUT))
        except (ValueError, InvalidTag, msgspec.MsgspecError):
            return None


class _Use:
    """Decides whether a ticket is used for the first time."""

    def __init__(self, subject: str) -> None:
        self.subject = subject
        self.is_first = False

    def __call__(self, known: Mapping[str, bytes]) -> Settled:
        self.is_first = self.subject not in known
        return Settled({self.subject: b"used"}) if self.is_first else Settled()


def _proof(headers: Headers) -> tuple[str, str]:
    for name in (TOKEN_HEADER, "authorization"):
        value = header(headers, name)
        if value is not None:
            return name, value
    session_id = session_cookie(headers)
    if session_id is None:
        raise Unauthenticated("The request carries no credential that Dexter knows.", remedy="Sign in.")
    return "cookie", f"{SESSION_COOKIE}={session_id}"


def _worthless() -> Unauthenticated:
    return Unauthenticated(
        "The ticket was used already, is older than half a minute, or never was one.",
        remedy="Ask for a new one by POST /api/v1/events/ticket for each connection.",
    )
