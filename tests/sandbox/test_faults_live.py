"""Faults that only a real socket can show: connections that break and answers that never come."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import sys
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from dexter.sandbox.app import build_app
from dexter.sandbox.command import listen
from dexter.sandbox.options import SandboxOptions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.live


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """A sandbox behind a real server on a free port."""
    app = build_app(SandboxOptions(owner_token="sntryu_owner"))
    with listen("127.0.0.1", 0) as listener:
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving
    app.state.sandbox.db.close()


async def exchange(port: int, method: str, path: str, body: Any = None, wait_s: float = 5.0) -> bytes:
    """Send one request over a socket of its own and give every byte that comes back."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    content = b"" if body is None else json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer sntryu_owner\r\n"
        f"Connection: close\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    try:
        writer.write(head.encode() + content)
        return await asyncio.wait_for(reader.read(), wait_s)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def test_a_dropped_connection_breaks_without_a_byte(port: int) -> None:
    """The client must see a broken connection, not an answer."""
    await exchange(port, "PUT", "/_sandbox/faults", {"drop": True})
    with contextlib.suppress(ConnectionError):
        assert await exchange(port, "GET", "/api/0/organizations/") == b""
    await exchange(port, "DELETE", "/_sandbox/faults")
    assert b"200 OK" in await exchange(port, "GET", "/api/0/organizations/")


async def test_a_hanging_call_stays_silent_until_the_client_leaves(port: int) -> None:
    """Deadlines are proven with it, and the server must survive the wait."""
    await exchange(port, "PUT", "/_sandbox/faults", {"hang": True})
    with pytest.raises(TimeoutError):
        await exchange(port, "GET", "/api/0/organizations/", wait_s=0.2)
    await exchange(port, "DELETE", "/_sandbox/faults")
    assert b"200 OK" in await exchange(port, "GET", "/api/0/organizations/")
    calls = await exchange(port, "GET", "/_sandbox/calls")
    assert [call["status"] for call in json.loads(calls.partition(b"\r\n\r\n")[2])["recent"]] == [0, 200]


async def test_a_hanging_call_does_not_keep_the_sandbox_from_stopping() -> None:
    """A test that ends in the middle of a fault must not leave a process behind."""
    starting = "from dexter.sandbox.command import run; from dexter.sandbox.options import SandboxOptions; "
    code = starting + "run(SandboxOptions(port=0, owner_token='sntryu_owner'))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stdout
    await process.stdout.readline()
    port = int((await process.stdout.readline()).decode().rpartition(":")[2])
    await exchange(port, "PUT", "/_sandbox/faults", {"hang": True})
    hanging = asyncio.create_task(exchange(port, "GET", "/api/0/organizations/", wait_s=30))
    while b'"total":1' not in await exchange(port, "GET", "/_sandbox/calls"):
        assert not hanging.done()
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.communicate(), 15)
    assert process.returncode is not None
    with contextlib.suppress(ConnectionError):
        assert await hanging == b""
