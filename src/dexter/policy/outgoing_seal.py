"""What a receiver checks: the signature of a delivery over its time and its body, and the headers that carry them."""

from __future__ import annotations

import hashlib
import hmac

SIGNATURE, TIMESTAMP = "X-Dexter-Signature", "X-Dexter-Timestamp"
DELIVERY, EVENT = "X-Dexter-Delivery", "X-Dexter-Event"
VERSION = "v1"
SECRET_PREFIX = "dxs_"  # noqa: S105 (how a secret begins, so that scanners of repositories know one)


def signature(body: bytes, timestamp: int, secret: str) -> str:
    """Give the signature of a body that is sent at an epoch second.

    >>> signature(b"{}", 1_800_000_000, "secret")[:10]
    'v1=bb70791'
    """
    signed = hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256)
    return f"{VERSION}={signed.hexdigest()}"


def sealed(body: bytes, *, delivery: str, event: str, now: float, secret: str) -> tuple[tuple[str, str], ...]:
    """Give the headers that a delivery goes with."""
    timestamp = int(now)
    return (
        (SIGNATURE, signature(body, timestamp, secret)),
        (TIMESTAMP, str(timestamp)),
        (DELIVERY, delivery),
        (EVENT, event),
    )


def delivery_id(subscription: str, epoch: str, offset: int, kind: str) -> str:
    """Give the id of what happened at a place of the log, to one subscription: the same however often it is sent."""
    named = f"{subscription} {kind} {epoch}:{offset}"
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()
