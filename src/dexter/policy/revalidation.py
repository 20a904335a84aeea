"""When a caller's own token must be shown to Sentry again before stored data is given to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dexter.wire import Identity

CONFIRMED_FOR_S = 60.0
"""How long Sentry's acceptance of a token counts."""


def may_have_stored(identity: Identity, confirmed_at: float | None, now: float) -> bool:
    """Whether stored data may be given to an identity at the monotonic second `now`.

    Dexter vouches for its own credential. A caller's token counts for `CONFIRMED_FOR_S` from the
    moment it was sent to Sentry and accepted; without any credential nothing stored is given.
    """
    match identity.kind:
        case "service":
            return True
        case "token":
            return confirmed_at is not None and 0 <= now - confirmed_at < CONFIRMED_FOR_S
        case _:
            return False


def may_fall_back(identity: Identity) -> bool:
    """Whether a stored answer may stand in for an identity while Sentry cannot answer.

    Only for Dexter's own credential: whether a caller's token still counts cannot be known just then.
    """
    return identity.kind == "service"
