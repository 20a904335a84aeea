"""Which answers the next event may outdate: they are kept for seconds, not for minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dexter.policy.encoding import is_packed
from dexter.policy.sharing import is_issue_detail
from dexter.upstream.bodies import gunzip
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.wire import Endpoint, Headers

LONGEST_EMPTY_LIST_BYTES = 64
"""Two brackets, and what gzip makes of them."""
LONGEST_ISSUE_BYTES = 4_000_000
"""What an issue's detail unpacks to, at most."""


class _Issue(msgspec.Struct):
    status: str = ""


_ISSUE = msgspec.json.Decoder(_Issue)


def soon_outdated(endpoint: Endpoint, headers: Headers, body: bytes) -> bool:
    """Whether the next event may change an answer's meaning: nothing was found, or the issue is put aside.

    Who finds nothing often waits for the first; a resolved issue regresses and an archived one escalates with an
    event, which Dexter is not told of.
    """
    packed = is_packed(header(headers, "content-encoding"))
    if len(body) <= LONGEST_EMPTY_LIST_BYTES:
        return (gunzip(body, LONGEST_EMPTY_LIST_BYTES) if packed else body).strip() == b"[]"
    if not is_issue_detail(endpoint):
        return False
    return _is_put_aside(gunzip(body, LONGEST_ISSUE_BYTES) if packed else body)


def _is_put_aside(body: bytes) -> bool:
    try:
        return _ISSUE.decode(body).status in ("resolved", "ignored")
    except msgspec.MsgspecError:
        return False
