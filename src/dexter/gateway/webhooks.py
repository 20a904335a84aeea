"""`POST /webhooks/sentry`: checks that a delivery is Sentry's and recent, writes it down, and only then says so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from dexter.errors import BadRequest, DexterError, NotFound, TooLarge, Unauthenticated
from dexter.gateway.asgi import AsgiSend, Receive, Response, Scope, headers_of, send_response, whole_body
from dexter.gateway.problems import MethodNotAllowed
from dexter.policy.webhook_seal import Verdict, epoch, judge
from dexter.stores.webhook_inbox import InboxUnavailable, Received
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.realtime.webhooks import Webhooks
    from dexter.stores.webhook_inbox import WebhookInbox

PATH = "/webhooks/sentry"
MAX_DELIVERY_BYTES = 2 * 1024 * 1024
"""A delivery may carry a whole event."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,128}")
_RESOURCE = re.compile(r"[a-z_]{1,64}")
_JSON = (("content-type", "application/json"), ("cache-control", "no-store"))


class NotWrittenDown(DexterError):
    """A delivery could not be put on the disk; the poller finds out what it said."""

    status = 503
    remedy = "Whoever runs Dexter must look after its disk; nothing needs to be sent again."
    retry_after_s = 5.0


class SentrysDoor:
    """Takes webhooks in. `counted` hears of each what became of it: a verdict, `taken`, `again`, `unwritten`."""

    def __init__(
        self,
        secret: str | None,
        inbox: WebhookInbox,
        webhooks: Webhooks,
        now: Callable[[], float],
        counted: Callable[[str, str], None],
    ) -> None:
        self._secret = secret
        self._inbox = inbox
        self._webhooks = webhooks
        self._now = now
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        if scope["method"] != "POST":
            raise MethodNotAllowed(scope["method"], frozenset({"POST"}))
        if self._secret is None:
            raise NotFound(
                "This Dexter takes no webhooks.",
                remedy="Set SENTRY_WEBHOOK_SECRET to the client secret of the integration.",
            )
        headers = headers_of(scope)
        resource = header(headers, "sentry-hook-resource") or ""
        try:
            body = await whole_body(receive, headers, MAX_DELIVERY_BYTES)
        except TooLarge:
            self._counted("", "oversized")
            raise
        received = self._checked(body, resource, scope)
        try:
            is_new = await self._inbox.put(received)
        except InboxUnavailable as error:
            self._counted(resource, "unwritten")
            raise NotWrittenDown("The delivery could not be written down.") from error
        self._counted(resource, "taken" if is_new else "again")
        if is_new:
            self._webhooks.arrived()
        await send_response(send, Response(200, msgspec.json.encode({"taken": is_new}), _JSON))

    def _checked(self, body: bytes, resource: str, scope: Scope) -> Received:
        headers = headers_of(scope)
        timestamp = header(headers, "sentry-hook-timestamp")
        signature = header(headers, "sentry-hook-signature")
        verdict = judge(body, signature, timestamp, self._secret or "", self._now())
        if verdict is not Verdict.GENUINE:
            self._counted("", verdict.value)
            raise _refusal(verdict)
        request_id = header(headers, "request-id") or ""
        if not _REQUEST_ID.fullmatch(request_id) or not _RESOURCE.fullmatch(resource) or not _is_object(body):
            self._counted("", "malformed")
            raise BadRequest(
                "A delivery needs Request-ID, Sentry-Hook-Resource and a JSON object.",
                remedy="Have Sentry itself send it.",
            )
        return Received(request_id, epoch(timestamp) or 0.0, resource, body)


def _refusal(verdict: Verdict) -> DexterError:
    match verdict:
        case Verdict.UNDATED:
            return BadRequest("Sentry-Hook-Timestamp is missing or no time.")
        case Verdict.EXPIRED:
            return BadRequest("The delivery is too old.", remedy="Set the clocks of both machines.")
        case _:
            return Unauthenticated(
                "The delivery is not signed with this Dexter's webhook secret.",
                remedy="Set SENTRY_WEBHOOK_SECRET to the integration's client secret.",
            )


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(body), dict)
    except msgspec.DecodeError:
        return False
