"""A store of this process alone: one level, and purges that nobody else needs to know."""

from __future__ import annotations

from dexter.stores.ledger import Ledger
from dexter.stores.levels import TwoLevels
from dexter.stores.shelf import DEFAULT_MAX_BYTES, Shelf


class MemoryStore(TwoLevels):
    """A `Store` of this process alone."""

    def __init__(self, max_bytes: int = DEFAULT_MAX_BYTES, ledger: Ledger | None = None) -> None:
        super().__init__(Shelf(max_bytes), ledger or Ledger(), None)
