"""Whether a webhook is Sentry's and recent: its signature over the raw body, and its age."""

from __future__ import annotations

import hashlib
import hmac
import re
from enum import StrEnum

MAX_AGE_S = 300.0
"""How old a delivery may be. Its time is not signed, so that this bounds replays only together with its id."""
MAX_SKEW_S = 60.0
"""How far Sentry's clock may be ahead of this one."""

_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")


class Verdict(StrEnum):
    """What is found of a delivery."""

    GENUINE = "genuine"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    UNDATED = "undated"
    EXPIRED = "expired"


def judge(body: bytes, signature: str | None, timestamp: str | None, secret: str, now: float) -> Verdict:
    """Give whether a delivery is genuine at the epoch second `now`; compares in constant time."""
    if signature is None:
        return Verdict.UNSIGNED
    if not is_signed(body, signature, secret):
        return Verdict.FORGED
    sent_at = epoch(timestamp)
    if sent_at is None:
        return Verdict.UNDATED
    return Verdict.GENUINE if -MAX_SKEW_S <= now - sent_at <= MAX_AGE_S else Verdict.EXPIRED


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether a signature is the secret's over the body as it came."""
    stated = signature.strip().lower()
    expected = sign(body, secret)
    well_formed = _HEX_DIGEST.fullmatch(stated) is not None
    return hmac.compare_digest(expected, stated if well_formed else "0" * 64) and well_formed


def sign(body: bytes, secret: str) -> str:
    """Give the signature of a body, as Sentry writes it."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def epoch(text: str | None) -> float | None:
    """Give a time in epoch seconds, or None for what is none."""
    if text is None or not re.fullmatch(r"\d{9,12}(\.\d{1,6})?", text.strip()):
        return None
    return float(text)
