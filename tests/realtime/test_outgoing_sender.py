"""One attempt at a receiver: what counts as an answer, how long it may take, and where it must not go."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.doubles.receiver import Answer, receiving

from dexter.policy.outgoing import Answered, Unanswered
from dexter.policy.outgoing_addresses import Reach
from dexter.realtime.outgoing import sender as sender_room
from dexter.realtime.outgoing.sender import LARGEST_ANSWER, Sender

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from tests.doubles.receiver import Receiver

    from dexter.policy.outgoing import Outcome

HERE, NOWHERE = Reach(loopback=True), Reach()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
async def sender() -> AsyncIterator[Sender]:
    made = Sender(HERE, 5.0)
    yield made
    await made.aclose()


async def sent(url: str, reach: Reach = HERE, timeout_s: float = 5.0) -> Outcome:
    once = Sender(reach, timeout_s)
    try:
        return await once.send(url, b'{"a":1}', (("X-Dexter-Event", "ping"),))
    finally:
        await once.aclose()


@asynccontextmanager
async def speaking(talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object]) -> AsyncIterator[str]:
    """Listen, and say to whoever connects what no HTTP server would."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)  # type: ignore[misc]
        except OSError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


async def test_a_body_goes_out_as_it_is_with_its_headers(receiver: Receiver, sender: Sender) -> None:
    assert await sender.send(receiver.url, b'{"a":1}', (("X-Dexter-Event", "ping"),)) == Answered(204)
    [came] = receiver.came
    assert (came.body, came.kind, came.headers["content-type"]) == (b'{"a":1}', "ping", "application/json")
    assert came.headers["user-agent"].startswith("Dexter/")
    assert "cookie" not in came.headers


async def test_no_redirect_is_followed(receiver: Receiver) -> None:
    """It could lead to where Dexter must not send anything, and a signed body is for one receiver."""
    receiver.answer = lambda _: Answer(307, {"Location": f"http://127.0.0.1:{receiver.port}/elsewhere"})
    outcome = await sent(receiver.url)
    assert isinstance(outcome, Answered)
    assert outcome.status == 307
    assert [came.path for came in receiver.came] == ["/hook"]


async def test_an_endless_answer_is_read_at_its_beginning_only() -> None:
    """A receiver must not fill Dexter's memory, by a fault or by intent."""
    wrote = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal wrote
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 500 Oops\r\n\r\n")
        while wrote < 64 * 1024 * 1024:
            writer.write(b"x" * 65536)
            await writer.drain()
            wrote += 65536

    async with speaking(talk) as url:
        outcome = await sent(url)
    assert isinstance(outcome, Answered)
    assert len(outcome.excerpt) == LARGEST_ANSWER
    assert wrote < 16 * 1024 * 1024


async def test_an_answer_that_begins_with_yes_is_a_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has been taken must not be sent again because the rest of the answer hangs."""
    monkeypatch.setattr(sender_room, "GOOD_ANSWER_S", 0.05)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"}")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of")
        await reader.read()

    async with speaking(talk) as url:
        assert await sent(url) == Answered(200)


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"H")
        await asyncio.sleep(0.02)


async def hang_up(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"}")


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"}")
    writer.write(b"220 smtp.example.com ESMTP\r\n\r\n")


@pytest.mark.parametrize(
    ("talk", "why"),
    [
        (hang, "The receiver did not answer within 0.2 s."),
        (drip, "The receiver"),
        (hang_up, "The receiver closed the connection without an answer."),
        (babble, "The receiver's answer is no valid HTTP."),
    ],
)
async def test_what_is_no_answer_is_told_and_never_waited_for_long(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object], why: str
) -> None:
    """Whatever listens there, an attempt ends within its time."""
    async with speaking(talk) as url:
        outcome = await sent(url, timeout_s=0.2)
    assert isinstance(outcome, Unanswered)
    assert outcome.why.startswith(why)


async def test_where_nobody_listens_is_told() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    outcome = await sent(f"http://127.0.0.1:{port}/")
    assert isinstance(outcome, Unanswered)
    assert outcome.why.startswith("The receiver could not be connected to: ")


async def test_a_receiver_without_tls_is_told(receiver: Receiver) -> None:
    outcome = await sent(receiver.url.replace("http:", "https:"))
    assert isinstance(outcome, Unanswered)
    assert receiver.came == []


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "2130706433",
        "0x7f000001",
        "127.1",
        "017700000001",
    ],
)
async def test_an_address_that_is_not_permitted_is_not_connected_to_however_it_is_spelled(
    receiver: Receiver, host: str
) -> None:
    """What a name leads to counts, when it is connected to; spellings of an address are names too."""
    outcome = await sent(f"http://{host}:{receiver.port}/hook", NOWHERE)
    assert isinstance(outcome, Unanswered)
    assert receiver.came == []
    if host in ("127.0.0.1", "localhost"):
        assert "is this host itself" in outcome.why


def leading(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Have every name lead to addresses; what is in the list that is given counts."""
    led = list(addresses)

    def looked_up(_: str, port: int, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in led]

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    return led


async def test_a_name_that_leads_elsewhere_the_second_time_is_looked_at_again(
    receiver: Receiver, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trick that gets past a guard which looks at a name once."""
    receiver.answer = lambda _: Answer(200, {"Connection": "close"})
    led = leading(monkeypatch, "127.0.0.1")
    url = f"http://rebinding.example:{receiver.port}/"
    assert await sender.send(url, b"{}", (("X-Dexter-Event", "ping"),)) == Answered(200)
    led[:] = ["169.254.169.254"]
    outcome = await sender.send(url, b"{}", ())
    assert isinstance(outcome, Unanswered)
    assert outcome.why == (
        "Dexter does not connect there: 169.254.169.254 is a link-local address, where clouds keep their metadata."
    )


async def test_of_several_addresses_only_permitted_ones_are_connected_to(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name may have an address that is refused beside one that is not."""
    leading(monkeypatch, "169.254.169.254", "127.0.0.1")
    assert await sent(f"http://both.example:{receiver.port}/hook") == Answered(204)


async def test_where_every_address_is_refused_one_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    leading(monkeypatch, "169.254.169.254", "10.0.0.1")
    outcome = await sent("http://both.example/")
    assert isinstance(outcome, Unanswered)
    assert outcome.why.count("Dexter does not connect there") == 1


async def test_a_name_that_has_no_address_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def looked_up(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    assert await sent("http://nowhere.example/") == Unanswered("The receiver's name has no address.")


async def test_a_name_that_nobody_answers_for_ends_within_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looking up a name may take half a minute; no thread that others need is held up by it."""
    ends = threading.Event()

    def looked_up(*_: object, **__: object) -> list[object]:
        ends.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    outcome = await sent("http://slow.example/", timeout_s=0.1)
    ends.set()
    assert outcome == Unanswered("The receiver did not answer within 0.1 s.")


def self_signed(folder: Path) -> Path:
    """Give a file with a key and a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    signed = made.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1)).sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = folder / "server.pem"
    path.write_bytes(pem + signed.public_bytes(serialization.Encoding.PEM))
    return path


async def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    """A signature keeps nobody from reading; TLS that checks nothing would not either."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        outcome = await sent(f"https://127.0.0.1:{port}/")
    assert isinstance(outcome, Unanswered)
    assert outcome.why.startswith("The receiver's certificate is not trusted")
