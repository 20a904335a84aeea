"""Stage that follows Sentry's redirects, as for a renamed project, without carrying a credential anywhere else."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.errors import Garbled
from dexter.upstream.bodies import close_body
from dexter.wire import CacheRule, header

if TYPE_CHECKING:
    from dexter.upstream.upstream import Upstream
    from dexter.wire import Answer, Call, Send

MAX_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 307, 308})


def followed(inner: Send, upstream: Upstream) -> Send:
    """Give the stage that follows redirects within the upstream, with method and body as they were.

    Sentry answers a PUT to a renamed project with 302 and means: send the same there. A Sentry client's own calls
    are not followed; they get the redirect as it is. Raises Garbled for a redirect to elsewhere, or without an end.
    """

    async def send(call: Call) -> Answer:
        answer = await inner(call)
        for _ in range(MAX_REDIRECTS):
            location = header(answer.headers, "location")
            if call.transparent or answer.status not in _REDIRECTS or location is None:
                return answer
            await close_body(answer.body)
            call = _redirected(call, location)
            answer = await inner(call)
        if answer.status in _REDIRECTS:
            await close_body(answer.body)
            raise Garbled(f"Sentry redirected more than {MAX_REDIRECTS} times.")
        return answer

    def _redirected(call: Call, location: str) -> Call:
        target = upstream.own_target(location, call.path)
        if target is None:
            raise Garbled("Sentry redirects to another origin, where its credential must not go.")
        # The names in the new path are not known here: its answer is not stored, and a write there purges widely.
        endpoint = replace(call.endpoint, cache=CacheRule())
        return replace(call, endpoint=endpoint, path=target[0], query=target[1], params=())

    return send
