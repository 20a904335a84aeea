"""Stage that outdates what a write changes, before and after it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dexter.observe.records import TagsPurged
from dexter.policy.outcome import changed_nothing, write_is_certain
from dexter.policy.overtaken import noted_for
from dexter.policy.purge import LAG_S, lagging_after, purged_by
from dexter.upstream.issue_shown import issue_shown

if TYPE_CHECKING:
    from dexter.upstream.confirmations import Confirmations
    from dexter.upstream.own_changes import OwnChanges
    from dexter.upstream.parts import Parts
    from dexter.upstream.renewals import Renewals
    from dexter.wire import Answer, Call, Send

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def purging(
    inner: Send, confirmations: Confirmations, renewals: Renewals, own_changes: OwnChanges, parts: Parts
) -> Send:
    """Give the stage that purges a write's tags for all identities, and notes for whoever wrote that they did.

    Once before it is sent, so that nothing older is given while it is under way; and once more when it is over, so
    that no read which overlapped it is stored or joined from then on. The second purge comes also when the write
    failed, timed out or its caller left, since what became of it is unknown then.

    Pages of an issue that was changed for certain are brought up to date at once, as far as that is no view.

    Of a caller that Sentry has not accepted lately, only what may have changed something purges anything, and only
    afterwards: a stranger must not be able to empty the store.
    """

    async def send(call: Call) -> Answer:
        params = dict(call.params)
        tags = frozenset() if call.method in _READS else purged_by(call.endpoint, params)
        if not tags:
            return await inner(call)
        trusted = confirmations.is_confirmed(call.identity)
        # Which issue it changes is known when it is over, and then everything is noted once more.
        noted = noted_for(call, issue=params.get("issue_id"))
        entries = await parts.store.purge(tags | noted) if trusted else 0
        answer: Answer | None = None
        try:
            answer = await inner(call)
        finally:
            if trusted or answer is None or not changed_nothing(answer.status):
                tags, lagging = _changed(call, params, answer)
                until = parts.clock.monotonic() + LAG_S
                if lagging:
                    own_changes.note(call, answer, until)
                again = asyncio.ensure_future(parts.store.purge(tags, lagging, until))
                entries += await asyncio.shield(again)
                parts.tell(TagsPurged(call.endpoint.name, len(tags), entries))
                if answer is not None and 200 <= answer.status < 300:
                    renewals.changed(call)
        return answer

    return send


def _changed(call: Call, params: dict[str, str], answer: Answer | None) -> tuple[frozenset[str], frozenset[str]]:
    """Give the tags that a write purges, by what is known of it afterwards, and those of them that lag."""
    if answer is not None and changed_nothing(answer.status):
        return purged_by(call.endpoint, params), frozenset()
    certain = answer is not None and write_is_certain(answer.status)
    shown = certain and _shows_what_was_named(params, answer)
    tags = purged_by(call.endpoint, params, shown=shown)
    # Only the addresses that answer with the issue itself show by their answer which one was changed.
    only = params["issue_id"] if shown and call.endpoint.unless_shown else None
    noted = noted_for(call, succeeded=certain, issue=only)
    return tags | noted, lagging_after(call.endpoint, params, certain=certain) | noted


def _shows_what_was_named(params: dict[str, str], answer: Answer | None) -> bool:
    if answer is None or not isinstance(answer.body, bytes):
        return False
    issue = issue_shown(answer.headers, answer.body)
    return issue is not None and issue.id == params.get("issue_id")
