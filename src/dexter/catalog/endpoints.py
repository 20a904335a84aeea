"""From operations to endpoints: what the stages need to know of a call.

`policies.yaml` says what may be kept and what a write makes stale; this module adds what follows from the
address itself.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from dexter.catalog.policies import Policies, policies
from dexter.catalog.router import Router
from dexter.catalog.table import operations, routed_operations
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


def endpoint_for(operation: Operation) -> Endpoint:
    """Give the endpoint of an operation, with its cache rule, its tags and what it purges."""
    return _endpoints().get(operation.key) or endpoint_under(policies(), operation)


def endpoint_under(rules: Policies, operation: Operation) -> Endpoint:
    """Give the endpoint of an operation under the given policies."""
    secret = rules.reveals(operation.path, operation.responses)
    known = Endpoint(operation.key, operation.method, operation.path, secret=secret)
    if operation.method in SAFE_METHODS:
        return known if secret else replace(known, cache=_cache_rule(operation, rules))
    topic = rules.topic(operation.method, operation.path)
    if topic is None:
        return replace(known, purges=_purges(operation.path, None))
    purges = _purges(operation.path, topic.purges, whole_issue=not topic.unless_shown)
    return replace(known, purges=purges, lists=topic.lists, unless_shown=topic.unless_shown)


@cache
def _endpoints() -> Mapping[str, Endpoint]:
    return {known.key: endpoint_under(policies(), known) for known in operations()}


@cache
def sentry_router() -> Router[Endpoint]:
    """Give the router over every operation of the table, `groups` standing for `issues` as it does in Sentry."""
    return Router(_entries(routed_operations()))


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
        yield "orgless"
        return
    yield "org:{org}"
    if ISSUE in names:
        yield "issues:{org}"
        yield "issue:{id}"


def _purges(path: str, said: tuple[str, ...] | None, *, whole_issue: bool = True) -> tuple[str, ...]:
    names = placeholders(path)
    if ORG not in names:
        return ("all",)
    if said is None:
        return ("org:{org}", "orgless")
    return _once(*said, *(("issue:{id}",) if whole_issue and ISSUE in names else ()), "orgless")


def _once(*tags: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))
