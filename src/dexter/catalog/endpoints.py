"""From operations to endpoints: what the stages need to know of a call.

`policies.yaml` says what may be kept and what a write makes stale; this module adds what follows from the
address itself. An address can name the same thing in two ways (an organization by slug or by number, an issue
by number or by short id), and a tag filed under one would not be found under the other: see `SentryRouter`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from dexter.catalog.policies import Policies, policies
from dexter.catalog.router import Params, Router
from dexter.catalog.table import operations
from dexter.catalog.template import placeholders
from dexter.wire import CacheRule, Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dexter.catalog.operation import Operation

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

ORG = "organization_id_or_slug"
ISSUE = "issue_id"

UNKNOWN = Endpoint("*", "*", "*", purges=("all",), lists=("all",))
"""Stands for every address the catalog does not know: never stored, and a write there may have changed anything."""


def endpoint_for(operation: Operation, rules: Policies | None = None) -> Endpoint:
    """Give the endpoint of an operation, with its cache rule, its tags and what it purges."""
    rules = rules or policies()
    secret = operation.path in rules.secrets
    known = Endpoint(operation.key, operation.method, operation.path, secret=secret)
    if operation.method in SAFE_METHODS:
        return known if secret else replace(known, cache=_cache_rule(operation, rules))
    topic = rules.topic(operation.method, operation.path)
    purges = topic.purges if topic is not None else None
    lists = topic.lists if topic is not None else ()
    return replace(known, purges=_purges(operation.path, purges), lists=_once(*lists, "untied") if lists else ())


def tag_values(params: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Give what `{org}` and `{id}` of a tag stand for, from the parameters of a path."""
    named = dict(params)
    values = {"org": named.get(ORG, ""), "id": named.get(ISSUE, "")}
    return {**named, **{name: value for name, value in values.items() if value}}


def expand_tags(tags: Iterable[str], params: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Give the tags with their placeholders replaced by the values of a path's parameters.

    >>> expand_tags(("all", "issue:{id}"), [("organization_id_or_slug", "acme"), ("issue_id", "42")])
    ('all', 'issue:42')
    """
    values = tag_values(params)
    return tuple(tag.format_map(values) for tag in tags)


class SentryRouter(Router[Endpoint]):
    """Finds the endpoint of a Sentry address, minding the two names that an organization or an issue may have."""

    def __init__(self, entries: Iterable[tuple[str, str, Endpoint]]) -> None:
        known = list(entries)
        super().__init__(known)
        self._aliased = {endpoint.name: aliased(endpoint) for _, _, endpoint in known}

    def match(self, method: str, path: str) -> tuple[Endpoint, Params] | None:
        """Give the endpoint and the path's parameters, or None for an address the catalog does not know."""
        found = super().match(method, path)
        if found is None or not is_aliased(found[1]):
            return found
        return self._aliased[found[0].name], found[1]


def is_aliased(params: Mapping[str, str]) -> bool:
    """Say whether an address names its organization by number or its issue by anything but a number."""
    return params.get(ORG, "slug").isdigit() or not params.get(ISSUE, "1").isdigit()


def aliased(endpoint: Endpoint) -> Endpoint:
    """Give the endpoint for an address by alias: its reads fall to every write, its writes purge everything.

    Which slug or number the alias stands for is not known here, so no narrower tag would be right.
    """
    if endpoint.method not in SAFE_METHODS:
        return replace(endpoint, purges=("all",), lists=("all",) if endpoint.lists else ())
    if not endpoint.cache.fresh_s:
        return endpoint
    return replace(endpoint, cache=replace(endpoint.cache, tags=_once(*endpoint.cache.tags, "untied")))


@cache
def sentry_router() -> SentryRouter:
    """Give the router over every operation of the table, `groups` standing for `issues` as it does in Sentry."""
    return SentryRouter(_entries(operations()))


def _entries(table: Iterable[Operation]) -> Iterator[tuple[str, str, Endpoint]]:
    for operation in table:
        endpoint = endpoint_for(operation)
        yield operation.method, operation.path, endpoint
        if operation.path.startswith(f"/api/0/organizations/{{{ORG}}}/issues/"):
            yield operation.method, operation.path.replace("/issues/", "/groups/", 1), endpoint


def _cache_rule(operation: Operation, rules: Policies) -> CacheRule:
    topic = rules.topic(operation.method, operation.path)
    rule = topic.rule if topic is not None else rules.default
    if not rule.fresh_s:
        return CacheRule()
    return replace(rule, tags=_once("all", *_from_path(operation.path), *(topic.tags if topic is not None else ())))


def _from_path(path: str) -> Iterator[str]:
    names = placeholders(path)
    if ORG not in names:
        yield "untied"
        return
    yield "org:{org}"
    if ISSUE in names:
        yield "issues:{org}"
        yield "issue:{id}"


def _purges(path: str, said: tuple[str, ...] | None) -> tuple[str, ...]:
    names = placeholders(path)
    if ORG not in names:
        return ("all",)
    if said is None:
        return ("org:{org}", "untied")
    return _once(*said, *(("issue:{id}",) if ISSUE in names else ()), "untied")


def _once(*tags: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
