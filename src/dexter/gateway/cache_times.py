"""How long answers stay fresh here, where whoever runs Dexter wants it otherwise than the catalog says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from dexter.catalog.datafile import read_yaml
from dexter.catalog.policies import policies, seconds
from dexter.catalog.router import Router
from dexter.catalog.table import operations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dexter.catalog.router import Params
    from dexter.wire import Endpoint


@dataclass(frozen=True, slots=True)
class CacheTimes:
    """By class of the catalog's policies, such as `issues`: how many seconds its answers are fresh; 0 stores none."""

    fresh_s: Mapping[str, float] = field(default_factory=dict)

    def __call__(self, endpoint: Endpoint) -> Endpoint:
        """Give the endpoint with its time; what the catalog never stores stays so."""
        wanted = self.fresh_s.get(_classes().get(endpoint.name, ""))
        if wanted is None or not endpoint.cache.fresh_s or wanted == endpoint.cache.fresh_s:
            return endpoint
        return replace(endpoint, cache=replace(endpoint.cache, fresh_s=wanted))

    def router(self, inner: Router[Endpoint]) -> Router[Endpoint]:
        """Give the router with these times."""
        return _TimedRouter(inner, self)


class _TimedRouter(Router["Endpoint"]):
    def __init__(self, inner: Router[Endpoint], times: CacheTimes) -> None:
        super().__init__(())
        self._inner = inner
        self._times = times

    def match(self, method: str, path: str) -> tuple[Endpoint, Params] | None:
        found = self._inner.match(method, path)
        return None if found is None else (self._times(found[0]), found[1])

    def methods(self, path: str) -> frozenset[str]:
        return self._inner.methods(path)


def default_fresh_s(name: str) -> float:
    """Give the catalog's own time of a class."""
    return seconds(read_yaml("policies.yaml")["classes"][name]["fresh"])


@cache
def _classes() -> Mapping[str, str]:
    """Give the class of every operation that only reads, by its endpoint's name."""
    return dict(_named())


def _named() -> Iterator[tuple[str, str]]:
    rows, topics = read_yaml("policies.yaml")["topics"], policies().topics
    for known in operations():
        if known.method == "GET":
            spoken = (row["class"] for row, topic in zip(rows, topics, strict=True) if topic.has("GET", known.path))
            yield known.key, next(spoken, "other")
