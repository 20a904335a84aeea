"""Errors as problem+json (RFC 9457), with what Dexter promises beside it: context, message, timestamp and a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import msgspec

from dexter.errors import CallerError, CircuitOpen, DexterError, DexterFault, Refused, UpstreamError
from dexter.features.moment import iso
from dexter.gateway.retry_after import retry_after

MEDIA_TYPE = "application/problem+json"

LEGACY = "legacy"
"""The key in a scope's state under which stands whose address of an earlier Dexter a request uses, if any."""
SAID_OF_ERRORS = "said_of_errors"
"""The key in a scope's state under which stand the header fields of an error that no face answers itself."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A failed request, told to its caller. `status` is the HTTP status, `headers` go out beside the body."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...]


class FieldError(msgspec.Struct, frozen=True):
    """One thing that is wrong with a body or a query: where, and what."""

    field: str
    message: str


class MethodNotAllowed(CallerError):
    """The address exists, but does not take this method."""

    status = 405

    def __init__(self, method: str, allowed: frozenset[str]) -> None:
        self.allowed = ", ".join(sorted(allowed))
        super().__init__(f"This address does not take {method}.", remedy=f"It takes {self.allowed}.")


class InvalidFields(CallerError):
    """Several fields of a body are not of their permitted form."""

    status = 422
    remedy = "Correct the named fields and send the request again."

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


def problem(error: DexterError, *, context: str, now: float, request_id: str, legacy: str | None = None) -> Problem:
    """Give the answer to a failed request.

    `context` names what was attempted, such as `issues.list`. A DexterFault tells nothing of its cause: that is in
    the log, under the request id. `legacy` is the version of an earlier Dexter's address: its callers look for a code.
    """
    title = HTTPStatus(error.status).phrase
    message = "Dexter failed to do this because of a fault of its own." if type(error) is DexterFault else error.message
    document: dict[str, object] = {
        "type": f"urn:dexter:problem:{_slug(type(error).__name__)}",
        "title": title,
        "status": error.status,
        "detail": message,
        "context": context,
        "message": message,
        "timestamp": iso(now),
        "remedy": error.remedy,
        "request_id": request_id,
    }
    if isinstance(error, Refused):
        document["upstream_status"] = error.upstream_status
    if isinstance(error, CircuitOpen):
        document["breaker"] = {
            "class": error.call_class,
            "since": iso(error.since),
            "last_failure": error.last_failure,
            "next_probe": iso(error.probe_at),
        }
    if isinstance(error, InvalidFields):
        document["errors"] = [{"field": each.field, "message": each.message} for each in error.errors]
    headers = (("content-type", MEDIA_TYPE), ("cache-control", "no-store"), *_extra_headers(error, now))
    if legacy is not None:
        document |= {"code": _code(error), "error_id": request_id}
        headers = (*headers, ("x-error-code", _code(error)))
    return Problem(error.status, msgspec.json.encode(document), headers)


def _extra_headers(error: DexterError, now: float) -> tuple[tuple[str, str], ...]:
    if isinstance(error, MethodNotAllowed):
        return (("allow", error.allowed),)
    if error.status == 401:
        return (("www-authenticate", "Bearer"),)
    return retry_after(error, now)


def _code(error: DexterError) -> str:
    """Give the code that earlier Dexters had for an error."""
    match error:
        case DexterError(status=404):
            return "NOT_FOUND"
        case UpstreamError():
            return "SENTRY_API_ERROR"
        case DexterError(status=400 | 422):
            return "VALIDATION_ERROR"
        case DexterError(status=503):
            return "CONFIGURATION_ERROR"
        case DexterFault():
            return "INTERNAL_SERVER_ERROR"
        case _:
            return "HTTP_ERROR"


def _slug(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("-")
