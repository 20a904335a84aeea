"""Dexter's own addresses, read from `api-mappings.yaml` and checked against the operation table.

A file that names an operation nobody knows, a placeholder that leads nowhere, or a write that does not say what
it purges ends the start with a `DexterFault` naming the entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from dexter.catalog.datafile import read_yaml
from dexter.catalog.endpoints import ISSUE, ORG, SAFE_METHODS, endpoint_for
from dexter.catalog.policies import seconds
from dexter.catalog.query import QueryName, query_name
from dexter.catalog.router import Router
from dexter.catalog.table import routed_operations
from dexter.catalog.template import fill, placeholders, shape
from dexter.errors import DexterFault
from dexter.wire import CacheRule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dexter.catalog.operation import Operation
    from dexter.wire import Endpoint

Shape = Literal["object", "page", "issue_page"]

LEGACY_ROOT = "/api/v1"
"""Where Dexter's older addresses stand."""

FREE_PLACEHOLDERS = frozenset({"org", "project"})
"""Placeholders that an older address may add: the organization, and a project that only narrows a list."""

ORGANIZATION = QueryName("organization", to=None)
"""Every address with an organization behind it lets the caller name another than the configured one."""


@dataclass(frozen=True, slots=True)
class Mapping_:  # noqa: N801  the brief's word, kept apart from `collections.abc.Mapping`
    """One address of Dexter's and the Sentry operation behind it."""

    name: str
    """`issues.list`: the group and the entry."""
    method: str
    frontend_path: str
    backend_path: str | None
    """An older address, from `/api/v1` on, or None."""
    sentry_path: str
    operation: Operation
    endpoint: Endpoint
    query: tuple[QueryName, ...]
    shape: Shape
    binding: tuple[tuple[str, str], ...]
    """The operation's path parameters, each with the literal or `{placeholder}` that fills it."""

    def bind(self, values: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """Give Sentry's path and its parameters, under the operation's names, from values under this mapping's."""
        params = {name: values[filler[1:-1]] if filler[0] == "{" else filler for name, filler in self.binding}
        return fill(self.operation.path, params), params


@dataclass(frozen=True, slots=True)
class Facade:
    """One address of Dexter's that joins the answers of several mappings."""

    name: str
    method: str
    frontend_path: str
    joins: tuple[str, ...]


@cache
def mappings() -> tuple[Mapping_, ...]:
    """Give every mapping, in the file's order."""
    return read_mappings(read_yaml("api-mappings.yaml"))


@cache
def mapping(name: str) -> Mapping_:
    """Give the mapping of a name such as `issues.list`; raises `KeyError` for an unknown one."""
    return {known.name: known for known in mappings()}[name]


@cache
def facades() -> tuple[Facade, ...]:
    """Give the addresses that join several mappings."""
    return read_facades(read_yaml("api-mappings.yaml"), mappings())


@cache
def frontend_router() -> Router[Mapping_]:
    """Give the router over Dexter's own addresses, the older ones too."""
    return router_over(mappings())


def router_over(known: tuple[Mapping_, ...]) -> Router[Mapping_]:
    """Give the router over the addresses of the given mappings."""
    return Router(_addresses(known))


def read_mappings(document: Mapping[str, Any]) -> tuple[Mapping_, ...]:
    """Give the mappings that a document describes; raises `DexterFault` naming the first entry that is wrong."""
    sentry = Router((known.method, known.path, known) for known in routed_operations())
    found = tuple(
        _mapping(f"{group}.{name}", row, sentry)
        for group, entries in document["api_mappings"].items()
        for name, row in entries.items()
    )
    _refuse_ambiguity(found)
    return found


def read_facades(document: Mapping[str, Any], known: tuple[Mapping_, ...]) -> tuple[Facade, ...]:
    """Give the facades that a document describes; raises `DexterFault` for one that joins what is not there."""
    names = {entry.name for entry in known}
    found = []
    for name, row in document.get("facades", {}).items():
        if missing := set(row["joins"]) - names:
            raise DexterFault(f"{name} joins {', '.join(sorted(missing))}, which no mapping is called")
        found.append(Facade(name, row["method"], row["frontend_path"], tuple(row["joins"])))
    return tuple(found)


def _mapping(name: str, row: Mapping[str, Any], sentry: Router[Operation]) -> Mapping_:
    found = sentry.match(row.get("sentry_method", row["method"]), row["sentry_path"])
    if found is None:
        raise DexterFault(
            f"{name}: Sentry has no operation {row.get('sentry_method', row['method'])} {row['sentry_path']}"
        )
    known, params = found
    if (known.dialect == "private") != row.get("private", False):
        raise DexterFault(f"{name}: {known.key} is {known.dialect}; `private: true` must say so and only then")
    if row["shape"] not in get_args(Shape):
        raise DexterFault(f"{name}: {row['shape']!r} is no shape")
    _check_placeholders(name, row, params)
    return Mapping_(
        name=name,
        method=row["method"],
        frontend_path=row["frontend_path"],
        backend_path=LEGACY_ROOT + row["backend_path"] if "backend_path" in row else None,
        sentry_path=row["sentry_path"],
        operation=known,
        endpoint=_endpoint(name, row, known),
        query=_query(name, row, known),
        shape=cast(Shape, row["shape"]),
        binding=tuple(params.items()),
    )


def _query(name: str, row: Mapping[str, Any], known: Operation) -> tuple[QueryName, ...]:
    said = tuple(query_name(name, key, facts, known) for key, facts in row.get("query", {}).items())
    return (*said, ORGANIZATION) if "org" in placeholders(row["sentry_path"]) else said


def _check_placeholders(name: str, row: Mapping[str, Any], params: Mapping[str, str]) -> None:
    """Refuse a placeholder that one side has and the other does not, and one that means another parameter."""
    asked = set(placeholders(row["sentry_path"]))
    offered = set(placeholders(row["frontend_path"]))
    older = set(placeholders(row.get("backend_path", row["frontend_path"])))
    if offered - asked or asked - offered - {"org"}:
        raise DexterFault(f"{name}: {row['frontend_path']} and {row['sentry_path']} differ in their placeholders")
    if older - FREE_PLACEHOLDERS != offered - FREE_PLACEHOLDERS:
        raise DexterFault(f"{name}: {row['backend_path']} and {row['frontend_path']} differ in their placeholders")
    for short, parameter in (("org", ORG), ("id", ISSUE)):
        if short in asked and params.get(parameter) != f"{{{short}}}":
            raise DexterFault(f"{name}: {{{short}}} does not stand where the operation has {{{parameter}}}")


def _endpoint(name: str, row: Mapping[str, Any], known: Operation) -> Endpoint:
    endpoint = endpoint_for(known)
    if known.method not in SAFE_METHODS:
        if not row.get("purges"):
            raise DexterFault(f"{name}: a write must name what it purges")
        return replace(endpoint, purges=tuple(dict.fromkeys((*endpoint.purges, *row["purges"]))))
    return replace(endpoint, cache=_cache_rule(name, row["cache"], endpoint)) if "cache" in row else endpoint


def _cache_rule(name: str, row: Mapping[str, Any], endpoint: Endpoint) -> CacheRule:
    if endpoint.secret:
        raise DexterFault(f"{name}: {endpoint.name} reveals a secret and is never stored")
    tags = tuple(dict.fromkeys((*endpoint.cache.tags, *row.get("tags", ()))))
    return CacheRule(seconds(row["fresh"]), seconds(row["stale"]), seconds(row["if_error"]), tags)


def _refuse_ambiguity(found: tuple[Mapping_, ...]) -> None:
    seen: dict[tuple[str, str], str] = {}
    for method, path, entry in _addresses(found):
        other = seen.setdefault((method, shape(path)), entry.name)
        if other != entry.name:
            raise DexterFault(f"{entry.name} and {other} both stand at {method} {path}")


def _addresses(known: tuple[Mapping_, ...]) -> Iterator[tuple[str, str, Mapping_]]:
    for entry in known:
        yield entry.method, entry.frontend_path, entry
        if entry.backend_path is not None:
            yield entry.method, entry.backend_path, entry
