"""Path templates: `/organizations/{org}/issues/{id}/` and the paths they stand for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import quote

from dexter.errors import BadRequest, DexterFault

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@lru_cache(maxsize=1024)
def placeholders(template: str) -> tuple[str, ...]:
    """Give the names of a template's placeholders, from left to right.

    >>> placeholders("/organizations/{org}/events/{project}:{event}/")
    ('org', 'project', 'event')
    """
    return tuple(_PLACEHOLDER.findall(template))


def fill(template: str, params: Mapping[str, str]) -> str:
    """Give the path with every placeholder replaced by its percent-encoded value.

    Raises `BadRequest` for a value that would not stay inside its own segment as Sentry reads it.

    >>> fill("/organizations/{org}/releases/{version}/", {"org": "acme", "version": "shop@1.0"})
    '/organizations/acme/releases/shop%401.0/'
    """

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name not in params:
            raise DexterFault(f"no value for {{{name}}} of {template}")
        return encoded(name, params[name])

    return _PLACEHOLDER.sub(value, template)


def encoded(name: str, value: str) -> str:
    """Give a value percent-encoded for one path segment."""
    if value in ("", ".", "..") or "/" in value or "\\" in value or any(ord(letter) < 32 for letter in value):
        # Sentry decodes the path before it routes, so an encoded slash would name another operation.
        raise BadRequest(f"{name} is not a single path segment: {value!r}")
    return quote(value, safe="")


def shape(template: str) -> str:
    """Give the template without its placeholders' names, to see whether two templates mean the same paths.

    >>> shape("/organizations/{org}/issues/") == shape("/organizations/{organization_id_or_slug}/issues/")
    True
    """
    return _PLACEHOLDER.sub("{}", template)


def expand(text: str, prefixes: Mapping[str, str]) -> str:
    """Give the text with its `$prefix` written out, prefixes of prefixes too."""
    while found := re.search(r"\$[a-z]+", text):
        if found[0] not in prefixes:
            raise DexterFault(f"{found[0]} in {text!r} stands for nothing")
        text = text.replace(found[0], prefixes[found[0]])
    return text
