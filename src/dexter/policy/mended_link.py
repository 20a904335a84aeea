"""A faulty `Link` header set right where its meaning is certain: pure.

The address in it is the least of it: Sentry's is always the request's own with another cursor. So a header whose
relations, results and cursors can be read is certain, whatever became of its addresses or its quotes; one that lacks
any of these is not, and nobody knows whether the list goes on.
"""

from __future__ import annotations

import re
from itertools import pairwise
from urllib.parse import parse_qsl, quote, urlencode

from dexter.policy.link_header import Link, cursor_of, format_links, parse

_RELATION = re.compile(r"\brel\s*=\s*[\"']?\s*(previous|prev|next)\b", re.IGNORECASE)
_RESULTS = re.compile(r"\bresults\s*=\s*[\"']?\s*(true|false)\b", re.IGNORECASE)
_CURSOR = re.compile(r"\bcursor\s*=\s*[\"']?([A-Za-z0-9_.:+\-%]+:[0-9]+:[01])[\"']?\s*(?:[;,<]|$)")
_WHOLE = {"previous", "next"}


def mended(header: str, path: str, query: str) -> str | None:
    """Give a malformed header in Sentry's grammar for the page at `path` and `query`, or None when it is uncertain.

    A well-formed header is None too: there is nothing to mend.
    """
    if any(link.get("rel") in _WHOLE for link in parse(header)):
        return None
    parts = _parts(header)
    links = [_link(part, path, query) for part in parts]
    read = [link for link in links if link is not None]
    if len(read) != len(parts) or {link.get("rel") for link in read} != _WHOLE or len(read) != len(_WHOLE):
        return None
    return format_links(tuple(sorted(read, key=lambda link: link.get("rel") != "previous")))


def is_uncertain(header: str) -> bool:
    """Whether a header, as it came or mended, leaves open whether there is another page."""
    links = parse(header)
    if not links:
        return bool(header.strip())
    return not all(_says_what_follows(link) for link in links if link.get("rel") in _WHOLE)


def _says_what_follows(link: Link) -> bool:
    # Without `results` it is a link as other servers give it, for whoever understands it.
    return link.get("results") != "true" or cursor_of(link) is not None


def _parts(header: str) -> list[str]:
    """Cut the header where a relation's parameters begin anew, since its commas and brackets cannot be trusted."""
    starts = [found.start() for found in _RELATION.finditer(header)]
    return [header[start:end] for start, end in pairwise([*starts, len(header)])]


def _link(part: str, path: str, query: str) -> Link | None:
    relation, results, cursors = _RELATION.search(part), _RESULTS.findall(part), _CURSOR.findall(part)
    if relation is None or len(results) != 1 or not cursors:
        return None
    # The address that follows, of the other link, may hold a cursor too; this link's own comes first.
    cursor = cursors[0]
    kept = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "cursor"]
    url = f"{path}?{urlencode([*kept, ('cursor', cursor)], quote_via=quote)}"
    name = "previous" if relation[1].lower().startswith("prev") else "next"
    return Link(url, (("rel", name), ("results", results[0].lower()), ("cursor", cursor)))
