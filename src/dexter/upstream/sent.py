"""Innermost stage: one attempt at Sentry within its time, the answer received whole or as a stream."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from dexter.errors import Garbled, TimedOut, UpstreamError
from dexter.observe.records import AttemptFinished, Observer, tell
from dexter.policy.deadlines import attempt_s
from dexter.policy.encoding import accepts_gzip, is_packed
from dexter.policy.outcome import content, declares_json, declares_page, garbled
from dexter.policy.sharing import may_share
from dexter.upstream.bodies import Upload, close_body, gunzip, read_up_to, with_patience
from dexter.wire import Answer, Call, Headers, Send, header

if TYPE_CHECKING:
    from dexter.upstream.clock import Clock
    from dexter.upstream.options import StackOptions
    from dexter.upstream.transport import Transport

USER_AGENT = "dexter"
_JSON = msgspec.json.Decoder(msgspec.Raw)


def sent(transport: Transport, clock: Clock, options: StackOptions, observers: tuple[Observer, ...]) -> Send:
    """Give the stage that sends a call. Raises Unreachable, TimedOut or Garbled."""

    async def send(call: Call) -> Answer:
        started = clock.monotonic()
        status, failure = None, None
        try:
            answer = await _attempt(call)
            status = answer.status
        except BaseException as error:
            failure = type(error).__name__
            raise
        finally:
            duration_s = clock.monotonic() - started
            name = call.endpoint.name
            tell(observers, AttemptFinished(name, call.method, call.request_id, duration_s, status, failure))
        return replace(answer, upstream_s=duration_s)

    async def _attempt(call: Call) -> Answer:
        call = replace(call, headers=_request_headers(call))
        if call.body is not None and not isinstance(call.body, bytes):
            return await _upload(call)
        limit = attempt_s(options.attempt_s, call.deadline, clock.monotonic())
        try:
            async with asyncio.timeout(limit):
                return await _receive(call, await transport.send(call))
        except TimeoutError as error:
            raise TimedOut(f"Sentry did not answer within {limit:g} s.") from error

    async def _upload(call: Call) -> Answer:
        assert call.body is not None and not isinstance(call.body, bytes)  # noqa: S101, PT018 (narrows the type)
        timer = asyncio.timeout(options.attempt_s)
        upload = Upload(call.body, timer, attempt_s=options.attempt_s, idle_s=options.upload_idle_s)
        try:
            async with timer:
                answer = await transport.send(replace(call, body=upload.chunks()))
                upload.over = True
                timer.reschedule(asyncio.get_running_loop().time() + options.attempt_s)
                return await _receive(call, answer)
        except TimeoutError as error:
            raise upload.timed_out() from error
        except UpstreamError:
            if upload.failure is not None:
                raise upload.failure from None
            raise
        finally:
            upload.over = True

    async def _receive(call: Call, answer: Answer) -> Answer:
        try:
            return await _received(call, answer, options)
        except BaseException:
            await close_body(answer.body)
            raise

    return send


async def _received(call: Call, answer: Answer, options: StackOptions) -> Answer:
    """Give the answer with its body read and checked, or, for a Sentry client, as a stream when it is no JSON."""
    body = with_patience(answer.body, options.attempt_s)
    if call.transparent and not (may_share(call) or declares_json(answer.headers)):
        if 200 <= answer.status < 300 and declares_page(answer.headers):
            raise Garbled("Sentry answered with a web page instead of JSON.")
        return replace(answer, body=body)
    limit = options.whole_body_bytes if call.transparent else options.largest_body_bytes
    whole, rest = await read_up_to(body, limit)
    if rest is not None and call.transparent:
        return replace(answer, body=rest)
    if rest is not None:
        raise Garbled(f"Sentry answered with more than {limit} bytes.")
    _check(call, answer, whole, options)
    return replace(answer, body=whole)


def _check(call: Call, answer: Answer, body: bytes, options: StackOptions) -> None:
    """Raise Garbled for a success that is not what the API promises."""
    expects_json = call.method == "GET"
    is_json = declares_json(answer.headers) and 200 <= answer.status < 300
    reads = is_json and bool(body) and _reads_as_json(_plain(answer, body, options))
    kind = content(answer.headers, empty=not body, reads_as_json=reads)
    if (wrong := garbled(answer.status, kind, expects_json=expects_json)) is not None:
        raise Garbled(f"Sentry answered with {wrong}.")


def _plain(answer: Answer, body: bytes, options: StackOptions) -> bytes:
    encoding = header(answer.headers, "content-encoding")
    return gunzip(body, options.largest_body_bytes) if is_packed(encoding) else body


def _reads_as_json(body: bytes) -> bool:
    try:
        _JSON.decode(body)
    except msgspec.DecodeError:
        return _reads_as_lenient_json(body)
    return True


def _reads_as_lenient_json(body: bytes) -> bool:
    # Sentry is written in Python, whose writer lets lone surrogates and NaN through that a strict reader refuses.
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _request_headers(call: Call) -> Headers:
    """Give the headers that go out: the encoding is settled here, the rest is the caller's or Dexter's own."""
    packed = accepts_gzip(header(call.headers, "accept-encoding")) if call.transparent and not may_share(call) else True
    kept = tuple((name, value) for name, value in call.headers if name.lower() != "accept-encoding")
    own = () if call.transparent else (("Accept", "application/json"), ("User-Agent", USER_AGENT))
    added = tuple((name, value) for name, value in own if header(kept, name) is None)
    return (*kept, *added, ("Accept-Encoding", "gzip" if packed else "identity"))
