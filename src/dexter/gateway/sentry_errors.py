"""Dexter's own errors on `/api/0`, in the form that Sentry's clients read: a status and `{"detail": "..."}`."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

import msgspec

from dexter.policy.outcome import declares_json, declares_page
from dexter.wire import Headers, header

if TYPE_CHECKING:
    from dexter.errors import DexterError

_SERVER_TROUBLE = 500


def detail(message: str) -> bytes:
    """Give the body that says a message."""
    return msgspec.json.encode({"detail": message})


def of_error(error: DexterError) -> tuple[int, bytes]:
    """Give status and body for an error of Dexter's: what happened, then what to do."""
    return error.status, detail(f"{error.message} {error.remedy}")


def unreadable(status: int, headers: Headers, *, empty: bool) -> bool:
    """Whether what came with an error status is nothing that a client of Sentry's API can read.

    A web page, whatever the status; and anything but JSON from what stands before Sentry, such as the plain text
    of a gateway. An empty 404 is Sentry's own way of saying that there is no such address.
    """
    if status < 400:
        return False
    if declares_page(headers) and not empty:
        return True
    return status >= _SERVER_TROUBLE and (empty or not declares_json(headers))


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
