"""Answers that a client has already: the tag of a body, and whether it is among those that a request names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dexter.policy.encoding import Coding

if TYPE_CHECKING:
    from dexter.wire import Headers

_TAG = re.compile(r'(?:W/)?"[^"]*"')
_OF_A_CODING = re.compile(rf'-(?:{"|".join(Coding)})"$')


def tag_in(tag: str, coding: Coding) -> str:
    """Give a body's tag for the body in an encoding: other bytes, so another tag, unless it is a weak one.

    >>> tag_in('"a"', Coding.BROTLI), tag_in('"a-gzip"', Coding.IDENTITY), tag_in('W/"a"', Coding.GZIP)
    ('"a-br"', '"a-identity"', 'W/"a"')
    """
    if coding is Coding.IDENTITY and _bare(tag) == tag:
        return tag
    return tag if tag.startswith("W/") else f'{_bare(tag)[:-1]}-{coding}"'


def named(if_none_match: str | None, tag: str) -> str | None:
    """Give which of the tags that `If-None-Match` names stands for a body, in whatever encoding, or None.

    Compared weakly, as it is meant to be (RFC 9110, 13.1.2). Who has the body in another encoding has it all the same.

    >>> named('W/"a", "b"', '"a"'), named("*", '"a"'), named('"a-br"', '"a-gzip"'), named('"c"', '"a"')
    ('W/"a"', '"a"', '"a-br"', None)
    """
    if if_none_match is None:
        return None
    if if_none_match.strip() == "*":
        return tag
    found: list[str] = _TAG.findall(if_none_match)
    return tag if tag in found else next((each for each in found if _bare(each) == _bare(tag)), None)


def _bare(tag: str) -> str:
    return _OF_A_CODING.sub('"', tag.removeprefix("W/"))


def without_content(headers: Headers) -> Headers:
    """Give the header fields that go with a 304: those that describe a body stay out."""
    return tuple((name, value) for name, value in headers if not name.lower().startswith("content-"))
