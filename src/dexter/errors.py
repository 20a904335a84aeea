"""Every error Dexter raises, split by who must act.

DexterError
├── CallerError            fix the request
│   ├── BadRequest         a parameter, body or cursor is not of its permitted form
│   ├── Unauthenticated    no credential, or one that is not valid
│   ├── Forbidden          a valid credential without the right
│   ├── NotFound           the address or the thing does not exist
│   └── TooLarge           the request exceeds a stated limit
├── UpstreamError          wait, or it is Sentry
│   ├── Unreachable        no connection to Sentry
│   ├── TimedOut           Sentry did not answer in time
│   ├── Garbled            Sentry answered, but not what its API promises
│   ├── Refused            Sentry answered with an error of its own, carried along
│   ├── CircuitOpen        Sentry failed so often that it is left alone until a stated moment
│   ├── RateLimited        Sentry asks to wait until a stated moment
│   └── NotInThisSentry    this Sentry is too old, or of another make, and has nothing that means the same
└── DexterFault            our bug
SettingsError              a setting is not of its permitted form; ends the start
"""

from __future__ import annotations


class DexterError(Exception):
    """Root of the tree: a status for HTTP, a message for people, and what to do about it."""

    status = 500
    remedy = "Report this to whoever runs Dexter, with the request id."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        if remedy is not None:
            self.remedy = remedy


class CallerError(DexterError):
    """The request is at fault; sending it again unchanged will fail again."""

    status = 400
    remedy = "Correct the request and send it again."


class BadRequest(CallerError):
    """A parameter, body or cursor is not of its permitted form."""


class Unauthenticated(CallerError):
    """No credential came with the request, or one that is not valid."""

    status = 401
    remedy = "Sign in, or send a valid token."


class Forbidden(CallerError):
    """The credential is valid but does not allow this."""

    status = 403
    remedy = "Ask for the right to do this, or use a credential that has it."


class NotFound(CallerError):
    """The address or the thing it names does not exist."""

    status = 404
    remedy = "Check the address and the identifiers in it."


class TooLarge(CallerError):
    """The request exceeds a stated limit."""

    status = 413
    remedy = "Send less at once."


class UpstreamError(DexterError):
    """Sentry, or the way to it, is at fault."""

    status = 502
    remedy = "Wait a moment and try again; if it lasts, check Sentry's own status."
    retry_after_s: float | None = None
    """In how many seconds another try makes sense, where that is known."""


class Unreachable(UpstreamError):
    """No connection to Sentry could be made, or it broke."""

    retry_after_s = 5.0


class TimedOut(UpstreamError):
    """Sentry did not answer within the attempt's or the request's time."""

    status = 504
    retry_after_s = 5.0


class Garbled(UpstreamError):
    """Sentry, or something in front of it, answered with what its API does not promise."""


class Refused(UpstreamError):
    """Sentry answered with an error of its own; `upstream_status` and `body` carry what it said."""

    def __init__(self, message: str, *, upstream_status: int, body: bytes = b"", remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.upstream_status = upstream_status
        self.body = body


class CircuitOpen(UpstreamError):
    """Sentry failed so often in a row that it is left alone for a while: what is known of that, in epoch seconds."""

    status = 503
    remedy = "Wait until then: Dexter asks by itself whether Sentry is back."

    def __init__(
        self, message: str, *, call_class: str, since: float, probe_at: float, last_failure: str, retry_after_s: float
    ) -> None:
        super().__init__(message)
        self.call_class = call_class
        self.since = since
        self.probe_at = probe_at
        self.last_failure = last_failure
        self.retry_after_s = retry_after_s


class RateLimited(UpstreamError):
    """Sentry asks callers to wait; `until` is the epoch second at which it lets them in again."""

    status = 429
    remedy = "Wait until the stated moment, then try again."

    def __init__(self, message: str, *, until: float, remedy: str | None = None) -> None:
        super().__init__(message, remedy=remedy)
        self.until = until


class NotInThisSentry(UpstreamError):
    """This Sentry is too old, or of another make, and has nothing that is certain to mean the same."""

    status = 501
    remedy = "GET /api/v1/capabilities, or dexter doctor, says what this Sentry has."


class DexterFault(DexterError):
    """A bug in Dexter."""


class SettingsError(DexterError):
    """A setting is not of its permitted form: names the key, the value and the permitted form."""

    remedy = "Correct the setting and start again."
