"""Which answers the next event may outdate: they are kept for seconds, not for minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.policy.encoding import is_packed
from dexter.upstream.bodies import gunzip
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.upstream.issue_shown import ShownIssue
    from dexter.wire import Headers

LONGEST_EMPTY_LIST_BYTES = 64
"""Two brackets, and what gzip makes of them."""


def soon_outdated(headers: Headers, body: bytes, issue: ShownIssue | None) -> bool:
    """Whether the next event may change an answer's meaning: nothing was found, or the issue is put aside.

    Who finds nothing often waits for the first; a resolved issue regresses and an archived one escalates with an
    event, which Dexter is not told of. `issue` is what an issue's detail shows.
    """
    if len(body) <= LONGEST_EMPTY_LIST_BYTES:
        packed = is_packed(header(headers, "content-encoding"))
        return (gunzip(body, LONGEST_EMPTY_LIST_BYTES) if packed else body).strip() == b"[]"
    return issue is not None and is_put_aside(issue.status)


def is_put_aside(status: object) -> bool:
    """Whether an issue of a status comes back with its next event."""
    return status in ("resolved", "ignored")
