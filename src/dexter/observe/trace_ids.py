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
    return secrets.token_hex(8)


def continued(traceparent: str | None) -> TraceIds:
    """Give the ids of a new span: in the caller's trace where it has one, else in one of its own."""
    caller = parsed(traceparent)
    if caller is None:
        return TraceIds(secrets.token_hex(16), new_span_id())
    return TraceIds(caller.trace_id, new_span_id(), caller.sampled)
