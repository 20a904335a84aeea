"""`POST /webhooks/sentry/legacy`: the posts of Sentry's old WebHooks plugin, which nothing signs.

Anybody could send them. So they are taken only where somebody switched that on, only so many of them, and of each only
the number of its issue is kept: a hint where to look. What happened there, Sentry itself is asked.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TYPE_CHECKING

import msgspec

from dexter.errors import BadRequest, CallerError, NotFound, TooLarge
from dexter.gateway.asgi import AsgiSend, Receive, Response, Scope, headers_of, send_response, whole_body
from dexter.gateway.problems import MethodNotAllowed
from dexter.gateway.webhooks import MAX_DELIVERY_BYTES, NotWrittenDown
from dexter.policy.webhook_deliveries import LEGACY_PLUGIN
from dexter.stores.webhook_inbox import InboxUnavailable, Received

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.realtime.webhooks import Webhooks
    from dexter.stores.webhook_inbox import WebhookInbox

PATH = "/webhooks/sentry/legacy"
MOST_A_MINUTE = 60
"""How many a process takes in a minute, whoever sends them; each may cost a call to Sentry."""
MINUTE_S = 60.0


class TooManyHints(CallerError):
    """More unsigned posts came than are looked into."""

    status = 429
    remedy = (
        "Nothing needs to be sent again: the poller finds what they said. Use the signed webhooks of an integration."
    )

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"More than {MOST_A_MINUTE} unsigned webhooks came within a minute.")
        self.retry_after_s = retry_after_s


class _Plugins(msgspec.Struct, frozen=True):
    """What is believed of a post: that there is something to see in an issue."""

    id: str | int


class PluginsDoor:
    """Takes the plugin's posts in, where that is switched on."""

    def __init__(
        self,
        is_open: bool,
        inbox: WebhookInbox,
        webhooks: Webhooks,
        now: Callable[[], float],
        counted: Callable[[str, str], None],
    ) -> None:
        self._is_open = is_open
        self._inbox = inbox
        self._webhooks = webhooks
        self._now = now
        self._counted = counted
        self._taken_at: deque[float] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        if scope["method"] != "POST":
            raise MethodNotAllowed(scope["method"], frozenset({"POST"}))
        if not self._is_open:
            raise NotFound(
                "This Dexter takes no unsigned webhooks.",
                remedy="Use the signed webhooks of an internal integration, at /webhooks/sentry; or have"
                " DEXTER_UNSIGNED_WEBHOOKS switched on.",
            )
        self._require_few()
        try:
            body = await whole_body(receive, headers_of(scope), MAX_DELIVERY_BYTES)
        except TooLarge:
            self._counted("", "oversized")
            raise
        number = self._number(body)
        # Only what is believed is kept. The same post again says nothing new.
        kept = msgspec.json.encode({"id": number})
        received = Received(hashlib.sha256(body).hexdigest(), self._now(), LEGACY_PLUGIN, kept)
        try:
            is_new = await self._inbox.put(received)
        except InboxUnavailable as error:
            self._counted(LEGACY_PLUGIN, "unwritten")
            raise NotWrittenDown("The delivery could not be written down.") from error
        self._counted(LEGACY_PLUGIN, "taken" if is_new else "again")
        if is_new:
            self._webhooks.arrived()
        answer = Response(200, msgspec.json.encode({"taken": is_new}), (("cache-control", "no-store"),))
        await send_response(send, answer)

    def _require_few(self) -> None:
        now, taken_at = self._now(), self._taken_at
        while taken_at and now - taken_at[0] >= MINUTE_S:
            taken_at.popleft()
        if len(taken_at) >= MOST_A_MINUTE:
            self._counted("", "too_many")
            raise TooManyHints(max(1.0, taken_at[0] + MINUTE_S - now))
        taken_at.append(now)

    def _number(self, body: bytes) -> str:
        try:
            number = str(msgspec.json.decode(body, type=_Plugins).id)
        except msgspec.MsgspecError:
            number = ""
        if not (number.isascii() and number.isdigit() and len(number) <= 20):
            self._counted("", "malformed")
            raise BadRequest(
                "A post of the plugin is a JSON object whose id is an issue's number.", remedy="Have Sentry send it."
            )
        return number
