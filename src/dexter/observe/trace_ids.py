"""Traces by their ids, with or without a collector: what log lines and errors are joined by.

The form is W3C Trace Context's `traceparent`: https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

_TRACEPARENT = re.compile(
    r"(?!ff)[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(-.*)?"
)
_SAMPLED = 0x01

DRAWN_AT_ONCE = 128
_drawn: list[str] = []


@dataclass(frozen=True, slots=True)
class TraceIds:
    """A span's place: its trace, itself, and whether its caller wants it recorded."""

    trace_id: str
    span_id: str
    sampled: bool = True

    def traceparent(self) -> str:
        """Give the header's value."""
        return f"00-{self.trace_id}-{self.span_id}-{'01' if self.sampled else '00'}"


def parsed(traceparent: str | None) -> TraceIds | None:
    """Give the ids of a `traceparent`, or None where it is absent or not of the standard's form."""
    found = _TRACEPARENT.fullmatch(traceparent.strip()) if traceparent else None
    if found is None or not int(found["trace"], 16) or not int(found["span"], 16):
        return None
    return TraceIds(found["trace"], found["span"], bool(int(found["flags"], 16) & _SAMPLED))


def new_span_id() -> str:
    """Give an id that no other span has."""
    return new_id()[:16]


def new_id() -> str:
    """Give 32 random hexadecimal digits that nobody can guess; the system is asked for many at once."""
    if not _drawn:
        digits = secrets.token_hex(16 * DRAWN_AT_ONCE)
        _drawn.extend(digits[at : at + 32] for at in range(0, len(digits), 32))
    return _drawn.pop()


def trace_id_of(traceparent: str | None) -> str:
    """Give the trace of a request that has no span of its own here: its caller's, or one of its own."""
    caller = parsed(traceparent)
    return new_id() if caller is None else caller.trace_id
