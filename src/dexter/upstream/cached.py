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
from dexter.policy.freshness import (
    BRIEF_FRESH_S,
    Fallback,
    Fresh,
    Miss,
    Stale,
    fresh_for_s,
    judge,
    may_lack_a_write,
    refresh_is_due,
    why_not_given,
)
from dexter.policy.outcome import is_failure
from dexter.policy.overtaken import issues_shown, own_writes, wide
from dexter.policy.purge import identity_tag
from dexter.policy.renewed_page import PUT_ASIDE_FOR_S
from dexter.policy.revalidation import may_fall_back
from dexter.policy.sharing import is_issue_detail, may_refresh_behind, may_share, shared_headers
from dexter.upstream.bodies import close_body
from dexter.wire import Answer, Call, Outcome, Priority, Reason, Send

if TYPE_CHECKING:
    from dexter.stores.entry import Entry
    from dexter.stores.store import Mark
    from dexter.upstream.confirmations import Confirmations
    from dexter.upstream.own_changes import OwnChanges
    from dexter.upstream.parts import Parts
    from dexter.upstream.renewals import Renewals

AGEING = 1.0
"""How many monotonic seconds pass while an entry ages by one; a measurement whose time runs faster sets it."""
REFRESH_S = 30.0
"""How long a refresh behind the caller's back may take."""


class Cached:
    """A stage; calls that may not share answers pass it by."""

    def __init__(
        self, inner: Send, confirmations: Confirmations, renewals: Renewals, own_changes: OwnChanges, parts: Parts
    ) -> None:
        self._inner = inner
        self._confirmations = confirmations
        self._renewals = renewals
        self._own_changes = own_changes
        self._parts = parts
        self._refreshing: set[str] = set()

    async def __call__(self, call: Call) -> Answer:
        """Give the answer to a call, stored or from Sentry."""
        if not may_share(call):
            return await self._inner(call)
        headers = shared_headers(call.headers)
        if len(headers) < len(call.headers):
            call = replace(call, headers=headers)
        if call.no_cache:
            return _because(await self._inner(call), Reason.NO_CACHE)
        key = cache_key(call.identity, call.method, call.path, call.query)
        mark = self._parts.store.mark()
        found, now = await self._found(key), self._parts.clock.now()
        is_page = is_issue_detail(call.endpoint)
        if is_page:
            self._renewals.read(call, key)
        others_wrote = found is not None and may_lack_a_write(found) and self._only_others_wrote(call, found, now)
        judged = judge(
            found,
            call.endpoint.cache,
            now,
            call.max_age_s,
            call.max_stale_s,
            others_wrote=others_wrote,
            brief_stale_s=PUT_ASIDE_FOR_S if is_page else BRIEF_FRESH_S,
        )
        match judged:
            case Fresh(entry):
                if await self._may_have(call, entry, mark):
                    return _stored(call, entry, Outcome.HIT)
                return await self._inner(call)
            case Stale(entry) if not is_page or self._renewals.may_renew(call, key, entry):
                if await self._may_have(call, entry, mark):
                    self._ask_behind(call, key, entry, now)
                    return _stored(call, entry, Outcome.STALE)
                return await self._inner(call)
            case Stale(entry) | Fallback(entry):
                reason = why_not_given(entry, call.max_age_s, now, others_wrote=others_wrote)
                return _because(await self._ask(call, entry, mark), reason)
            case Miss():
                return await self._inner(call)
            case _:
                assert_never(judged)

    async def _found(self, key: str) -> Entry | None:
        began = self._parts.clock.monotonic()
        found = await self._parts.store.get(key)
        looked_up(self._parts.clock.monotonic() - began)
        return found

    def _only_others_wrote(self, call: Call, entry: Entry, now: float) -> bool:
        """Whether what overtook an entry is a write that was not the caller's own, and known for what it changes."""
        store = self._parts.store
        if store.suspended() or store.outdated(wide(entry.tags), entry.oldest_mark):
            return False
        writes = own_writes(call, issues=issues_shown(entry.tags))
        if store.outdated(writes, entry.oldest_mark):
            return False
        asked_at = self._asked_at(entry, now)
        return not store.lagging(writes, asked_at) or self._own_changes.are_shown(call, entry, asked_at)

    def _may_lack(self, writes: frozenset[str], entry: Entry, now: float) -> bool:
        """Whether an entry was asked for before one of the writes that are noted so, or while search lagged behind."""
        store = self._parts.store
        return store.outdated(writes, entry.oldest_mark) or store.lagging(writes, self._asked_at(entry, now))

    def _asked_at(self, entry: Entry, now: float) -> float:
        """Give the monotonic second at which an entry was asked for."""
        return self._parts.clock.monotonic() - AGEING * (now - entry.stored_at)

    async def _may_have(self, call: Call, entry: Entry, mark: Mark) -> bool:
        # Confirming a token takes time, in which a write may have made the entry stale, or the others fallen silent.
        store = self._parts.store
        confirmed = await self._confirmations.confirm(call)
        return confirmed and not store.suspended() and not store.outdated(entry.tags, mark)

    async def _ask(self, call: Call, fallback: Entry, mark: Mark) -> Answer:
        # Who says how old an answer may be would rather wait for a recent one, and so does who changed something.
        is_patient = call.max_age_s is not None or self._lacks_own_change(call, fallback)
        limit_s = None if is_patient else self._parts.options.stand_in_after_s
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
            if not is_patient and self._lacks_own_change(call, fallback):
                return await self._ask(call, fallback, mark)
        else:
            # A brownout passes: what was kept is the better answer meanwhile.
            broke = is_failure(answer.status) or is_brownout(answer.status, answer.headers)
            if not broke or not self._may_stand_in(call, fallback, mark):
                return answer
            await close_body(answer.body)
        return _stored(call, fallback, Outcome.FALLBACK)

    def _lacks_own_change(self, call: Call, entry: Entry) -> bool:
        writes = own_writes(call, succeeded=True, issues=issues_shown(entry.tags))
        return self._may_lack(writes, entry, self._parts.clock.now())

    def _may_stand_in(self, call: Call, entry: Entry, mark: Mark) -> bool:
        # What a write has overtaken may stand in, since it says how old it is; what a doubted credential got may not.
        ended = self._parts.store.outdated((identity_tag(call.identity),), mark)
        return may_fall_back(call.identity) and not ended

    def _ask_behind(self, call: Call, key: str, entry: Entry, now: float) -> None:
        if not may_refresh_behind(call.endpoint):
            self._renewals.renew_if_due(key, entry, now)
        elif refresh_is_due(entry, now):
            self._refresh(call, key)

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


def _because(answer: Answer, reason: Reason) -> Answer:
    asked = answer.outcome in (Outcome.MISS, Outcome.COLLAPSED)
    return replace(answer, reason=reason) if asked else answer


def _stored(call: Call, entry: Entry, outcome: Outcome) -> Answer:
    fresh_s = fresh_for_s(entry, call.endpoint.cache)
    return Answer(entry.status, entry.headers, entry.body, outcome, entry.stored_at, fresh_s, kept=entry)
