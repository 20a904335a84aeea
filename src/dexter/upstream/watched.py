"""Stage that looks at what comes from Sentry: announcements of an end, faulty links, replies that drift.

Announcements and links are read from headers. Replies are looked into behind the caller's back, at most one of an
operation in ten seconds, so that what it costs does not grow with the traffic.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.catalog.conformance import faults_of
from dexter.catalog.table import by_request, operation
from dexter.errors import Garbled
from dexter.observe.records import DeprecationSeen, LinkMended, ReplyChecked
from dexter.policy.deprecation import announced, deprecation, is_brownout
from dexter.policy.encoding import is_packed
from dexter.policy.mended_link import is_uncertain, mended
from dexter.policy.outcome import declares_json
from dexter.upstream.bodies import close_body, gunzip
from dexter.upstream.json_text import NotJson, json_value
from dexter.wire import Answer, Call, Headers, Send, header

if TYPE_CHECKING:
    from dexter.upstream.parts import Parts
    from dexter.upstream.upstream import Upstream

CHECKED_EVERY_S = 10.0
"""How often, at most, a reply of one operation is held against the catalog."""
LARGEST_CHECKED_BYTES = 512 * 1024


class Watched:
    """A stage that adds what Sentry announces in standard words, and mends a `Link` whose meaning is certain.

    A list whose `Link` is not certain is refused, as every garbled answer is.
    """

    def __init__(self, inner: Send, upstream: Upstream, parts: Parts) -> None:
        self._inner = inner
        self._upstream = upstream
        self._parts = parts
        self._check_again_at: dict[str, float] = {}

    async def __call__(self, call: Call) -> Answer:
        """Give the answer to a call. Raises Garbled for a page that nobody knows the next one of."""
        answer = await self._inner(call)
        answer = self._heard(call, answer)
        if self._is_due(call, answer):
            self._parts.background.start(self._checked(call, answer))
        try:
            return self._with_links(call, answer)
        except Garbled:
            await close_body(answer.body)
            raise

    def _heard(self, call: Call, answer: Answer) -> Answer:
        """Give the answer with what Sentry says of its address's end in standard words too."""
        found = deprecation(answer.headers)
        if found is None:
            return answer
        brownout = is_brownout(answer.status, answer.headers)
        self._parts.tell(DeprecationSeen(call.endpoint.name, found.date, found.replacement, brownout))
        return replace(answer, headers=(*answer.headers, *announced(answer.headers, call.params)))

    def _with_links(self, call: Call, answer: Answer) -> Answer:
        link = header(answer.headers, "link")
        if link is None:
            return answer
        right = mended(link, self._upstream.address(call.path, ""), call.query)
        if right is None:
            if call.method == "GET" and 200 <= answer.status < 300 and is_uncertain(link):
                # Without it a list seems to end here, and what follows would be missing without a word.
                raise Garbled("Sentry answered with a Link header that cannot be read, so that more may follow or not.")
            return answer
        self._parts.tell(LinkMended(call.endpoint.name))
        return replace(answer, headers=_replaced(answer.headers, "Link", right))

    def _is_due(self, call: Call, answer: Answer) -> bool:
        name, body = call.endpoint.name, answer.body
        if name == "*" or answer.status not in (200, 201) or not isinstance(body, bytes) or not body:
            return False
        now = self._parts.clock.monotonic()
        if now < self._check_again_at.get(name, 0.0) or len(body) > LARGEST_CHECKED_BYTES:
            return False
        self._check_again_at[name] = now + CHECKED_EVERY_S
        return declares_json(answer.headers)

    async def _checked(self, call: Call, answer: Answer) -> None:
        # The caller's answer goes out first.
        await asyncio.sleep(0)
        promised = operation(call.endpoint.name).responses.get(answer.status)
        if promised is None or promised.schema is None or not isinstance(answer.body, bytes):
            return
        try:
            packed = is_packed(header(answer.headers, "content-encoding"))
            value = json_value(gunzip(answer.body, 8 * LARGEST_CHECKED_BYTES) if packed else answer.body)
        except (NotJson, Garbled):
            return
        chosen = by_request().get(call.endpoint.name, frozenset())
        faults = tuple(
            fault for fault in faults_of(value, promised.schema) if fault[0].rpartition(".")[2] not in chosen
        )
        self._parts.tell(ReplyChecked(call.endpoint.name, faults))


def _replaced(headers: Headers, name: str, value: str) -> Headers:
    return (*((key, kept) for key, kept in headers if key.lower() != name.lower()), (name, value))
