"""One attempt at a receiver: a POST with a body that is signed, to an address that is permitted, within its time."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from dexter import __version__
from dexter.policy.outgoing import Answered, Unanswered
from dexter.policy.outgoing_addresses import Reach, refused_address

if TYPE_CHECKING:
    from dexter.policy.outgoing import Outcome

TIMEOUT_S = 10.0
LARGEST_ANSWER = 4096
"""So much of an answer is read at most."""
GOOD_ANSWER_S = 1.0
"""How long the rest of an answer is waited for that says yes already, to use its connection again."""
NAME_THREADS = 32
"""In so many threads, at most, names are looked up: one that nobody answers for holds up no other part of Dexter."""
_HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": f"Dexter/{__version__}",
    "Accept": "*/*",
    # What is kept of an answer is for people to read.
    "Accept-Encoding": "identity",
}
_REFUSED = "Dexter does not connect there"


class Sender:
    """Sends to receivers; its connections are made at the first use, in the running loop."""

    def __init__(self, reach: Reach, timeout_s: float = TIMEOUT_S) -> None:
        self._reach = reach
        self._timeout_s = timeout_s
        self._session: aiohttp.ClientSession | None = None
        self._threads: ThreadPoolExecutor | None = None

    async def send(self, url: str, body: bytes, headers: tuple[tuple[str, str], ...]) -> Outcome:
        """Send a body once and give what came of it. No redirect is followed."""
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._opened().post(
                    url, data=body, headers=[*_HEADERS.items(), *headers], allow_redirects=False
                )
                try:
                    return await _answered(response)
                finally:
                    response.release()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return Unanswered(self._why(error))

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._threads = ThreadPoolExecutor(NAME_THREADS, thread_name_prefix="dexter-names")
            self._session = aiohttp.ClientSession(
                # Unlimited, since each subscription limits itself, and none must wait for another's receiver.
                connector=aiohttp.TCPConnector(
                    limit=0,
                    resolver=_Names(self._threads),
                    use_dns_cache=False,
                    socket_factory=self._socket,
                    keepalive_timeout=30,
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
                auto_decompress=False,
            )
        return self._session

    def _socket(self, address: Any) -> socket.socket:
        """Give a socket for an address that a connection is about to be made to, if it is permitted."""
        family, kind, protocol, _, where = address
        refused = refused_address(where[0], self._reach)
        if refused is not None:
            raise OSError(f"{_REFUSED}: {refused}.")
        return socket.socket(family=family, type=kind, proto=protocol)

    def _why(self, error: Exception) -> str:
        match error:
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
                return "The receiver's certificate is not trusted, or it speaks no TLS."
            case aiohttp.ClientConnectorDNSError():
                return "The receiver's name has no address."
            case aiohttp.ClientConnectorError() if _REFUSED in str(error.os_error):
                # Of a name with several addresses each is refused, and the errors come as one.
                return _REFUSED + str(error.os_error).partition(_REFUSED)[2].partition(f", {_REFUSED}")[0]
            case aiohttp.ClientConnectorError():
                return f"The receiver could not be connected to: {error.os_error.strerror or 'no connection'}."
            case TimeoutError():
                return f"The receiver did not answer within {self._timeout_s:g} s."
            case aiohttp.ServerDisconnectedError():
                return "The receiver closed the connection without an answer."
            case aiohttp.InvalidURL():
                return "The receiver's address is no URL."
            case aiohttp.ClientPayloadError() | aiohttp.ClientResponseError():
                return "The receiver's answer is no valid HTTP."
            case _:
                return "The connection to the receiver broke off."


async def _answered(response: aiohttp.ClientResponse) -> Answered:
    retry_after = response.headers.get("Retry-After")
    if 200 <= response.status < 300:
        # It has been taken, whatever becomes of the rest of the answer.
        with suppress(aiohttp.ClientError, TimeoutError, OSError):
            async with asyncio.timeout(GOOD_ANSWER_S):
                await _beginning(response)
        return Answered(response.status)
    said = await _beginning(response)
    return Answered(response.status, retry_after, said.decode("utf-8", "replace"))


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    found = b""
    while len(found) < LARGEST_ANSWER:
        piece = await response.content.read(LARGEST_ANSWER - len(found))
        if not piece:
            break
        found += piece
    return found


class _Names(AbstractResolver):
    """Looks names up in threads of its own."""

    def __init__(self, threads: ThreadPoolExecutor) -> None:
        self._threads = threads

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Give the addresses of a name."""
        look = partial(socket.getaddrinfo, host, port, family=family, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        return [
            ResolveResult(
                hostname=host,
                host=str(where[0]),
                port=port,
                family=family_,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family_, _, protocol, _, where in found
        ]

    async def close(self) -> None:
        """Nothing of it stays open."""
