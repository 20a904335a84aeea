"""The addresses that SDKs send to: envelopes, single events, and CORS for browsers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dexter.sandbox.ingest.decoding import MAX_ATTACHMENTS, MAX_COMPRESSED, MAX_EVENT, TooBig, Undecodable, decoded
from dexter.sandbox.ingest.envelope import Envelope, Item, Malformed, event_id_of, parse_envelope
from dexter.sandbox.ingest.items import CATEGORIES, BadItem, Delivery, count_outcome, deliver
from dexter.sandbox.ingest.project_key import agreed_key, key_in_dsn, key_in_header, refused, sending_project
from dexter.sandbox.replies import SentryError, empty_reply, json_reply
from dexter.sandbox.routing import Handler, serves

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from dexter.sandbox.request import IngestLimit, SandboxRequest

_LIMITS = {"event": MAX_EVENT, "transaction": MAX_EVENT, "user_report": MAX_EVENT, "attachment": MAX_ATTACHMENTS}
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Allow-Headers": (
        "x-sentry-auth, x-requested-with, x-forwarded-for, origin, accept, content-type, authentication,"
        " authorization, content-encoding, transfer-encoding"
    ),
    "Access-Control-Max-Age": "3600",
}


def _cors(request: SandboxRequest) -> dict[str, str]:
    return {
        "Access-Control-Allow-Origin": request.headers.get("origin") or "*",
        "Access-Control-Expose-Headers": "x-sentry-error, x-sentry-rate-limits, retry-after",
        "Vary": "origin",
    }


def _open_to_browsers(handler: Handler) -> Handler:
    """Let a browser of any origin read the reply, an error's as well."""

    async def opened(request: SandboxRequest) -> Response:
        try:
            response = await handler(request)
        except SentryError as error:
            response = error.reply()
        response.headers.update(_cors(request))
        return response

    return opened


@serves("OPTIONS", "/api/{project_id}/envelope/", public=True)
@serves("OPTIONS", "/api/{project_id}/envelope", public=True)
@serves("OPTIONS", "/api/{project_id}/store/", public=True)
@serves("OPTIONS", "/api/{project_id}/store", public=True)
async def preflight(request: SandboxRequest) -> Response:
    """Tell a browser that it may send."""
    return empty_reply(200, {**_cors(request), **_PREFLIGHT})


@serves("POST", "/api/{project_id}/envelope/", public=True)
@serves("POST", "/api/{project_id}/envelope", public=True)
@_open_to_browsers
async def take_envelope(request: SandboxRequest) -> Response:
    """Take in an envelope; the reply names its event, if it has one."""
    data = await _content(request)
    try:
        envelope = parse_envelope(data)
    except Malformed as error:
        raise refused(400, "invalid event envelope", *error.causes) from error
    return _deliver(request, envelope)


@serves("POST", "/api/{project_id}/store/", public=True)
@serves("POST", "/api/{project_id}/store", public=True)
@_open_to_browsers
async def take_event(request: SandboxRequest) -> Response:
    """Take in a single event, the way SDKs did before envelopes."""
    data = await _content(request)
    if not data.strip():
        raise refused(400, "empty event data")
    return _deliver(request, Envelope({}, (Item("event", {}, data),)))


@serves("POST", "/api/{project_id}/security/", public=True)
@serves("POST", "/api/{project_id}/minidump/", public=True)
@serves("POST", "/api/{project_id}/unreal/{sentry_key}/", public=True)
@_open_to_browsers
async def not_taken(request: SandboxRequest) -> Response:
    """Say that the sandbox does not take in browser security reports and native crash dumps."""
    del request
    raise refused(404, "the sandbox takes in envelopes and events only")


async def _content(request: SandboxRequest) -> bytes:
    too_large = refused(413, "request body too large")
    length = request.headers.get("content-length") or ""
    if length.isdecimal() and int(length) > MAX_COMPRESSED:
        raise too_large
    parts, size = [], 0
    async for part in request.http.stream():
        size += len(part)
        if size > MAX_COMPRESSED:
            raise too_large
        parts.append(part)
    try:
        return decoded(b"".join(parts), request.headers.get("content-encoding") or "")
    except TooBig as error:
        raise too_large from error
    except Undecodable as error:
        raise refused(400, "failed to read request body", str(error)) from error


def _deliver(request: SandboxRequest, envelope: Envelope) -> Response:
    project_id = request.params["project_id"]
    headers = request.headers
    named = key_in_header(headers.get("x-sentry-auth")) or key_in_header(headers.get("authorization"))
    key = agreed_key(project_id, named, request.query.get("sentry_key"), key_in_dsn(envelope.headers.get("dsn")))
    project = sending_project(request.db, project_id, key)
    _check_sizes(envelope)
    client = request.http.client
    delivery = Delivery(
        request.db, project, request.now, request.sandbox.options.index_lag_s,
        client_ip=client.host if client else None, event_id=event_id_of(envelope.headers.get("event_id")),
    )  # fmt: skip
    limits = [limit for limit in request.sandbox.ingest_limits if limit.until > request.now]
    known = [item for item in envelope.items if item.type in CATEGORIES]
    try:
        with request.db.transaction():
            for item in known:
                _take_or_drop(delivery, item, limits)
    except BadItem as error:
        raise refused(400, "invalid event envelope", str(error)) from error
    return _reply(delivery, limits, request.now, dropped=bool(known) and not delivery.accepted)


def _take_or_drop(delivery: Delivery, item: Item, limits: list[IngestLimit]) -> None:
    category = CATEGORIES[item.type]
    limit = next((limit for limit in limits if not limit.categories or category in limit.categories), None)
    if limit is None:
        deliver(delivery, item)
    else:
        count_outcome(delivery, category, "rate_limited", limit.reason)


def _check_sizes(envelope: Envelope) -> None:
    if sum(len(item.payload) for item in envelope.items if item.type == "attachment") > MAX_ATTACHMENTS:
        raise refused(413, "envelope exceeded size limits for type 'attachment'")
    for item in envelope.items:
        if len(item.payload) > _LIMITS.get(item.type, MAX_ATTACHMENTS):
            raise refused(413, f"envelope exceeded size limits for type '{item.type}'")


def _reply(delivery: Delivery, limits: list[IngestLimit], now: float, *, dropped: bool) -> Response:
    headers = _limit_headers(limits, now)
    if dropped:
        wait = max(math.ceil(limit.until - now) for limit in limits)
        raise refused(429, "rate limit reached: everything in the envelope was dropped",
                      headers={**headers, "Retry-After": str(wait)})  # fmt: skip
    names_event = {"error", "transaction", "feedback"} & set(delivery.accepted)
    return json_reply({"id": delivery.event_id} if names_event and delivery.event_id else {}, headers=headers)


def _limit_headers(limits: list[IngestLimit], now: float) -> Mapping[str, str]:
    if not limits:
        return {}
    said = (
        f"{math.ceil(limit.until - now)}:{';'.join(limit.categories)}:{limit.scope}:{limit.reason}" for limit in limits
    )
    return {"X-Sentry-Rate-Limits": ", ".join(said)}
