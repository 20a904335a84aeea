"""What a failure of Sentry's means to a caller of Dexter's own API: pure, from status and body to an error.

Who must act decides the status. A *service* credential that Sentry does not know is for whoever runs Dexter to mend
(502); a credential of the caller's own is the caller's (401). What a known credential may not see (403) may be a name
that the caller mistyped: Sentry answers so to a project that does not exist.
"""

from __future__ import annotations

import re
from typing import Any

from dexter.errors import (
    BadRequest,
    DexterError,
    Forbidden,
    Garbled,
    NotFound,
    RateLimited,
    Refused,
    TimedOut,
    TooLarge,
    Unauthenticated,
    Unreachable,
    UpstreamError,
)
from dexter.policy.deprecation import deprecation, is_brownout
from dexter.policy.retry import retry_after_s
from dexter.upstream.json_text import NotJson, json_value
from dexter.wire import Headers, Identity, header

MAX_MESSAGE = 1000
"""So much of what Sentry says is passed on; a list of permitted values fits."""


class Conflict(BadRequest):
    """Sentry says that the request contradicts what it holds."""

    status = 409


class SentryUnavailable(Refused):
    """Sentry says that it cannot serve just now."""

    status = 503
    retry_after_s = 5.0


def upstream_error(status: int, headers: Headers, body: bytes, *, identity: Identity, now: float) -> DexterError:
    """Give the error that an answer with a status from 300 stands for."""
    said = message_of(body)
    if status in (401, 403):
        return _refused_credential(status, said, body, identity)
    if status == 429:
        return RateLimited(said or "Sentry asks to send less.", until=_until(headers, now))
    if status in _CALLERS:
        kind, fallback = _CALLERS[status]
        return kind(f"Sentry says: {said}" if said else fallback)
    error = _upstreams(status, headers, said, body)
    # What Sentry says of its own return is better than a guess.
    error.retry_after_s = retry_after_s(headers) or error.retry_after_s
    return error


_CALLERS: dict[int, tuple[type[DexterError], str]] = {
    400: (BadRequest, "Sentry does not accept the request."),
    404: (NotFound, "Sentry does not know what the address names, or the credential may not see it."),
    409: (Conflict, "Sentry says that the request contradicts what it holds."),
    413: (TooLarge, "Sentry says that the request is too large."),
    422: (BadRequest, "Sentry does not accept the request."),
}


def _refused_credential(status: int, said: str, body: bytes, identity: Identity) -> DexterError:
    if identity.kind == "service":
        return _refused_service(status, said, body)
    if status == 401:
        return Unauthenticated(
            f"Sentry does not accept your token: {said}" if said else "Sentry does not accept your token.",
            remedy="Send a Sentry token that is valid and not expired.",
        )
    return Forbidden(
        f"Sentry does not let your token do this: {said}" if said else "Sentry does not let your token do this.",
        remedy="Use a Sentry token that has the scope and may see the project.",
    )


def _refused_service(status: int, said: str, body: bytes) -> DexterError:
    if status == 403:
        return Forbidden(
            f"Sentry does not let Dexter's credential see or do this: {said or status}",
            remedy="Check the names in the request, such as its project; if they are right, whoever runs Dexter must "
            "give SENTRY_API_TOKEN the scope for it.",
        )
    return Refused(
        f"Sentry refuses Dexter's own credential: {said or status}",
        upstream_status=status,
        body=body,
        remedy="Whoever runs Dexter must check SENTRY_API_TOKEN and SENTRY_BASE_URL.",
    )


def _upstreams(status: int, headers: Headers, said: str, body: bytes) -> UpstreamError:
    if 300 <= status < 400:
        target = header(headers, "location") or "another address"
        return Refused(
            "Sentry says that this has moved, as it does for a renamed project or organization.",
            upstream_status=status,
            body=body,
            remedy=f"Use its new name: Sentry points to {_path_of(target)}.",
        )
    if status in (408, 504):
        return TimedOut("Sentry did not answer in time.")
    if status == 503:
        return SentryUnavailable("Sentry is not available just now.", upstream_status=status, body=body)
    if status == 502:
        return Unreachable("What stands in front of Sentry could not reach it.")
    if is_brownout(status, headers):
        return _switched_off(headers, body)
    if status == 410:
        return Refused(
            "Sentry has switched this address off, for a while or for good.",
            upstream_status=status,
            body=body,
            remedy="Try again in a few minutes; if it lasts, this Sentry no longer has it.",
        )
    return Refused(
        f"Sentry answered {status}: {said}" if said else f"Sentry answered {status}.", upstream_status=status
    )


def _switched_off(headers: Headers, body: bytes) -> SentryUnavailable:
    announced = deprecation(headers)
    successor = announced.replacement if announced is not None else None
    instead = f"; Sentry names {successor} instead" if successor else ""
    return SentryUnavailable(
        "Sentry has switched this address off for a few minutes, since it is on its way out.",
        upstream_status=410,
        body=body,
        remedy=f"Try again in a few minutes{instead}.",
    )


def _path_of(target: str) -> str:
    # Only the path: the origin is Sentry's own and of no use to a caller of the gateway.
    return re.sub(r"^https?://[^/]+", "", target).split("?")[0][:MAX_MESSAGE]


def _until(headers: Headers, now: float) -> float:
    """Give when Sentry lets callers in again; its API limiter says so in a header of its own, not in Retry-After."""
    for name, base in (("x-sentry-rate-limit-reset", 0.0), ("retry-after", now)):
        text = header(headers, name)
        if text and re.fullmatch(r"\d+(\.\d+)?", text):
            return max(now + 1.0, base + float(text))
    return now + 1.0


def message_of(body: bytes) -> str:
    """Give the sentence in one of Sentry's many error forms, or an empty text for HTML and the like."""
    try:
        document = json_value(body)
    except NotJson:
        return ""
    return shortened(_sentence(document))


def shortened(text: str) -> str:
    """Give a text that is not too long, cut between two words and marked as cut where it was."""
    if len(text) <= MAX_MESSAGE:
        return text
    return f"{text[:MAX_MESSAGE].rpartition(' ')[0] or text[:MAX_MESSAGE]} …"


def _sentence(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, map(_sentence, value)))
    if not isinstance(value, dict):
        return ""
    for key in ("detail", "message", "info"):
        if value.get(key):
            return _sentence(value[key])
    return "; ".join(f"{key}: {text}" for key, each in value.items() if (text := _sentence(each)))


def garbled(what: str) -> Garbled:
    """Give the error for a success whose body is not what the API promises."""
    return Garbled(
        f"Sentry answered, but with {what} instead of JSON.",
        remedy="Check that SENTRY_BASE_URL points at Sentry itself and not at a login page or proxy; else try again.",
    )
