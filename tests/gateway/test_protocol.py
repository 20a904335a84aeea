"""Bytes on a real connection: what uvicorn's parser does not refuse by itself."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import msgspec
import pytest
import uvicorn
from tests.doubles.sentry_double import BASE, SentryDouble, ok

from dexter.app import create_app
from dexter.gateway.protocol import MAX_HEADER_BYTES, GatewayProtocol
from dexter.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.live

Address = tuple[str, int]


@pytest.fixture
async def address(tmp_path: Path) -> AsyncIterator[Address]:
    """Where a gateway listens."""
    environment = {"DEXTER_DATA_DIR": str(tmp_path), "DEXTER_ACCESS_TOKEN": "token", "SENTRY_BASE_URL": BASE}
    sentry = SentryDouble([ok(b"[]")])
    app = create_app(read_settings(environment), transport=sentry)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, http=GatewayProtocol, log_level="critical", ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        host, port = listener.getsockname()
        yield str(host), int(port)
        server.should_exit = True
        await serving


async def exchange(address: Address, *chunks: bytes) -> tuple[int, bytes]:
    """Send bytes and give the status and the body of what comes back."""
    reader, writer = await asyncio.open_connection(*address)
    for chunk in chunks:
        writer.write(chunk)
        await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), body


def get(target: bytes, *fields: bytes) -> bytes:
    lines = (b"GET " + target + b" HTTP/1.1", b"Host: 127.0.0.1", b"Connection: close", *fields)
    return b"\r\n".join(lines) + b"\r\n\r\n"


async def test_a_request_within_the_limits_is_answered(address: Address) -> None:
    """The limits must not be in anybody's way."""
    status, body = await exchange(address, get(b"/health"))
    assert (status, msgspec.json.decode(body)["status"]) == (200, "ok")
    status, _ = await exchange(address, get(b"/api/0/x/?query=" + b"a" * 50_000, b"Authorization: Bearer t"))
    assert status == 200


@pytest.mark.parametrize("prefix", [b"/api/v1/issues?query=", b"/api/0/organizations/acme/issues/?query="])
async def test_two_megabytes_of_query_are_414_on_both_faces(address: Address, prefix: bytes) -> None:
    """httptools would call it invalid HTTP; the caller learns what was wrong instead."""
    status, body = await exchange(address, get(prefix + b"a" * 2_000_000, b"X-Dexter-Token: token"))
    assert status == 414
    assert msgspec.json.decode(body)["detail"]


async def test_headers_beyond_reason_are_431(address: Address) -> None:
    """Otherwise one connection could fill the memory."""
    field = b"X-Filler: " + b"a" * 4000
    status, body = await exchange(address, get(b"/health", *[field] * (MAX_HEADER_BYTES // 4000 + 2)))
    assert (status, msgspec.json.decode(body)["status"]) == (431, 431)


@pytest.mark.parametrize("junk", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"])
async def test_what_is_no_http_gets_a_clear_400(address: Address, junk: bytes) -> None:
    """A TLS client on a plain port, for one."""
    status, body = await exchange(address, junk)
    assert (status, msgspec.json.decode(body)["status"]) == (400, 400)


async def test_two_requests_on_one_connection_do_not_mix(address: Address) -> None:
    """A request cut short must leave nothing behind for the next."""
    long = get(b"/health?" + b"a" * 100_000).replace(b"Connection: close", b"Connection: keep-alive")
    reader, writer = await asyncio.open_connection(*address)
    writer.write(long + get(b"/health"))
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    await writer.wait_closed()
    assert answer.count(b"HTTP/1.1 414") == 1
    assert answer.count(b"HTTP/1.1 200") == 1
