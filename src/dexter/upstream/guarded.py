"""Stage with a circuit breaker for each class of calls: a part of Sentry that keeps failing is left alone."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from dexter.errors import CallerError, CircuitOpen, RateLimited, UpstreamError
from dexter.observe.records import BreakerChanged
from dexter.policy.breaker import (
    Closed,
    HalfOpen,
    Open,
    State,
    Ticket,
    TurnedAway,
    Word,
    admit,
    settle,
    word_of_status,
)
from dexter.policy.call_class import CallClass, call_class
from dexter.upstream.admission import NoPlace

if TYPE_CHECKING:
    from dexter.upstream.admission import Admission
    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Send


class Guarded:
    """A stage. Every attempt counts; what the caller did wrong, or quota forbade, says nothing of Sentry."""

    def __init__(self, inner: Send, admission: Admission, parts: Parts) -> None:
        self._inner = inner
        self._admission = admission
        self._parts = parts
        self._rule = parts.options.breaker
        self._states: dict[CallClass, State] = {kind: Closed() for kind in CallClass}

    async def __call__(self, call: Call) -> Answer:
        """Give Sentry's answer. Raises CircuitOpen, without asking, while the class of the call is left alone."""
        kind = call_class(call)
        state, verdict = admit(self._states[kind], self._rule, self._parts.clock.monotonic())
        self._become(kind, state)
        if isinstance(verdict, TurnedAway):
            raise self._open_error(kind, verdict)
        try:
            answer = await self._inner(call)
        except BaseException as error:
            self._settle(kind, verdict, word_of_error(error), type(error).__name__)
            raise
        self._settle(kind, verdict, word_of_status(answer.status), f"status {answer.status}")
        return answer

    def _settle(self, kind: CallClass, ticket: Ticket, word: Word, failure: str) -> None:
        now = self._parts.clock.monotonic()
        state = settle(self._states[kind], ticket, word, self._rule, now, failure)
        self._become(kind, state)

    def _become(self, kind: CallClass, state: State) -> None:
        old, self._states[kind] = self._states[kind], state
        if type(old) is type(state):
            return
        self._parts.tell(BreakerChanged(kind.value, state_name(state), state.last_failure))
        if isinstance(state, Open):
            away = TurnedAway(state.since, state.probe_at, state.last_failure)
            self._admission.turn_away(kind, lambda: self._open_error(kind, away))

    def _open_error(self, kind: CallClass, away: TurnedAway) -> CircuitOpen:
        now, epoch = self._parts.clock.monotonic(), self._parts.clock.now()
        return CircuitOpen(
            f"Sentry failed again and again at such calls ({kind.value}; last: {away.last_failure}), so it is left "
            f"alone until a probe in {max(1, ceil(away.probe_at - now))} s.",
            call_class=kind.value,
            since=epoch - (now - away.since),
            probe_at=epoch + (away.probe_at - now),
            last_failure=away.last_failure,
            retry_after_s=max(0.0, away.probe_at - now),
        )


def word_of_error(error: BaseException) -> Word:
    """Give what a failed attempt says about Sentry: nothing, when the caller or a limit ended it."""
    if isinstance(error, RateLimited | CircuitOpen | NoPlace | CallerError):
        return Word.NOTHING
    return Word.FAILS if isinstance(error, UpstreamError) else Word.NOTHING


def state_name(state: State) -> str:
    """Give the state's name as metrics and logs write it."""
    match state:
        case Closed():
            return "closed"
        case HalfOpen():
            return "half_open"
        case Open():
            return "open"
