"""What the sandbox says: JSON replies, and errors with the bodies that Sentry gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

_encode = msgspec.json.Encoder().encode


def json_reply(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Give a JSON reply."""
    return Response(_encode(data), status, headers, media_type="application/json")


def empty_reply(status: int = 204, headers: Mapping[str, str] | None = None) -> Response:
    """Give a reply without a body."""
    return Response(b"", status, headers)


class SentryError(Exception):
    """An error reply; raised anywhere below the dispatcher, which sends it.

    `body` is what goes out as JSON: a field dict, `{"detail": ...}`, a string; None sends no body.
    """

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = dict(headers or {})

    def reply(self) -> Response:
        """Give the reply that says this error."""
        if self.body is None:
            return empty_reply(self.status, self.headers)
        return json_reply(self.body, self.status, self.headers)


def detail(status: int, text: str, headers: Mapping[str, str] | None = None) -> SentryError:
    """Give an error with Sentry's most common body, `{"detail": text}`."""
    return SentryError(status, {"detail": text}, headers)


def not_found() -> SentryError:
    """Give the 404 of a thing that does not exist or may not be known to exist."""
    return detail(404, "The requested resource does not exist")


def permission_denied() -> SentryError:
    """Give the 403 of a credential without the scope or the project."""
    return detail(403, "You do not have permission to perform this action.")


def unauthenticated(text: str = "Authentication credentials were not provided.") -> SentryError:
    """Give a 401; Sentry's challenge is spelled so that browsers show no dialogue."""
    return detail(401, text, {"WWW-Authenticate": 'xBasic realm="api"'})


def invalid(text: str) -> SentryError:
    """Give a 400 with `detail`: a bad parameter, cursor or query."""
    return detail(400, text)


def invalid_fields(**fields: str) -> SentryError:
    """Give a 400 that names the body's fields at fault, each with its messages."""
    return SentryError(400, {name: [text] for name, text in fields.items()})
