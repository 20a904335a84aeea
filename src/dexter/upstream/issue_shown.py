"""What an answer shows of the one issue that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dexter.errors import DexterError
from dexter.policy.encoding import is_packed
from dexter.upstream.bodies import gunzip
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.wire import Headers

LONGEST_ISSUE_BYTES = 4_000_000
"""What an issue's detail unpacks to, at most."""


class ShownIssue(msgspec.Struct, rename={"short_id": "shortId"}):
    """The issue's own number, which is another than the address names when it was merged, its status and short id."""

    id: str
    status: str = ""
    short_id: str | None = None


_ISSUE = msgspec.json.Decoder(ShownIssue)


def issue_shown(headers: Headers, body: bytes) -> ShownIssue | None:
    """Give what is read of an issue's body, or None when it does not read as one."""
    packed = is_packed(header(headers, "content-encoding"))
    try:
        return _ISSUE.decode(gunzip(body, LONGEST_ISSUE_BYTES) if packed else body)
    except (ValueError, RecursionError, DexterError):
        return None
