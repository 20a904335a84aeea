"""The request under way, as far as whoever works for it adds to what is said of it: its trace, its caller, its times.

It follows the request into the tasks that are started for it. A flight that several requests share works for the one
that began it; the others only waited.
"""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.observe.records import AttemptFinished, CallWaited, Record

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Present:
    """What is known of it so far. Durations are sums over all of its calls, which may run side by side."""

    trace_id: str = ""
    traceparent: str = ""
    """Where its span stands, if there is one."""
    identity_kind: str = ""
    cache_s: float | None = None
    queue_s: float | None = None
    upstream_s: float | None = None

    def server_timing(self, total_s: float, outcome: str | None) -> str:
        """Give the value of `Server-Timing`: what it waited for, where its answer came from, and its span."""
        return ", ".join(self._parts(total_s, outcome))

    def _parts(self, total_s: float, outcome: str | None) -> Iterator[str]:
        if self.cache_s is not None or outcome is not None:
            said = f";desc={outcome}" if outcome else ""
            took = f";dur={self.cache_s * 1000:.1f}" if self.cache_s is not None else ""
            yield f"cache{said}{took}"
        if self.queue_s is not None:
            yield f"queue;dur={self.queue_s * 1000:.1f}"
        if self.upstream_s is not None:
            yield f"upstream;dur={self.upstream_s * 1000:.1f}"
        yield f"total;dur={total_s * 1000:.1f}"
        if self.traceparent:
            yield f'traceparent;desc="{self.traceparent}"'


_present: ContextVar[Present | None] = ContextVar("dexter_present", default=None)


def begin(present: Present) -> None:
    """Say which request the running task works for; tasks it starts work for it too."""
    _present.set(present)


def present() -> Present | None:
    """Give the request that the running task works for."""
    return _present.get()


def current_trace_id() -> str:
    """Give the trace that the running task belongs to, or an empty text."""
    now = _present.get()
    return now.trace_id if now is not None else ""


def identity_kind() -> str:
    """Give whose rights the request is answered with, as far as that is known."""
    now = _present.get()
    return now.identity_kind if now is not None else ""


def identified(kind: str) -> None:
    """Note whose rights the request is answered with: a kind, never a key."""
    now = _present.get()
    if now is not None:
        now.identity_kind = kind


def looked_up(seconds: float) -> None:
    """Note how long the store took."""
    now = _present.get()
    if now is not None:
        now.cache_s = (now.cache_s or 0.0) + seconds


def keep_times(record: Record) -> None:
    """Observe: how long the request waited for quota, and for Sentry."""
    now = _present.get()
    if now is None:
        return
    match record:
        case CallWaited(waited_s=seconds):
            now.queue_s = (now.queue_s or 0.0) + seconds
        case AttemptFinished(duration_s=seconds):
            now.upstream_s = (now.upstream_s or 0.0) + seconds
        case _:
            pass
