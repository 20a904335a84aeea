"""Innermost stage: one attempt at Sentry within its time, the answer received whole or as a stream."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.errors import TimedOut, UpstreamError
from dexter.observe.records import AttemptFinished
from dexter.policy.deadlines import attempt_s
from dexter.policy.encoding import accepts_gzip
from dexter.policy.sharing import may_share
from dexter.upstream.bodies import Upload, close_body
from dexter.upstream.received import received
from dexter.wire import Answer, Call, Headers, Send, header

if TYPE_CHECKING:
    from dexter.upstream.options import StackOptions
    from dexter.upstream.parts import Parts
    from dexter.upstream.transport import Transport

USER_AGENT = "dexter"
_OWN: Headers = (("Accept", "application/json"), ("User-Agent", USER_AGENT))
_PACKED, _PLAIN = ("Accept-Encoding", "gzip"), ("Accept-Encoding", "identity")


def sent(transport: Transport, parts: Parts) -> Send:
    """Give the stage that sends a call. Raises Unreachable, TimedOut or Garbled."""

    async def send(call: Call) -> Answer:
        started = parts.clock.monotonic()
        try:
            answer = await _attempt(call)
        except (UpstreamError, asyncio.CancelledError) as error:
            # Anything else is the caller's: a body that broke off says nothing of Sentry.
            _finished(call, started, error=type(error).__name__)
            raise
        upstream_s = _finished(call, started, answer.status)
        return Answer(answer.status, answer.headers, answer.body, upstream_s=upstream_s)

    def _finished(call: Call, started: float, status: int | None = None, error: str | None = None) -> float:
        duration_s = parts.clock.monotonic() - started
        parts.tell(AttemptFinished(call.endpoint.name, call.method, call.request_id, duration_s, status, error))
        return duration_s

    async def _attempt(call: Call) -> Answer:
        call = replace(call, headers=_request_headers(call))
        if call.body is not None and not isinstance(call.body, bytes):
            return await _upload(call)
        limit = attempt_s(parts.options.attempt_s, call.deadline, parts.clock.monotonic())
        try:
            async with asyncio.timeout(limit):
                return await _receive(call, await transport.send(call), parts.options)
        except TimeoutError as error:
            raise TimedOut(f"Sentry did not answer within {limit:g} s.") from error

    async def _upload(call: Call) -> Answer:
        assert call.body is not None and not isinstance(call.body, bytes)  # noqa: S101, PT018 (narrows the type)
        timer = asyncio.timeout(parts.options.attempt_s)
        upload = Upload(call.body, timer, attempt_s=parts.options.attempt_s, idle_s=parts.options.upload_idle_s)
        try:
            async with timer:
                answer = await transport.send(replace(call, body=upload.chunks()))
                upload.over = True
                timer.reschedule(asyncio.get_running_loop().time() + parts.options.attempt_s)
                return await _receive(call, answer, parts.options)
        except TimeoutError as error:
            raise upload.timed_out() from error
        except UpstreamError:
            if upload.failure is not None:
                raise upload.failure from None
            raise
        finally:
            upload.over = True

    return send


async def _receive(call: Call, answer: Answer, options: StackOptions) -> Answer:
    try:
        return await received(call, answer, options)
    except BaseException:
        await close_body(answer.body)
        raise


def _request_headers(call: Call) -> Headers:
    """Give the headers that go out: the encoding is settled here, the rest is the caller's or Dexter's own."""
    packed = accepts_gzip(header(call.headers, "accept-encoding")) if call.transparent and not may_share(call) else True
    kept = [pair for pair in call.headers if pair[0].lower() != "accept-encoding"]
    if not call.transparent:
        kept += [pair for pair in _OWN if header(call.headers, pair[0]) is None]
    return (*kept, _PACKED if packed else _PLAIN)
