"""`POST /webhooks/sentry`: checks that a delivery is Sentry's and recent, writes it down, and only then says so."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from dexter.errors import BadRequest, DexterError, NotFound, TooLarge, Unauthenticated
from dexter.gateway.asgi import AsgiSend, Receive, Response, Scope, headers_of, send_response, whole_body
from dexter.gateway.problems import MethodNotAllowed
from dexter.policy.webhook_deliveries import SERVICE_HOOK
from dexter.policy.webhook_seal import Verdict, epoch, judge
from dexter.stores.webhook_inbox import InboxUnavailable, Received
from dexter.upstream.json_text import NotJson, json_value
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.realtime.webhooks import Webhooks
    from dexter.stores.webhook_inbox import WebhookInbox
    from dexter.wire import Headers

PATH = "/webhooks/sentry"
MAX_DELIVERY_BYTES = 2 * 1024 * 1024
"""A delivery may carry a whole event."""

_NONE = " "
"""Stands for a Request-ID that is missing, and is none."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9._\-]{1,128}")
_RESOURCE = re.compile(r"[a-z_]{1,64}")
_JSON = (("content-type", "application/json"), ("cache-control", "no-store"))


class NotWrittenDown(DexterError):
    """A delivery could not be put on the disk; the poller finds out what it said."""

    status = 503
    remedy = "Whoever runs Dexter must look after its disk; nothing needs to be sent again."
    retry_after_s = 5.0


@dataclass(frozen=True, slots=True)
class WebhookSecrets:
    """What deliveries are signed with; of a kind without one none is taken."""

    integration: str | None = field(repr=False)
    hook: str | None = field(default=None, repr=False)


class SentrysDoor:
    """Takes webhooks in. `counted` hears of each what became of it: a verdict, `taken`, `again`, `unwritten`.

    Service hooks come in by the same door, with headers and a secret of their own.
    """

    def __init__(
        self,
        secrets: WebhookSecrets,
        inbox: WebhookInbox,
        webhooks: Webhooks,
        now: Callable[[], float],
        counted: Callable[[str, str], None],
    ) -> None:
        self._secrets = secrets
        self._inbox = inbox
        self._webhooks = webhooks
        self._now = now
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        if scope["method"] != "POST":
            raise MethodNotAllowed(scope["method"], frozenset({"POST"}))
        headers = headers_of(scope)
        stated = _hook(headers) if header(headers, "x-servicehook-signature") else _integration(headers)
        secret = self._secrets.hook if stated.resource == SERVICE_HOOK else self._secrets.integration
        if secret is None:
            raise NotFound(
                "This Dexter takes no webhooks of this kind.",
                remedy="Set SENTRY_WEBHOOK_SECRET to the client secret of the integration, or"
                " SENTRY_SERVICE_HOOK_SECRET to that of the service hook.",
            )
        try:
            body = await whole_body(receive, headers, MAX_DELIVERY_BYTES)
        except TooLarge:
            self._counted("", "oversized")
            raise
        received = self._checked(body, stated, secret)
        try:
            is_new = await self._inbox.put(received)
        except InboxUnavailable as error:
            self._counted(received.resource, "unwritten")
            raise NotWrittenDown("The delivery could not be written down.") from error
        self._counted(received.resource, "taken" if is_new else "again")
        if is_new:
            self._webhooks.arrived()
        await send_response(send, Response(200, msgspec.json.encode({"taken": is_new}), _JSON))

    def _checked(self, body: bytes, stated: _Stated, secret: str) -> Received:
        verdict = judge(body, stated.signature, stated.timestamp, secret, self._now())
        if verdict is not Verdict.GENUINE:
            self._counted("", verdict.value)
            raise _refusal(verdict)
        # A service hook names itself and not its deliveries; each tells of another event.
        request_id = stated.request_id or hashlib.sha256(body).hexdigest()
        if not _REQUEST_ID.fullmatch(request_id) or not _RESOURCE.fullmatch(stated.resource) or not _is_object(body):
            self._counted("", "malformed")
            raise BadRequest(
                "A delivery needs Request-ID, Sentry-Hook-Resource and a JSON object.",
                remedy="Have Sentry itself send it.",
            )
        return Received(request_id, epoch(stated.timestamp) or 0.0, stated.resource, body)


@dataclass(frozen=True, slots=True)
class _Stated:
    """What a delivery's headers say. A `request_id` of None means that this kind has none."""

    resource: str
    request_id: str | None
    timestamp: str | None
    signature: str | None


def _integration(headers: Headers) -> _Stated:
    return _Stated(
        header(headers, "sentry-hook-resource") or "",
        header(headers, "request-id") or _NONE,
        header(headers, "sentry-hook-timestamp"),
        header(headers, "sentry-hook-signature"),
    )


def _hook(headers: Headers) -> _Stated:
    return _Stated(
        SERVICE_HOOK, None, header(headers, "x-servicehook-timestamp"), header(headers, "x-servicehook-signature")
    )


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
        return isinstance(json_value(body), dict)
    except NotJson:
        return False
