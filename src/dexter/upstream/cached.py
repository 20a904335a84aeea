"""Stage that gives stored answers: fresh ones, stale ones and a refresh behind, old ones when Sentry breaks."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, assert_never

from dexter.errors import UpstreamError
from dexter.observe.present import looked_up
from dexter.observe.records import RefreshFailed
from dexter.policy.cache_key import cache_key
from dexter.policy.deadlines import patience_s
from dexter.policy.deprecation import is_brownout
from dexter.policy.freshness import Fallback, Fresh, Miss, Stale, fresh_for_s, judge
from dexter.policy.outcome import is_failure
from dexter.policy.revalidation import may_fall_back
from dexter.policy.sharing import may_refresh_behind, may_share, shared_headers
from dexter.upstream.bodies import close_body
from dexter.wire import Answer, Call, Outcome, Priority, Send

if TYPE_CHECKING:
    from dexter.stores.entry import Entry
    from dexter.stores.store import Mark
    from dexter.upstream.confirmations import Confirmations
    from dexter.upstream.parts import Parts

REFRESH_S = 30.0
"""How long a refresh behind the caller's back may take."""


class Cached:
    """A stage; calls that may not share answers pass it by."""

    def __init__(self, inner: Send, confirmations: Confirmations, parts: Parts) -> None:
        self._inner = inner
        self._confirmations = confirmations
        self._parts = parts
        self._refreshing: set[str] = set()

    async def __call__(self, call: Call) -> Answer:
        """Give the answer to a call, stored or from Sentry."""
        if not may_share(call):
            return await self._inner(call)
        call = replace(call, headers=shared_headers(call.headers))
        if call.no_cache:
            return await self._inner(call)
        key = cache_key(call.identity, call.method, call.path, call.query)
        mark = self._parts.store.mark()
        judged = judge(await self._found(key), call.endpoint.cache, self._parts.clock.now(), call.max_age_s)
        match judged:
            case Fresh(entry):
                if await self._may_have(call, entry, mark):
                    return _stored(call, entry, Outcome.HIT)
                return await self._inner(call)
            case Stale(entry) if may_refresh_behind(call.endpoint):
                if await self._may_have(call, entry, mark):
                    self._refresh(call, key)
                    return _stored(call, entry, Outcome.STALE)
                return await self._inner(call)
            case Stale(entry) | Fallback(entry):
                return await self._ask(call, entry, mark)
            case Miss():
                return await self._inner(call)
            case _:
                assert_never(judged)

    async def _found(self, key: str) -> Entry | None:
        began = self._parts.clock.monotonic()
        found = await self._parts.store.get(key)
        looked_up(self._parts.clock.monotonic() - began)
        return found

    async def _may_have(self, call: Call, entry: Entry, mark: Mark) -> bool:
        # Confirming a token takes time, in which a write may have made the entry stale, or the others fallen silent.
        store = self._parts.store
        confirmed = await self._confirmations.confirm(call)
        return confirmed and not store.suspended() and not store.outdated(entry.tags, mark)

    async def _ask(self, call: Call, fallback: Entry, mark: Mark) -> Answer:
        # Who says how old an answer may be would rather wait for a recent one.
        limit_s = self._parts.options.stand_in_after_s if call.max_age_s is None else None
        patience = patience_s(call.deadline, self._parts.clock.monotonic(), limit_s)
        try:
            async with asyncio.timeout(patience):
                answer = await self._inner(call)
        except UpstreamError:
            if not self._may_stand_in(call, fallback, mark):
                raise
        except TimeoutError:
            if not self._may_stand_in(call, fallback, mark):
                # There is nothing else to give after all, so that the wait goes on, for the same flight.
                return await self._inner(call)
        else:
            # A brownout passes: what was kept is the better answer meanwhile.
            broke = is_failure(answer.status) or is_brownout(answer.status, answer.headers)
            if not broke or not self._may_stand_in(call, fallback, mark):
                return answer
            await close_body(answer.body)
        return _stored(call, fallback, Outcome.FALLBACK)

    def _may_stand_in(self, call: Call, entry: Entry, mark: Mark) -> bool:
        return may_fall_back(call.identity) and not self._parts.store.outdated(entry.tags, mark)

    def _refresh(self, call: Call, key: str) -> None:
        if key not in self._refreshing:
            self._refreshing.add(key)
            self._parts.background.start(self._refreshed(call, key))

    async def _refreshed(self, call: Call, key: str) -> None:
        deadline = self._parts.clock.monotonic() + REFRESH_S
        try:
            answer = await self._inner(replace(call, priority=Priority.PREFETCH, deadline=deadline))
            await close_body(answer.body)
        except UpstreamError as error:
            self._parts.tell(RefreshFailed(call.endpoint.name, type(error).__name__))
        finally:
            self._refreshing.discard(key)


def _stored(call: Call, entry: Entry, outcome: Outcome) -> Answer:
    fresh_s = fresh_for_s(entry, call.endpoint.cache)
    return Answer(entry.status, entry.headers, entry.body, outcome, entry.stored_at, fresh_s, kept=entry)
