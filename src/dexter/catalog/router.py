"""From a method and a path to what was registered for it: a trie over path segments.

A literal segment wins over a template, a template with literal parts (`{project}:{event}`) over a bare
placeholder, and the trailing slash is exact, as in Sentry.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Generic, TypeVar

from dexter.catalog.template import placeholders
from dexter.errors import DexterFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

T = TypeVar("T")

Params = dict[str, str]

_NOT_A_VALUE = frozenset(("", ".", ".."))
"""Segments that no placeholder accepts: `..` means another path to whoever normalizes it."""


class _Node(Generic[T]):
    """One segment deep in the trie: what may follow, and what ends here, by method."""

    __slots__ = ("any", "ends", "literals", "patterns")

    def __init__(self) -> None:
        self.literals: dict[str, _Node[T]] = {}
        self.patterns: dict[str, tuple[re.Pattern[str], _Node[T]]] = {}
        self.any: _Node[T] | None = None
        self.ends: dict[str, tuple[T, tuple[str, ...]]] = {}


class Router(Generic[T]):
    """Finds the entry for a method and a decoded path. Built from `(method, template, entry)` triples."""

    def __init__(self, entries: Iterable[tuple[str, str, T]]) -> None:
        self._root: _Node[T] = _Node()
        for method, template, entry in entries:
            self._add(method, template, entry)

    def match(self, method: str, path: str) -> tuple[T, Params] | None:
        """Give the entry and the path's parameters, or None when nothing is registered for them."""
        for node, values in _walk(self._root, path.split("/"), 0, ()):
            if (end := node.ends.get(method)) is not None:
                entry, names = end
                return entry, dict(zip(names, values, strict=True))
        return None

    def methods(self, path: str) -> frozenset[str]:
        """Give every method registered for the path; empty when there is no such path."""
        return frozenset(method for node, _ in _walk(self._root, path.split("/"), 0, ()) for method in node.ends)

    def _add(self, method: str, template: str, entry: T) -> None:
        node = self._root
        for segment in template.split("/"):
            node = _child(node, segment)
        if method in node.ends:
            raise DexterFault(f"two entries for {method} {template}")
        names = placeholders(template)
        if len(set(names)) != len(names):
            raise DexterFault(f"{template} names one placeholder twice")
        node.ends[method] = (entry, names)


def _child(node: _Node[T], segment: str) -> _Node[T]:
    names = placeholders(segment)
    if not names:
        return node.literals.setdefault(segment, _Node())
    if segment == f"{{{names[0]}}}":
        if node.any is None:
            node.any = _Node()
        return node.any
    pattern = "".join("([^/]+?)" if part in names else re.escape(part) for part in re.split(r"[{}]", segment))
    return node.patterns.setdefault(pattern, (re.compile(pattern), _Node()))[1]


def _walk(
    node: _Node[T], segments: list[str], at: int, values: tuple[str, ...]
) -> Iterator[tuple[_Node[T], tuple[str, ...]]]:
    """Walk every node that the segments lead to, the most literal way first."""
    if at == len(segments):
        if node.ends:
            yield node, values
        return
    segment = segments[at]
    if (literal := node.literals.get(segment)) is not None:
        yield from _walk(literal, segments, at + 1, values)
    if segment in _NOT_A_VALUE:
        return
    for pattern, child in node.patterns.values():
        if (found := pattern.fullmatch(segment)) is not None:
            yield from _walk(child, segments, at + 1, (*values, *found.groups()))
    if node.any is not None:
        yield from _walk(node.any, segments, at + 1, (*values, segment))
