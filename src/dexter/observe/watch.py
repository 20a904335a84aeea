"""Everything that watches one worker, over one board."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dexter.observe.board import Board
from dexter.observe.figures import Figures
from dexter.observe.metrics import Metrics
from dexter.observe.promises import Promises
from dexter.observe.templates import Templates

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Watch:
    """The board, its observers, and what may be told to it directly."""

    board: Board
    metrics: Metrics
    figures: Figures
    promises: Promises
    now: Callable[[], float]

    @classmethod
    def over(
        cls,
        board: Board | None = None,
        now: Callable[[], float] = time.time,
        templates: Templates | None = None,
    ) -> Watch:
        """Set everything up over a board, by default one of this process alone.

        `templates` gives the addresses of names that records know them by.
        """
        board, names = board or Board(), Templates() if templates is None else templates
        return cls(board, Metrics(board, now, names), Figures(board, now, names), Promises(board, now), now)

    def close(self) -> None:
        """Let go of the files."""
        self.figures.mishaps.close()
        self.board.close()
