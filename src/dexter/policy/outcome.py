"""What an answer of Sentry's means to whoever keeps answers: pure, from its status, headers and body."""

from __future__ import annotations

from enum import StrEnum

from dexter.wire import Headers, header


class Content(StrEnum):
    """What a body is, by its declared type and a look at it."""

    EMPTY = "empty"
    JSON = "json"
    TRUNCATED = "truncated"
    """Declared as JSON, but it does not read as such."""
    HTML = "html"
    OTHER = "other"


def declared_type(headers: Headers) -> str:
    """Give the media type in lower case without its parameters; empty when none is declared."""
    return (header(headers, "content-type") or "").partition(";")[0].strip().lower()


def declares_json(headers: Headers) -> bool:
    """Whether a body is said to be JSON."""
    kind = declared_type(headers)
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def declares_page(headers: Headers) -> bool:
    """Whether a body is a web page: HTML that is not a file for download."""
    disposition = (header(headers, "content-disposition") or "").strip().lower()
    return declared_type(headers) in ("text/html", "application/xhtml+xml") and not disposition.startswith("attachment")


def content(headers: Headers, *, empty: bool, reads_as_json: bool) -> Content:
    """Give what a whole body is."""
    if empty:
        return Content.EMPTY
    if declares_page(headers):
        return Content.HTML
    if declares_json(headers):
        return Content.JSON if reads_as_json else Content.TRUNCATED
    return Content.OTHER


def garbled(status: int, kind: Content, *, expects_json: bool) -> str | None:
    """Say what is wrong with a success whose body is not what the API promises, or give None.

    Errors are never garbled: what Sentry says with them is passed on, in a form its clients can read.
    """
    if not 200 <= status < 300:
        return None
    if kind is Content.HTML:
        return "a web page instead of JSON"
    if kind is Content.TRUNCATED:
        return "JSON that breaks off or is malformed"
    if kind is Content.EMPTY and status == 200 and expects_json:
        return "an empty body instead of JSON"
    return None


def storable(status: int, headers: Headers, kind: Content) -> bool:
    """Whether an answer may be given again: a whole JSON success that sets no cookie, and nothing else.

    Sentry's own Cache-Control does not count: it forbids storing everywhere, also where nothing speaks against it.
    The catalog's rules decide instead, behind the identity in every key.
    """
    return status == 200 and kind is Content.JSON and header(headers, "set-cookie") is None


LONGEST_ABSENCE_BYTES = 4096
"""What Sentry says of something that is not there takes some words; a longer page is somebody else's."""


def storable_absence(status: int, headers: Headers, size: int) -> bool:
    """Whether Sentry's word that something is not there may be given again for a moment."""
    is_small = 0 < size <= LONGEST_ABSENCE_BYTES
    return status == 404 and is_small and declares_json(headers) and header(headers, "set-cookie") is None


_OF_THE_MOMENT = ("x-sentry-rate-limit-", "retry-after", "date", "age", "connection", "keep-alive", "transfer-encoding")
"""Header fields, by the start of their names, that say something of one response and nothing of the next."""


def lasting(headers: Headers) -> Headers:
    """Give the header fields that stay true for a stored answer; the quota left is not among them."""
    return tuple((name, value) for name, value in headers if not name.lower().startswith(_OF_THE_MOMENT))


def is_failure(status: int) -> bool:
    """Whether Sentry itself failed, so that a stored answer may stand in; a 4xx is an answer."""
    return status >= 500


def drops_identity(status: int) -> bool:
    """Whether Sentry doubts the credential, so that all that was stored for it must go."""
    return status in (401, 403)


def forgets_entry(status: int) -> bool:
    """Whether Sentry says that the thing is not there, so that what was stored of it must go."""
    return status == 404


def proves_credential(status: int) -> bool:
    """Whether an answer shows that Sentry accepted the credential."""
    return 200 <= status < 300


def write_is_certain(status: int) -> bool:
    """Whether it is known what became of a write: not after a failure of Sentry's or of what stands before it."""
    return status < 500 and status != 408


def changed_nothing(status: int) -> bool:
    """Whether a write was refused as a whole."""
    return 400 <= status < 500 and status != 408
