"""What has come from Sentry, before anybody gets it: read whole where it can be checked, streamed where it cannot."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.errors import Garbled
from dexter.policy.encoding import is_packed
from dexter.policy.outcome import content, declares_json, declares_page, garbled
from dexter.policy.sharing import may_share
from dexter.upstream.bodies import gunzip, read_up_to, with_patience
from dexter.upstream.json_text import looks_like_json
from dexter.wire import Answer, Call, header

if TYPE_CHECKING:
    from dexter.upstream.options import StackOptions


async def received(call: Call, answer: Answer, options: StackOptions) -> Answer:
    """Give the answer with its body read and checked, or, for a Sentry client, as a stream when it is no JSON.

    Raises Garbled for a success that is not what the API promises, and for a body too large to be read.
    """
    # Whoever passes an error on must know whether its client can read it: some of Sentry's are JSON declared as HTML.
    looked_into = may_share(call) or declares_json(answer.headers) or answer.status >= 400
    if call.transparent and not looked_into:
        if 200 <= answer.status < 300 and declares_page(answer.headers):
            raise Garbled("Sentry answered with a web page instead of JSON.")
        return replace(answer, body=with_patience(answer.body, options.attempt_s))
    limit = options.whole_body_bytes if call.transparent else options.largest_body_bytes
    # Whatever is read here is read within the time of the attempt; what is left for others to read is not.
    whole, rest = await read_up_to(answer.body, limit)
    if rest is not None and call.transparent:
        return replace(answer, body=with_patience(rest, options.attempt_s))
    if rest is not None:
        raise Garbled(f"Sentry answered with more than {limit} bytes.")
    _check(call, answer, whole, options)
    return replace(answer, body=whole)


def _check(call: Call, answer: Answer, body: bytes, options: StackOptions) -> None:
    """Raise Garbled for a success that is not what the API promises."""
    expects_json = call.method == "GET"
    is_json = declares_json(answer.headers) and 200 <= answer.status < 300
    reads = is_json and bool(body) and looks_like_json(_plain(answer, body, options))
    kind = content(answer.headers, empty=not body, reads_as_json=reads)
    if (wrong := garbled(answer.status, kind, expects_json=expects_json)) is not None:
        raise Garbled(f"Sentry answered with {wrong}.")


def _plain(answer: Answer, body: bytes, options: StackOptions) -> bytes:
    encoding = header(answer.headers, "content-encoding")
    return gunzip(body, options.largest_body_bytes) if is_packed(encoding) else body
