"""A stored answer, as every store keeps it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.stores.store import Mark
    from dexter.wire import Headers

OVERHEAD_BYTES = 600
"""What an entry costs beside its body and headers, roughly: objects, keys, its places in the indexes."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What Sentry said, byte for byte as it came, and what it is filed under."""

    key: str
    status: int
    headers: Headers
    body: bytes
    stored_at: float
    """The epoch second at which Sentry was asked."""
    tags: frozenset[str]
    fallback_only: bool = False
    """Asked for while Sentry's search lagged behind a write: never to be given as fresh."""

    brief: bool = False
    """The next event may outdate it: fresh for a few seconds only."""
    outdated: bool = False
    """A write came since Sentry was asked: never to be given as fresh. Not kept, but found when it is asked for."""
    mark: int = 0
    """Where in the order of purges Sentry was asked; set by the store that keeps it."""

    renewed_at: float | None = None
    """The epoch second at which Sentry was asked for parts of it anew: never to be given as fresh."""
    whole_mark: int | None = None
    """Where in the order of purges Sentry was asked for all of it, if that was earlier than `mark`."""

    size_bytes: int = field(init=False, compare=False, repr=False)
    """What the entry takes of a store's room."""

    @property
    def oldest_mark(self) -> int:
        """Where in the order of purges the oldest part of it was asked for."""
        return self.mark if self.whole_mark is None else self.whole_mark

    def marked(self, by: Callable[[Mark], Mark]) -> Entry:
        """Give the entry with its marks in other words, as another process needs them."""
        whole = None if self.whole_mark is None else by(self.whole_mark)
        return replace(self, mark=by(self.mark), whole_mark=whole)

    def __post_init__(self) -> None:
        size = OVERHEAD_BYTES + len(self.body) + sum(len(name) + len(value) for name, value in self.headers)
        object.__setattr__(self, "size_bytes", size)
