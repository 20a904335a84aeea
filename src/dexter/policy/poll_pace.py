"""How often Sentry is asked what has changed: faster when something did, slower when nothing does."""

from __future__ import annotations

FASTEST_S = 2.0
"""Sentry allows some 40 calls a second to everybody together; one in two seconds is a poller that nobody notices."""
SLOWEST_S = 30.0
FIRST_S = 5.0
_FASTER, _SLOWER = 0.5, 1.4
TOLD_FASTEST_S, TOLD_SLOWEST_S = 10.0, 60.0
"""The fastest and the slowest pace while webhooks tell what happens: then it only looks for what they miss."""


def next_pause_s(pause_s: float, *, changes: int, webhooks_tell: bool) -> float:
    """Give the next pause after one that found so many changes which nobody had told of."""
    fastest, slowest = (TOLD_FASTEST_S, TOLD_SLOWEST_S) if webhooks_tell else (FASTEST_S, SLOWEST_S)
    return min(slowest, max(fastest, pause_s * (_FASTER if changes else _SLOWER)))
