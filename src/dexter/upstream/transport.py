"""The last step to Sentry and the only one that touches the network; foreign errors are translated here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import aiohttp
from yarl import URL

from dexter.errors import DexterFault, Garbled, TimedOut, Unreachable, UpstreamError
from dexter.upstream.bodies import BodyStream
from dexter.upstream.options import TransportOptions
from dexter.wire import Answer, Call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.upstream.upstream import Upstream

_HEADER_LIMIT = 64 * 1024
"""Sentry's Link header repeats the whole query twice."""

_SET_BY_THE_CALL = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")
"""Headers that aiohttp would add of its own accord."""


class Transport(Protocol):
    """Leads to one upstream."""

    @property
    def upstream(self) -> Upstream:
        """Give where it leads."""

    async def send(self, call: Call) -> Answer:
        """Give Sentry's answer to one request, as it came: not unpacked, no redirect followed, the body as a stream.

        Raises Unreachable, TimedOut or Garbled.
        """

    async def aclose(self) -> None:
        """Close every connection."""


class AiohttpTransport:
    """A `Transport` over aiohttp's client; its session is made at the first call, in the running loop."""

    def __init__(self, upstream: Upstream, options: TransportOptions | None = None) -> None:
        self._upstream = upstream
        self._options = options or TransportOptions()
        self._session: aiohttp.ClientSession | None = None

    @property
    def upstream(self) -> Upstream:
        """Give where it leads."""
        return self._upstream

    async def send(self, call: Call) -> Answer:
        """Give Sentry's answer to one request. Raises Unreachable, TimedOut or Garbled."""
        try:
            response = await self._open_session().request(
                call.method,
                self._url(call),
                headers=self._headers(call),
                data=call.body,
                allow_redirects=False,
            )
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise translated(error) from error
        headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.raw_headers)
        return Answer(response.status, headers, _body(response))

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _url(self, call: Call) -> URL:
        if not call.path.startswith("/"):
            raise DexterFault(f"{call.endpoint.name} has a path that does not start with a slash")
        # The origin stands first and the path begins with a slash, so that no path can name another host.
        address = self._upstream.address(call.path, call.query).replace("#", "%23")
        return URL(address, encoded=True)

    def _headers(self, call: Call) -> list[tuple[str, str]]:
        headers = [(name, value) for name, value in call.headers if name.lower() not in ("authorization", "host")]
        if call.credential.authorization is not None:
            headers.append(("Authorization", call.credential.authorization))
        return headers

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            options = self._options
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=options.connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=options.connect_s),
                auto_decompress=False,
                trust_env=options.trust_proxy_environment,
                skip_auto_headers=_SET_BY_THE_CALL,
                max_line_size=_HEADER_LIMIT,
                max_field_size=_HEADER_LIMIT,
            )
        return self._session


def _body(response: aiohttp.ClientResponse) -> BodyStream:
    async def close() -> None:
        # Closes the connection unless the body was read to its end; then it went back to the pool by itself.
        response.close()

    return BodyStream(_chunks(response), close)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise translated(error) from error


def translated(error: Any) -> UpstreamError:
    """Give Dexter's error for one of aiohttp's. Messages name no address: it may hold what people searched for."""
    match error:
        case aiohttp.ServerTimeoutError() | TimeoutError():
            return TimedOut("Sentry could not be connected to in time.")
        case aiohttp.ClientPayloadError():
            return Garbled("Sentry's answer broke off.")
        case aiohttp.ClientResponseError():
            return Garbled("Sentry's answer is no valid HTTP.")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return Unreachable("Sentry's certificate is not trusted.")
        case aiohttp.ServerDisconnectedError():
            return Unreachable("Sentry closed the connection without an answer.")
        case _:
            return Unreachable("Sentry could not be connected to.")
