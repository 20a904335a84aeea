"""A running gateway, as the command line speaks to it: JSON in and out, lines of a stream, and errors for people."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from dexter.errors import SettingsError
from dexter.gateway.access_token import access_token, key_of
from dexter.gateway.guard import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.settings import Settings

REPLY_LIMIT_S = 60.0
"""How long a reply is waited for; the gateway itself gives up on Sentry before."""
READ_BYTES = 64 * 1024

Query = Sequence[tuple[str, str]]


class GatewayRefused(Exception):
    """The gateway answered with an error of its own, or carried one of Sentry's along."""

    def __init__(self, status: int, message: str, remedy: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Remote:
    """A gateway's address and the token it is shown."""

    address: str
    token: str

    def get(self, path: str, query: Query = ()) -> Any:
        """Give the JSON at a path under /api/v1."""
        return self.ask("GET", path, query)

    def ask(self, method: str, path: str, query: Query = (), document: Any = None) -> Any:
        """Give the JSON answer to a request, None where there is none.

        Raises GatewayRefused for an error, SettingsError when no gateway answers.
        """
        with self._answer(method, path, query, document) as reply:
            body = b"".join(self._chunks(reply))
        try:
            return json.loads(body) if body else None
        except ValueError as error:
            raise SettingsError(f"What answers at {self.address} is no gateway of Dexter's.") from error

    @contextmanager
    def download(self, path: str, query: Query = ()) -> Iterator[Iterator[bytes]]:
        """Give the chunks of a body as they come. Raises SettingsError when it breaks off before its end."""
        with self._answer("GET", path, query, None) as reply:
            yield self._chunks(reply)

    def _chunks(self, reply: HTTPResponse) -> Iterator[bytes]:
        try:
            while chunk := reply.read1(READ_BYTES):
                yield chunk
        except (OSError, HTTPException) as error:
            raise SettingsError(
                "The answer broke off: what has come is not all.", remedy="Try again; the gateway's log says why."
            ) from error

    @contextmanager
    def _answer(self, method: str, path: str, query: Query, document: Any) -> Iterator[HTTPResponse]:
        parts, host, port = _read_address(self.address)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        # No redirect is followed, since the token goes along.
        connection = kind(host, port, timeout=REPLY_LIMIT_S)
        target = f"{parts.path.rstrip('/')}/api/v1{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        body = None if document is None else json.dumps(document).encode()
        try:
            try:
                connection.request(method, target, body, self._headers(method, body))
                reply = connection.getresponse()
            except (OSError, HTTPException) as error:
                raise SettingsError(
                    f"No gateway answers at {self.address}: {error}.",
                    remedy="Start it with `dexter serve`, or name another --url.",
                ) from error
            if not 200 <= reply.status < 300:
                raise _refusal(reply.status, reply.read())
            yield reply
        finally:
            connection.close()

    def _headers(self, method: str, body: bytes | None) -> dict[str, str]:
        headers = {"X-Dexter-Token": self.token, "User-Agent": "dexter-cli"}
        if method not in ("GET", "HEAD"):
            # A reply that got lost may be asked for again without doing the same thing twice.
            headers["Idempotency-Key"] = secrets.token_hex(16)
        if body is not None:
            headers["Content-Type"] = "application/json"
        return headers


def _read_address(address: str) -> tuple[SplitResult, str, int | None]:
    """Give an address's parts, its host and its port. Raises SettingsError for what is no address."""
    try:
        parts = urlsplit(address)
        if parts.scheme in ("http", "https") and parts.hostname:
            return parts, parts.hostname, parts.port
    except ValueError:
        pass
    raise SettingsError(f"--url: {address!r} is no address such as http://localhost:8000.")


def remote(settings: Settings, url: str | None, token: str | None) -> Remote:
    """Give the gateway at an address, or this machine's. Raises SettingsError without a token for another machine's."""
    address = url or f"http://localhost:{settings.port}"
    _, host, _ = _read_address(address)
    if token and not (token.isascii() and token.isprintable()):
        raise SettingsError("--token: a token has letters, digits and underscores only.")
    return Remote(address, token or _own_token(settings, address, host))


def _own_token(settings: Settings, address: str, host: str) -> str:
    # This installation's token must not go to whatever address somebody typed.
    if not is_loopback(host):
        raise SettingsError(f"{address} is another machine's gateway.", remedy="Give its access token with --token.")
    return settings.access_token or access_token(key_of(settings.data_dir, settings.secret_key))


def _refusal(status: int, body: bytes) -> GatewayRefused:
    try:
        document = json.loads(body)
    except ValueError:
        document = {}
    told = document if isinstance(document, dict) else {}
    return GatewayRefused(
        status,
        str(told.get("detail") or f"The gateway answered {status}."),
        str(told.get("remedy") or "See the gateway's log."),
    )
