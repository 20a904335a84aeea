"""Stage with a circuit breaker for each class of calls: a part of Sentry that keeps failing is left alone."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from dexter.errors import CallerError, CircuitOpen, RateLimited, UpstreamError
from dexter.observe.records import BreakerChanged
from dexter.policy.breaker import Closed, HalfOpen, State, Ticket, TurnedAway, Word, word_of_status
from dexter.policy.call_class import IN_WORDS, CallClass, call_class
from dexter.upstream.admission import NoPlace
from dexter.upstream.breakers import Breakers, Changed, state_name

if TYPE_CHECKING:
    from dexter.upstream.admission import Admission
    from dexter.upstream.breakers_of_hosts import BreakersOfHosts
    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Send

LOOKED_EVERY_S = 0.25
"""How often a process with calls under way looks whether another has opened a breaker."""


class Guarded:
    """A stage. Every attempt counts; what the caller did wrong, or quota forbade, says nothing of Sentry."""

    def __init__(
        self,
        inner: Send,
        breakers: Breakers,
        admission: Admission,
        parts: Parts,
        hosts: BreakersOfHosts | None = None,
    ) -> None:
        self._inner = inner
        self._hosts = hosts
        self._breakers = breakers
        self._admission = admission
        self._parts = parts
        self._eras = {kind: breakers.state(kind).era for kind in CallClass}
        self._under_way = 0
        self._looks = False

    async def __call__(self, call: Call) -> Answer:
        """Give Sentry's answer. Raises CircuitOpen, without asking, while the class of the call is left alone."""
        kind = call_class(call)
        verdict, changed = self._breakers.admit(kind)
        self.took_note(kind, changed)
        if isinstance(verdict, TurnedAway):
            raise self._open_error(kind, verdict)
        if isinstance(changed.after, HalfOpen) and not await self._may_probe(kind, verdict):
            away = self._breakers.turned_away(kind)
            if away is None:
                # The other host has found out meanwhile.
                return await self(call)
            raise self._open_error(kind, away)
        self._begin_looking()
        self._under_way += 1
        try:
            answer = await self._inner(call)
        except BaseException as error:
            self._settle(kind, verdict, word_of_error(error), type(error).__name__)
            raise
        finally:
            self._under_way -= 1
        self._settle(kind, verdict, word_of_status(answer.status), f"status {answer.status}")
        return answer

    async def _may_probe(self, kind: CallClass, ticket: Ticket) -> bool:
        if self._hosts is None:
            return True
        try:
            return await self._hosts.may_probe(kind, ticket.era)
        except BaseException:
            self._settle(kind, ticket, Word.NOTHING, "")
            raise

    def _settle(self, kind: CallClass, ticket: Ticket, word: Word, failure: str) -> None:
        self.took_note(kind, self._breakers.settle(kind, ticket, word, failure))

    def took_note(self, kind: CallClass, changed: Changed) -> None:
        """Tell of a change that was made here: who makes one tells of it, so that it is told once."""
        state = changed.after
        if type(changed.before) is not type(state):
            failure = "" if isinstance(state, Closed) else state.last_failure
            self._parts.tell(BreakerChanged(kind.value, state_name(state), failure))
        self._look(kind, state)

    def _look(self, kind: CallClass, state: State) -> None:
        """Turn those away who wait, if it has opened since it was last looked at, in whichever process."""
        if state.era == self._eras[kind]:
            return
        self._eras[kind] = state.era
        away = self._breakers.turned_away(kind)
        if away is not None:
            self._admission.turn_away(kind, lambda: self._open_error(kind, away))

    def _begin_looking(self) -> None:
        if self._breakers.are_shared and not self._looks:
            self._looks = True
            self._parts.background.start(self._looking())

    async def _looking(self) -> None:
        # What waits here for a place must not wait on while the other processes know better.
        try:
            while self._under_way:
                await self._parts.clock.sleep(LOOKED_EVERY_S)
                for kind in CallClass:
                    self._look(kind, self._breakers.state(kind))
        finally:
            self._looks = False

    def _open_error(self, kind: CallClass, away: TurnedAway) -> CircuitOpen:
        now = self._parts.clock.now()
        return CircuitOpen(
            f"Sentry failed several times in a row at {IN_WORDS[kind]} (last: {away.last_failure}); Dexter leaves that "
            f"alone and tries again in {max(1, ceil(away.probe_at - now))} s.",
            call_class=kind.value,
            since=away.since,
            probe_at=away.probe_at,
            last_failure=away.last_failure,
            retry_after_s=max(0.0, away.probe_at - now),
        )


def word_of_error(error: BaseException) -> Word:
    """Give what a failed attempt says about Sentry: nothing, when the caller or a limit ended it."""
    if isinstance(error, RateLimited | CircuitOpen | NoPlace | CallerError):
        return Word.NOTHING
    return Word.FAILS if isinstance(error, UpstreamError) else Word.NOTHING
