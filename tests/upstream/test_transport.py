"""The real client before real sockets, and the many ways in which the other end can misbehave."""

from __future__ import annotations

import asyncio
import gc
import gzip
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from tests.doubles.sentry_double import call

from dexter.catalog.endpoints import UNKNOWN
from dexter.errors import CallerError, DexterError, Garbled, TimedOut, Unreachable
from dexter.observe.records import AttemptFinished, Observer, Record
from dexter.stores.memory import MemoryStore
from dexter.upstream.bodies import BodyStalled
from dexter.upstream.options import StackOptions, TransportOptions
from dexter.upstream.stack import Stack, build_stack
from dexter.upstream.transport import AiohttpTransport
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call, header

pytestmark = pytest.mark.live

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
QUICK = StackOptions(request_s=2.0, attempt_s=0.3, upload_idle_s=0.3, largest_body_bytes=1_000_000)
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@asynccontextmanager
async def listening(handle: Handler) -> AsyncIterator[int]:
    """Give the port of a server that treats every connection as `handle` says."""
    tasks: set[asyncio.Task[None]] = set()

    async def handled(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handle(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handled, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def stack_before(
    port: int, options: StackOptions = QUICK, observers: tuple[Observer, ...] = ()
) -> AsyncIterator[Stack]:
    """Give a stack whose Sentry listens on a port."""
    transport = AiohttpTransport(Upstream(f"http://127.0.0.1:{port}"))
    stack = build_stack(transport, MemoryStore(), options=options, observers=observers)
    try:
        yield stack
    finally:
        await stack.aclose()
        await transport.aclose()


@pytest.fixture(autouse=True)
async def nothing_left_open() -> AsyncIterator[None]:
    """A connection that is not let go is found only when it is collected, which may be in another test."""
    yield
    gc.collect()


def ask(path: str = "/api/0/organizations/acme/issues/", **changes: object) -> Call:
    return replace(call(path), deadline=time.monotonic() + 2.0, **changes)  # type: ignore[arg-type]


def says(raw: bytes, *, then_hangs: bool = False) -> Handler:
    """A server that reads one request and says some bytes."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        if then_hangs:
            await asyncio.sleep(30)

    return handle


async def closes(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """A server that closes every connection at once."""


def json_head(length: int | str, *more: str) -> bytes:
    return "\r\n".join(
        ["HTTP/1.1 200 OK", "Content-Type: application/json", f"Content-Length: {length}", *more, "", ""]
    ).encode()


CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b'"' + b" " * 5_000_000 + b'"')


@pytest.mark.parametrize(
    ("handle", "error"),
    [
        (closes, Unreachable),
        (says(b"", then_hangs=True), TimedOut),
        (says(json_head(100), then_hangs=True), TimedOut),
        (says(json_head(100) + b'{"a"', then_hangs=True), TimedOut),
        (says(json_head(100) + b'{"a"'), Garbled),
        (says(CHUNKED + b'4\r\n{"a"\r\n'), Garbled),
        (says(CHUNKED + b"zz\r\n"), Garbled),
        (says(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), Garbled),
        (says(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n"), Garbled),
        (says(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"), Garbled),
        (says(json_head(len(BOMB), "Content-Encoding: gzip") + BOMB), Garbled),
        (says(json_head(20, "Content-Encoding: gzip") + gzip.compress(b"{}")[:20]), Garbled),
        (says(json_head(2, "Content-Encoding: br") + b"{}"), Garbled),
        (says(json_head(2_000_000) + b" " * 2_000_000), Garbled),
    ],
)
async def test_a_misbehaving_server_is_a_clear_error_in_time(handle: Handler, error: type[DexterError]) -> None:
    """Nothing hangs, and nothing half is given as whole."""
    started = time.monotonic()
    async with listening(handle) as port, stack_before(port) as stack:
        with pytest.raises(error) as caught:
            await stack(ask())
    assert time.monotonic() - started < 1.5
    assert "127.0.0.1" not in caught.value.message


async def test_nobody_listening_is_unreachable() -> None:
    """The plain case of an outage."""
    async with listening(closes) as port:
        pass
    async with stack_before(port) as stack:
        with pytest.raises(Unreachable):
            await stack(ask())


async def test_the_request_goes_out_byte_for_byte() -> None:
    """No client library's taste in it: no header added, no path normalized, no cookie kept."""
    heard: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            heard.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(OK.replace(b"Content-Length", b"Set-Cookie: a=b\r\nContent-Length"))

    path, query = "/api/0/organizations/acme/x%2Fy/~a@b//%C3%A4/", "query=a+b%2C%2f&x=[1]&"
    async with listening(handle) as port, stack_before(port) as stack:
        for _ in range(2):
            asked = replace(ask(path, query=query, transparent=True), endpoint=UNKNOWN)
            await _read(await stack(replace(asked, headers=(("X-Mine", "1"),))))
    lines = heard[1].decode().split("\r\n")
    assert lines[0] == f"GET {path}?{query} HTTP/1.1"
    assert sorted(lines[1:-2]) == [
        "Accept-Encoding: identity",
        "Authorization: Bearer secret-of-service-1",
        f"Host: 127.0.0.1:{port}",
        "X-Mine: 1",
    ]


async def test_no_proxy_is_used_unless_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable left over in the environment must not lead the credential elsewhere."""
    async with listening(says(OK)) as port, listening(closes) as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy}")
        monkeypatch.delenv("no_proxy", raising=False)
        async with stack_before(port) as stack:
            assert (await stack(ask())).status == 200
        obedient = AiohttpTransport(
            Upstream(f"http://127.0.0.1:{port}"), TransportOptions(trust_proxy_environment=True)
        )
        with pytest.raises(Unreachable):
            await obedient.send(ask())
        await obedient.aclose()


async def test_a_redirect_elsewhere_never_carries_the_credential() -> None:
    """The other server is not even connected to."""
    heard: list[str] = []

    async def evil(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append((await reader.readuntil(b"\r\n\r\n")).decode())

    async with listening(evil) as elsewhere:
        redirect = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
        async with listening(says(redirect.encode())) as port, stack_before(port) as stack:
            with pytest.raises(Garbled):
                await stack(ask())
    assert heard == []


async def test_a_connection_closed_while_idle_costs_no_error() -> None:
    """Every load balancer does that; the next read simply connects anew."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await writer.drain()

    async with listening(handle) as port, stack_before(port) as stack:
        for _ in range(3):
            assert (await stack(ask(no_cache=True))).status == 200


async def test_gzip_is_asked_for_and_unpacked_for_dexters_own_features() -> None:
    """Features read JSON, not gzip."""
    packed = gzip.compress(b'{"a":1}')
    async with (
        listening(says(json_head(len(packed), "Content-Encoding: gzip") + packed)) as port,
        stack_before(port) as stack,
    ):
        for _ in range(2):
            answer = await stack(ask())
            assert answer.body == b'{"a":1}'
            assert header(answer.headers, "content-encoding") is None


async def slowly(chunks: list[bytes], pause_s: float) -> AsyncIterator[bytes]:
    for chunk in chunks:
        await asyncio.sleep(pause_s)
        yield chunk


async def test_an_upload_that_makes_progress_may_take_longer_than_an_attempt() -> None:
    """A debug file over a hotel's network."""
    heard: list[bytes] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        heard.append(await reader.readuntil(b"0\r\n\r\n"))
        writer.write(OK)

    async with listening(handle) as port, stack_before(port) as stack:
        started = time.monotonic()
        body = slowly([b"x" * 1000] * 10, 0.06)
        answer = await stack(ask("/api/0/organizations/acme/chunk-upload/", method="POST", body=body, transparent=True))
    assert answer.status == 200
    assert time.monotonic() - started > 0.5
    assert heard[0].count(b"x") == 10_000


async def test_a_caller_that_stops_in_the_midst_of_its_upload_is_told_so() -> None:
    """It is not Sentry that is slow."""
    async with listening(says(b"", then_hangs=True)) as port, stack_before(port) as stack:
        with pytest.raises(BodyStalled):
            await stack(ask(method="POST", body=slowly([b"a", b"b"], 5), transparent=True))


async def test_a_sentry_that_does_not_answer_an_upload_is_timed_out() -> None:
    """The body is through, and then nothing."""
    async with listening(says(b"", then_hangs=True)) as port, stack_before(port) as stack:
        with pytest.raises(TimedOut):
            await stack(ask(method="POST", body=slowly([b"a", b"b"], 0), transparent=True))


class Own(CallerError):
    """What a caller's body may raise."""


async def test_a_failure_of_the_callers_body_is_the_callers() -> None:
    """A client that left in the midst of an upload stood in the log and the metrics as `sentry_failed`."""
    records: list[Record] = []

    async def breaks() -> AsyncIterator[bytes]:
        yield b"a"
        raise Own("too much")

    hanging = listening(says(b"", then_hangs=True))
    async with hanging as port, stack_before(port, observers=(records.append,)) as stack:
        with pytest.raises(Own):
            await stack(ask(method="POST", body=breaks(), transparent=True))
    assert not any(isinstance(record, AttemptFinished) for record in records)


async def test_an_answer_before_the_uploads_end_arrives() -> None:
    """Sentry refuses a body that is too large without reading it."""
    refusal = (
        b"HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\nContent-Length: 14\r\n\r\n" + b'{"detail":"x"}'
    )
    async with listening(says(refusal, then_hangs=True)) as port, stack_before(port) as stack:
        answer = await stack(ask(method="POST", body=slowly([b"a"] * 5, 0.05), transparent=True))
    assert (answer.status, answer.body) == (413, b'{"detail":"x"}')


FILE = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 10\r\n\r\n"


async def _read(answer: Answer) -> bytes:
    if isinstance(answer.body, bytes):
        return answer.body
    return b"".join([chunk async for chunk in answer.body])


async def test_a_download_that_makes_progress_may_take_longer_than_an_attempt() -> None:
    """And streams: the first bytes are there long before the last."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(FILE)
        for _ in range(10):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with listening(handle) as port, stack_before(port) as stack:
        started = time.monotonic()
        answer = await stack(ask("/api/0/projects/acme/shop/events/1/attachments/2/", transparent=True))
        assert time.monotonic() - started < 0.3
        assert await _read(answer) == b"x" * 10
        assert time.monotonic() - started > 0.4


async def test_a_download_that_stands_still_ends() -> None:
    """With an error, and its connection closed."""
    async with listening(says(FILE + b"x", then_hangs=True)) as port, stack_before(port) as stack:
        answer = await stack(ask("/api/0/projects/acme/shop/events/1/attachments/2/", transparent=True))
        with pytest.raises(TimedOut):
            await _read(answer)


async def test_a_hundred_cold_callers_are_one_request_on_the_wire() -> None:
    """The crowd, through the real client."""
    heard = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        await reader.readuntil(b"\r\n\r\n")
        heard += 1
        await asyncio.sleep(0.1)
        writer.write(OK)

    async with listening(handle) as port, stack_before(port) as stack:
        answers = await asyncio.gather(*(stack(ask()) for _ in range(100)))
    assert heard == 1
    assert {answer.status for answer in answers} == {200}
