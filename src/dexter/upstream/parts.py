"""What the stages of one stack have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.observe import records

if TYPE_CHECKING:
    from dexter.stores.store import Store
    from dexter.upstream.background import Background
    from dexter.upstream.clock import Clock
    from dexter.upstream.options import StackOptions


@dataclass(frozen=True, slots=True)
class Parts:
    """The store, the time, the limits, the work that goes on behind, and who watches."""

    store: Store
    clock: Clock
    options: StackOptions
    background: Background
    observers: tuple[records.Observer, ...]

    def tell(self, record: records.Record) -> None:
        """Hand a record to every observer."""
        records.tell(self.observers, record)
