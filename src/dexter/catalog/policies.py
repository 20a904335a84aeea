"""What may be kept of an operation's answer, read from `policies.yaml`: classes, secrets, topics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from dexter.catalog.datafile import read_yaml
from dexter.catalog.template import expand
from dexter.errors import DexterFault
from dexter.wire import CacheRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.catalog.operation import Body

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, slots=True)
class Topic:
    """One subject of the API: what files its answers, and what its writes make stale."""

    about: str
    paths: tuple[str, ...]
    rule: CacheRule
    tags: tuple[str, ...]
    purges: tuple[str, ...] | None
    """None when the topic does not say: its writes then purge all that is known of the organization."""
    lists: tuple[str, ...]
    unless_shown: tuple[str, ...]

    def has(self, method: str, path: str) -> bool:
        """Say whether the topic speaks for a method on a path template."""
        return any(_covers(pattern, method, path) for pattern in self.paths)


@dataclass(frozen=True, slots=True)
class Policies:
    """The whole of `policies.yaml`."""

    default: CacheRule
    topics: tuple[Topic, ...]
    secrets: Mapping[str, str]
    """What an address reveals, by path template."""

    def reveals(self, path: str, replies: Mapping[int, Body | None]) -> bool:
        """Say whether the operation's answers reveal a secret; one that has no body in them cannot."""
        return path in self.secrets and any(body for status, body in replies.items() if status < 300)

    def topic(self, method: str, path: str) -> Topic | None:
        """Give the first topic that speaks for a method on a path template, or None."""
        return next((topic for topic in self.topics if topic.has(method, path)), None)


@cache
def policies() -> Policies:
    """Give the committed policies."""
    return read_policies(read_yaml("policies.yaml"))


def read_policies(document: Mapping[str, Any]) -> Policies:
    """Give the policies that a document describes."""
    prefixes = document["prefixes"]
    classes = {name: _rule(times) for name, times in document["classes"].items()}
    return Policies(
        default=classes["other"],
        topics=tuple(_topic(row, classes, prefixes) for row in document["topics"]),
        secrets={expand(path, prefixes): what for path, what in document["secrets"].items()},
    )


def seconds(duration: str) -> float:
    """Give the seconds of a duration such as `5m` or `1d`.

    >>> seconds("5m")
    300.0
    """
    found = re.fullmatch(r"(\d+)([smhd])", duration)
    if found is None:
        raise DexterFault(f"{duration!r} is no duration such as 30s, 5m, 1h or 1d")
    return float(found[1]) * _SECONDS[found[2]]


def _rule(times: Mapping[str, str]) -> CacheRule:
    return CacheRule(seconds(times["fresh"]), seconds(times["stale"]), seconds(times["if_error"]))


def _topic(row: Mapping[str, Any], classes: Mapping[str, CacheRule], prefixes: Mapping[str, str]) -> Topic:
    return Topic(
        about=row["about"],
        paths=tuple(expand(path, prefixes) for path in row["paths"]),
        rule=classes[row["class"]],
        tags=tuple(row.get("tags", ())),
        purges=tuple(row["purges"]) if "purges" in row else None,
        lists=tuple(row.get("lists", ())),
        unless_shown=tuple(row.get("unless_shown", ())),
    )


def _covers(pattern: str, method: str, path: str) -> bool:
    only, _, pattern = pattern.rpartition(" ")
    if only and only != method:
        return False
    return path.startswith(pattern[:-2]) if pattern.endswith("/**") else path == pattern
