"""Turns Sentry's own API addresses into the gateway's, so that its clients do not walk round it.

In headers `Link` and `Location`, and in JSON the fields `regionUrl` and, where uploads and regions are described,
`url`. Only an address that starts with the configured upstream's base is turned. A region with an origin of its own
(`https://us.sentry.io` behind `https://sentry.io`) would need an upstream of its own, and stays as it is; so do
permalinks, which lead to Sentry's web pages.

Bodies are patched, not parsed and written anew: every other byte stays what Sentry sent. That is safe, since a quote
inside a JSON string is escaped, so that `"regionUrl":` can stand nowhere but at a member's name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from dexter.policy.link_header import rebased, rewrite

if TYPE_CHECKING:
    from dexter.wire import Headers

_REGION = ("regionUrl",)
_ORGANIZATION = "/api/0/organizations/{organization_id_or_slug}/"
_PROJECT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/"

ADDRESS_FIELDS: dict[str, tuple[str, ...]] = {
    "/api/0/organizations/": _REGION,
    _ORGANIZATION: _REGION,
    f"{_ORGANIZATION}teams/": _REGION,
    f"{_ORGANIZATION}user-teams/": _REGION,
    f"{_ORGANIZATION}region/": ("url",),
    f"{_ORGANIZATION}chunk-upload/": ("url",),
    "/api/0/projects/": _REGION,
    _PROJECT: _REGION,
    "/api/0/teams/{organization_id_or_slug}/{team_id_or_slug}/": _REGION,
    "/api/0/users/me/regions/": ("url",),
}
"""By path template: the members that hold an API address. Other answers are not looked into."""


def own_headers(headers: Headers, upstream_base: str, own_base: str) -> Headers:
    """Give the headers with `Link` and `Location` turned; a malformed `Link` is left out."""
    turned: list[tuple[str, str]] = []
    for pair in headers:
        match pair[0].lower():
            case "link":
                link = rewrite(pair[1], upstream_base, own_base)
                turned += [(pair[0], link)] if link is not None else []
            case "location":
                turned.append((pair[0], _location(pair[1], upstream_base, own_base)))
            case _:
                turned.append(pair)
    return tuple(turned)


def _location(value: str, upstream_base: str, own_base: str) -> str:
    base_path = urlsplit(upstream_base).path
    if base_path and value.startswith(f"{base_path}/"):
        # Without an origin it is the client's to complete, and the client knows nothing of Sentry's own base path.
        return value[len(base_path) :]
    return rebased(value, upstream_base, own_base)


def fields_of(template: str, path: str) -> tuple[str, ...]:
    """Give the members to turn in the answers of an endpoint; one unknown to the catalog is told by its path."""
    return ADDRESS_FIELDS.get(template) or ADDRESS_FIELDS.get(path, ())


def own_body(body: bytes, fields: tuple[str, ...], upstream_base: str, own_base: str) -> bytes:
    """Give a JSON body with the addresses in `fields` turned.

    >>> own_body(b'{"regionUrl": "https://sentry.io"}', ("regionUrl",), "https://sentry.io", "http://localhost:8000")
    b'{"regionUrl": "http://localhost:8000"}'
    """
    return _pattern(fields, upstream_base).sub(lambda found: found[1] + own_base.encode(), body) if fields else body


@lru_cache(maxsize=64)
def _pattern(fields: tuple[str, ...], base: str) -> re.Pattern[bytes]:
    names = b"|".join(re.escape(field.encode()) for field in fields)
    # Some JSON writers escape the slash.
    address = re.escape(base.encode()).replace(b"/", rb"\\?/")
    return re.compile(rb'("(?:' + names + rb')"\s*:\s*")' + address + rb'(?=["/?#\\])', re.IGNORECASE)
