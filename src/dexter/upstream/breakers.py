"""The breakers of one Sentry, in cells that processes share: their failures add up, and what one sees all see.

Whether a call may be sent is read from memory. Only what changes a breaker is written: a failure, the first success
after one, a probe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec

from dexter.policy.breaker import (
    BreakerRule,
    Closed,
    HalfOpen,
    Open,
    State,
    Ticket,
    TurnedAway,
    Word,
    admit,
    settle,
    turned_away,
)
from dexter.policy.call_class import CallClass
from dexter.stores.cells import Cell

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.stores.cells import Cells

Name = Literal["closed", "half_open", "open"]

KINDS: dict[Name, type[State]] = {"closed": Closed, "half_open": HalfOpen, "open": Open}
"""States by the names that metrics, logs and cells know them by."""


def cell_of(kind: CallClass) -> str:
    """Give the name of the cell that a class's breaker is in."""
    return f"breaker:{kind.value}"


@dataclass(frozen=True, slots=True)
class Changed:
    """What became of a breaker, and what it was before."""

    before: State
    after: State


class Breakers:
    """One breaker for each class of calls."""

    def __init__(self, cells: Cells, rule: BreakerRule, now: Callable[[], float]) -> None:
        """Judge by a rule; `now` gives epoch seconds, which mean the same to every process."""
        self.are_shared = cells.is_shared
        self._rule = rule
        self._now = now
        self._cells = {kind: Cell(cells, cell_of(kind), as_written, state_of) for kind in CallClass}

    def state(self, kind: CallClass) -> State:
        """Give how a breaker stands, whichever process had it so."""
        return self._cells[kind].value()

    def turned_away(self, kind: CallClass) -> TurnedAway | None:
        """Give what is told to whoever may not ask now; None when somebody may."""
        return turned_away(self.state(kind), self._rule, self._now())

    def take_over(self, kind: CallClass, state: State) -> Changed:
        """Take over a state of another host's, if it is a later one."""
        return Changed(*self._cells[kind].change(lambda own: state if state.era > own.era else own))

    def admit(self, kind: CallClass) -> tuple[Ticket | TurnedAway, Changed]:
        """Say whether a call may be sent."""
        now = self._now()
        verdicts: list[Ticket | TurnedAway] = []

        def decide(state: State) -> State:
            after, verdict = admit(state, self._rule, now)
            verdicts.append(verdict)
            return after

        # The last one was given for the state that is now written.
        changed = Changed(*self._cells[kind].change(decide))
        return verdicts[-1], changed

    def settle(self, kind: CallClass, ticket: Ticket, word: Word, failure: str) -> Changed:
        """Take in how the attempt ended that a ticket was for."""
        now = self._now()
        return Changed(*self._cells[kind].change(lambda state: settle(state, ticket, word, self._rule, now, failure)))


def state_name(state: State) -> Name:
    """Give a state's name."""
    return next(name for name, kind in KINDS.items() if isinstance(state, kind))


def as_written(state: State) -> bytes:
    """Give a state as the cells hold it."""
    return msgspec.json.encode((state_name(state), state))


def state_of(written: bytes) -> State:
    """Give the state that was written; a closed breaker where none was, or nothing that can be read."""
    try:
        name, fields = msgspec.json.decode(written, type=tuple[Name, msgspec.Raw])
        return msgspec.json.decode(fields, type=KINDS[name])
    except ValueError:
        return Closed()
