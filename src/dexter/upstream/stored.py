"""Stage that keeps what Sentry answers, unless a write came while it was on its way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.observe.records import EntryStored, StoreRefused
from dexter.policy.cache_key import cache_key
from dexter.policy.freshness import ABSENT
from dexter.policy.outcome import content, forgets_entry, lasting, storable, storable_absence
from dexter.policy.purge import filed_as_shown, filed_under
from dexter.policy.sharing import is_issue_detail, may_share
from dexter.stores.entry import Entry
from dexter.upstream.brevity import soon_outdated
from dexter.upstream.issue_shown import issue_shown
from dexter.wire import Outcome

if TYPE_CHECKING:
    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Send


def stored(inner: Send, parts: Parts) -> Send:
    """Give the stage that stores whole JSON successes under their tags, and for a moment that something is not there.

    What is asked for while Sentry's search lags behind a write is kept as a fallback only.
    """

    async def send(call: Call) -> Answer:
        if not may_share(call):
            return await inner(call)
        key = cache_key(call.identity, call.method, call.path, call.query)
        tags = filed_under(call.endpoint.cache.tags, dict(call.params), call.identity)
        mark, asked_at = parts.store.mark(), parts.clock.now()
        lagging = parts.store.lagging(tags, parts.clock.monotonic())
        answer = await inner(call)
        if forgets_entry(answer.status):
            if await _forgot(key) or lagging or not isinstance(answer.body, bytes):
                return replace(answer, outcome=Outcome.MISS)
            if storable_absence(answer.status, answer.headers, len(answer.body)):
                await parts.store.put(Entry(key, 404, lasting(answer.headers), answer.body, asked_at, tags), mark)
        elif isinstance(answer.body, bytes) and _is_storable(answer):
            issue = None
            if is_issue_detail(call.endpoint):
                issue = issue_shown(answer.headers, answer.body)
                tags |= filed_as_shown(dict(call.params), None if issue is None else issue.id)
            entry = Entry(
                key,
                answer.status,
                lasting(answer.headers),
                answer.body,
                asked_at,
                tags,
                fallback_only=lagging,
                brief=soon_outdated(answer.headers, answer.body, issue),
            )
            kept = await parts.store.put(entry, mark)
            name = call.endpoint.name
            parts.tell(EntryStored(name, entry.size_bytes, lagging) if kept else StoreRefused(name))
        return replace(answer, outcome=Outcome.MISS)

    async def _forgot(key: str) -> bool:
        """Let go of what was stored of a thing that is not there any more, in every process; False for nothing."""
        entry = await parts.store.get(key)
        if entry is None or entry.status == ABSENT:
            return False
        await parts.store.discard(key)
        return True

    return send


def _is_storable(answer: Answer) -> bool:
    # A success that declares JSON and does not read as such never comes this far: it is Garbled where it is received.
    kind = content(answer.headers, empty=not answer.body, reads_as_json=True)
    return storable(answer.status, answer.headers, kind)
