"""How alike two issues are: by the words of their errors and by the frames of their traces. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SHINGLE = 5
"""How many characters make a piece of text that is compared."""
ALIKE = 0.1
"""Below this nobody would call two issues alike."""


@dataclass(frozen=True, slots=True)
class Features:
    """What of an issue's latest event is compared."""

    exception: frozenset[str] = frozenset()
    message: frozenset[str] = frozenset()
    frames: frozenset[tuple[str, str]] = frozenset()


def features(event: Mapping[str, Any]) -> Features:
    """Give what is compared of a normalized event: its last exception, else its message."""
    values = (event.get("exception") or {}).get("values") or ()
    if not values:
        message = event.get("message") or event.get("logentry") or {}
        text = message.get("formatted") or message.get("message") if isinstance(message, dict) else message
        return Features(message=_shingles(str(text or event.get("title") or "")))
    last = values[-1]
    frames = (last.get("stacktrace") or {}).get("frames") or ()
    chosen = [frame for frame in frames if frame.get("in_app")] or list(frames)
    places = [f"{frame.get('module') or frame.get('filename')}:{frame.get('function')}" for frame in chosen]
    pairs = zip(["", *places], places, strict=False)
    return Features(_shingles(f"{last.get('type')} {last.get('value')}"), frozenset(), frozenset(pairs))


def likeness(one: Features, other: Features) -> dict[str, float]:
    """Give Sentry's scores, between 0 and 1, of what the two have in common; empty where nothing is alike."""
    scores = {
        "exception:message:character-shingles": _jaccard(one.exception, other.exception),
        "exception:stacktrace:pairs": _jaccard(one.frames, other.frames),
        "message:message:character-shingles": _jaccard(one.message, other.message),
    }
    found = {name: round(score, 4) for name, score in scores.items() if score is not None}
    return found if any(score >= ALIKE for score in found.values()) else {}


def _shingles(text: str) -> frozenset[str]:
    text = " ".join(text.split()).lower()
    return frozenset(text[at : at + SHINGLE] for at in range(max(1, len(text) - SHINGLE + 1))) if text else frozenset()


def _jaccard(one: frozenset[Any], other: frozenset[Any]) -> float | None:
    return len(one & other) / len(one | other) if one and other else None
