"""The `Link` header of a page: read, written, turned to another base address.

Sentry's grammar, always both links, in this order:

    <URL>; rel="previous"; results="false"; cursor="0:0:1", <URL>; rel="next"; results="true"; cursor="0:100:0"

Anything malformed reads as no links at all: a page without a next page ends, a guessed one could loop.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

_LINK = re.compile(r'\s*<([^<>\s"]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*=\s*(?:"[^"\\]*"|[^\s";,]+))*)\s*')
_PARAM = re.compile(r';\s*([\w!#$&+.^`|~*-]+)\s*=\s*(?:"([^"\\]*)"|([^\s";,]+))')


@dataclass(frozen=True, slots=True)
class Link:
    """One link: its address and its parameters in order."""

    url: str
    params: tuple[tuple[str, str], ...] = ()

    def get(self, name: str) -> str | None:
        """Give a parameter's value, or None."""
        return next((value for key, value in self.params if key == name), None)


@lru_cache(maxsize=64)  # a page's header is looked at by several who do not know of each other
def parse(header: str | None) -> tuple[Link, ...]:
    """Give the links of a header; none for a missing or malformed one."""
    links: list[Link] = []
    at = 0
    while header and at < len(header):
        match = _LINK.match(header, at)
        if match is None or header[match.end() : match.end() + 1] not in ("", ","):
            return ()
        links.append(Link(match[1], _params(match[2])))
        at = match.end() + 1
        if at == len(header) and header.endswith(","):
            return ()
    return tuple(links)


def _params(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((name.lower(), quoted or bare) for name, quoted, bare in _PARAM.findall(text))


def format_links(links: tuple[Link, ...]) -> str:
    """Give the header of some links, in Sentry's grammar."""
    return ", ".join(
        "".join((f"<{link.url}>", *(f'; {key}="{value}"' for key, value in link.params))) for link in links
    )


def next_cursor(header: str | None) -> str | None:
    """Give the cursor of the next page, or None on the last one.

    Sentry sends rel="next" on the last page too, with results="false".
    Source: https://docs.sentry.io/api/pagination/
    """
    return _cursor(header, "next")


def previous_cursor(header: str | None) -> str | None:
    """Give the cursor of the page before, or None on the first one."""
    return _cursor(header, "previous")


def _cursor(header: str | None, relation: str) -> str | None:
    for link in parse(header):
        if link.get("rel") == relation and link.get("results") == "true":
            return cursor_of(link)
    return None


def cursor_of(link: Link) -> str | None:
    """Give a link's cursor: what it says, or what its address does."""
    # Not by parsing the whole address, which may be none.
    return link.get("cursor") or dict(parse_qsl(link.url.partition("?")[2])).get("cursor") or None


def rewrite(header: str, old_base: str, new_base: str) -> str | None:
    """Give the header with every address below `old_base` turned to `new_base`, or None for a malformed one."""
    links = parse(header)
    if not links:
        return None
    return format_links(tuple(Link(rebased(link.url, old_base, new_base), link.params) for link in links))


def rebased(url: str, old_base: str, new_base: str) -> str:
    """Give an address with its base replaced, or unchanged when it is not below `old_base`.

    >>> rebased("https://sentry.io/api/0/", "https://sentry.io", "http://localhost:8000")
    'http://localhost:8000/api/0/'
    >>> rebased("https://sentry.io.evil.example/", "https://sentry.io", "http://localhost:8000")
    'https://sentry.io.evil.example/'
    """
    if url[: len(old_base)].lower() != old_base.lower():
        return url
    rest = url[len(old_base) :]
    return new_base + rest if rest[:1] in ("", "/", "?", "#") else url
