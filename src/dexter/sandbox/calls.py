"""What the sandbox was asked: counts by operation and the last calls, for tests that prove how often it was."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict, dataclass
from typing import Any

RECENT = 200


@dataclass(frozen=True, slots=True)
class Handled:
    """One call that came to its end; `status` is 0 where the client got no answer."""

    operation: str
    method: str
    path: str
    query: str
    status: int
    duration_ms: float
    at: float
    """Epoch second at which it came in."""


class CallLog:
    """Counts every call since the last reset and keeps the latest."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._recent: deque[Handled] = deque(maxlen=RECENT)

    def add(self, call: Handled) -> None:
        """Remember a call that ended."""
        self._counts[call.operation] += 1
        self._recent.append(call)

    def reset(self) -> None:
        """Forget everything."""
        self._counts.clear()
        self._recent.clear()

    def shown(self) -> dict[str, Any]:
        """Give `{total, operations: {key: count}, recent: [...]}`, the latest call last."""
        return {
            "total": self._counts.total(),
            "operations": dict(sorted(self._counts.items())),
            "recent": [asdict(call) for call in self._recent],
        }
