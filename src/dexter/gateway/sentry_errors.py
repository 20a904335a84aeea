"""Dexter's own errors on `/api/0`, in the form that Sentry's clients read: a status and `{"detail": "..."}`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from dexter.errors import UpstreamError
from dexter.policy.encoding import is_packed
from dexter.policy.outcome import declares_json, declares_page
from dexter.upstream.bodies import gunzip
from dexter.wire import Body, Headers, header

if TYPE_CHECKING:
    from dexter.errors import DexterError

_SERVER_TROUBLE = 500
_LONGEST_ERROR_BYTES = 1024 * 1024


def detail(message: str) -> bytes:
    """Give the body that says a message."""
    return msgspec.json.encode({"detail": message})


def of_error(error: DexterError) -> tuple[int, bytes]:
    """Give status and body for an error of Dexter's: what happened, then what to do."""
    return error.status, detail(f"{error.message} {error.remedy}")


def unreadable(status: int, headers: Headers, body: Body) -> bool:
    """Whether what came with an error status is nothing that a client of Sentry's API can read.

    A web page, whatever the status; and anything but JSON from what stands before Sentry, such as the plain text
    of a gateway. An empty 404 is Sentry's own way of saying that there is no such address, and its rate limiter
    declares its JSON as HTML.
    """
    if status < 400 or _is_json(headers, body):
        return False
    return status >= _SERVER_TROUBLE or (declares_page(headers) and body != b"")


def _is_json(headers: Headers, body: Body) -> bool:
    if not isinstance(body, bytes):
        return declares_json(headers)
    try:
        plain = gunzip(body, _LONGEST_ERROR_BYTES) if is_packed(header(headers, "content-encoding")) else body
        msgspec.json.decode(plain, type=msgspec.Raw)
    except (ValueError, RecursionError, UpstreamError):
        return False
    return True


def in_its_place(status: int, headers: Headers) -> bytes:
    """Give the body that replaces an unreadable one."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "an error"
    kind = "a web page" if declares_page(headers) else "no JSON"
    wait = header(headers, "retry-after")
    again = f" It asks to wait {wait} s." if wait and wait.isdigit() else ""
    return detail(f"Sentry, or what stands before it, answered {status} {phrase} with {kind}.{again}")
