"""Where an answer came from, in the header fields that say so (RFC 9211, RFC 9111)."""

from __future__ import annotations

from typing import assert_never

from dexter.wire import Answer, Outcome

CACHE_NAME = "Dexter"


def cache_status(answer: Answer, now: float) -> str:
    """Give the value of `Cache-Status`; `now` is in epoch seconds."""
    match answer.outcome:
        case Outcome.HIT:
            return f"{CACHE_NAME}; hit; ttl={_ttl_s(answer, now)}"
        case Outcome.STALE | Outcome.FALLBACK:
            return f"{CACHE_NAME}; hit; ttl={_ttl_s(answer, now)}; detail={answer.outcome.value}"
        case Outcome.MISS:
            return f"{CACHE_NAME}; fwd=miss{_because(answer)}"
        case Outcome.COLLAPSED:
            return f"{CACHE_NAME}; fwd=miss; collapsed{_because(answer)}"
        case Outcome.BYPASS:
            return f"{CACHE_NAME}; fwd=bypass"
        case other:
            assert_never(other)


def age_s(answer: Answer, now: float) -> int | None:
    """Give the value of `Age` for a stored answer, or None for one straight from Sentry."""
    return None if answer.stored_at is None else max(0, int(now - answer.stored_at))


def _because(answer: Answer) -> str:
    return "" if answer.reason is None else f"; detail={answer.reason.value}"


def _ttl_s(answer: Answer, now: float) -> int:
    return int((answer.fresh_s or 0.0) - (now - (answer.stored_at or now)))
