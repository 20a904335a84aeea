"""Answers that a client has already: the tag of a body, and whether it is among those that a request names."""

from __future__ import annotations

import re
from hashlib import blake2b

from dexter.wire import Headers, header

_TAG = re.compile(r'(?:W/)?("[^"]*")')


def with_tag(headers: Headers, body: bytes) -> Headers:
    """Give the header fields with an `ETag`: Sentry's own, or one made of the body."""
    if header(headers, "etag") is not None:
        return headers
    return (*headers, ("ETag", f'"{blake2b(body, digest_size=12).hexdigest()}"'))


def has_already(if_none_match: str | None, tag: str | None) -> bool:
    """Whether `If-None-Match` names a tag, compared weakly as it is meant to be (RFC 9110, 13.1.2).

    >>> has_already('W/"a", "b"', '"a"'), has_already("*", '"a"'), has_already('"c"', '"a"'), has_already(None, '"a"')
    (True, True, False, False)
    """
    if if_none_match is None or tag is None:
        return False
    return if_none_match.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(if_none_match)


def without_content(headers: Headers) -> Headers:
    """Give the header fields that go with a 304: those that describe a body stay out."""
    return tuple((name, value) for name, value in headers if not name.lower().startswith("content-"))
