"""Stage that sends a read again when a failure may pass by itself, within the caller's time and a budget."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from dexter.errors import UpstreamError
from dexter.observe.records import RetryScheduled
from dexter.policy.cache_key import cache_key
from dexter.policy.deadlines import remaining_s
from dexter.policy.retry import (
    REPEAT_S,
    may_repeat,
    passing_failure,
    pause_s,
    retries_itself,
    retry_after_s,
)
from dexter.policy.retry_budget import earned, full, spent
from dexter.upstream.bodies import close_body

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Send

REMEMBERED_FAILURES = 10_000


class Retried:
    """A stage. Its `chance` draws a number from 0 to 1; the budget is shared by all that goes through it."""

    def __init__(self, inner: Send, parts: Parts, chance: Callable[[], float]) -> None:
        self._inner = inner
        self._parts = parts
        self._rule = parts.options.retry
        self._chance = chance
        self._budget_rule = parts.options.retry_budget
        self._budget = full(self._budget_rule, parts.clock.monotonic())
        self._failed: OrderedDict[str, float] = OrderedDict()
        """When which call failed for its caller, so that a caller's own repetition is not multiplied."""

    async def __call__(self, call: Call) -> Answer:
        """Give the answer of the first attempt that brings one, or of the last; raises what the last one raised."""
        now = self._parts.clock.monotonic()
        self._budget = earned(self._budget, self._budget_rule, now, calls=1)
        if not may_repeat(call) or retries_itself(call.headers):
            return await self._inner(call)
        key = cache_key(call.identity, call.method, call.path, call.query)
        if self._failed.get(key, now - REPEAT_S) > now - REPEAT_S:
            return await self._noted(key, self._inner, call)
        return await self._noted(key, self._repeated, call)

    async def _noted(self, key: str, send: Send, call: Call) -> Answer:
        """Remember whether the caller got a failure."""
        try:
            answer = await send(call)
        except UpstreamError as error:
            self._note(key, failed=passing_failure(error) is not None)
            raise
        self._note(key, failed=passing_failure(answer.status) is not None)
        return answer

    def _note(self, key: str, *, failed: bool) -> None:
        if not failed:
            self._failed.pop(key, None)
            return
        self._failed[key] = self._parts.clock.monotonic()
        self._failed.move_to_end(key)
        while len(self._failed) > REMEMBERED_FAILURES:
            self._failed.popitem(last=False)

    async def _repeated(self, call: Call) -> Answer:
        sent = 0
        while True:
            sent += 1
            try:
                answer = await self._inner(call)
            except UpstreamError as error:
                if not await self._pauses(call, sent, error, None):
                    raise
                continue
            if not await self._pauses(call, sent, answer.status, answer):
                return answer
            await close_body(answer.body)

    async def _pauses(self, call: Call, sent: int, outcome: BaseException | int, answer: Answer | None) -> bool:
        """Wait before another attempt, or say that there is to be none."""
        reason = passing_failure(outcome)
        if reason is None:
            return False
        left = remaining_s(call.deadline, self._parts.clock.monotonic())
        asked_s = retry_after_s(answer.headers) if answer is not None else None
        pause = pause_s(self._rule, sent, self._chance(), asked_s, left)
        if pause is None or not self._may_spend():
            return False
        self._parts.tell(RetryScheduled(call.endpoint.name, call.method, call.request_id, sent, pause, reason))
        await self._parts.clock.sleep(pause)
        return True

    def _may_spend(self) -> bool:
        budget = spent(self._budget, self._budget_rule, self._parts.clock.monotonic())
        if budget is None:
            return False
        self._budget = budget
        return True
