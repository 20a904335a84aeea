"""Frames by the letter of RFC 6455: what a client may send is read however it is cut, and nothing else is."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.doubles.socket_client import BINARY, CLOSE, PING, TEXT, frame_of, masked

from dexter.gateway.events_socket_frames import (
    MAX_MESSAGE_BYTES,
    BadFrame,
    FrameReader,
    accepting,
    answer_to_close,
    closing,
    framed,
    is_key,
)

messages = st.lists(st.tuples(st.sampled_from([TEXT, BINARY]), st.binary(max_size=300)), max_size=5)


@given(messages, st.data())
def test_messages_are_read_however_the_network_cuts_them(said: list[tuple[int, bytes]], data: st.DataObject) -> None:
    """TCP knows no messages: a frame may come in two pieces, and two frames in one."""
    raw = b"".join(masked(payload, opcode) for opcode, payload in said)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    reader, found = FrameReader(), []
    for start, end in zip([0, *cuts], [*cuts, len(raw)], strict=True):
        found += reader.feed(raw[start:end])
    assert found == said


@given(st.lists(st.binary(max_size=40), max_size=5))
def test_whatever_bytes_come_are_read_or_refused(pieces: list[bytes]) -> None:
    """Anybody may send anything; what is not refused is no longer than what came."""
    reader, found = FrameReader(), []
    with suppress(BadFrame):
        for piece in pieces:
            found += reader.feed(piece)
    assert sum(len(payload) for _, payload in found) <= sum(map(len, pieces))


@given(st.binary(max_size=70_000))
def test_what_the_server_writes_is_one_whole_unmasked_frame(payload: bytes) -> None:
    """Each length has its own form on the wire."""
    assert frame_of(bytearray(framed(payload))) == (TEXT, payload)


def test_a_message_in_parts_is_put_together_and_a_ping_may_come_between() -> None:
    """Clients may cut long messages, and must be able to ask in between whether the server lives."""
    reader = FrameReader()
    raw = masked(b"ab", first=0x01) + masked(b"!", PING) + masked(b"cd", first=0x00) + masked(b"ef", first=0x80)
    assert reader.feed(raw) == [(PING, b"!"), (TEXT, b"abcdef")]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (framed(b"unmasked"), 1002),
        (masked(b"", first=0xC1), 1002),
        (masked(b"", first=0x83), 1002),
        (masked(b"", first=0x09), 1002),
        (masked(b"a" * 126, PING), 1002),
        (masked(b"x", first=0x80), 1002),
        (masked(b"x", first=0x01) + masked(b"y"), 1002),
        (masked(b"a" * (MAX_MESSAGE_BYTES + 1)), 1009),
        (masked(b"a" * MAX_MESSAGE_BYTES, first=0x01) + masked(b"a", first=0x80), 1009),
        (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1009),
    ],
)
def test_what_breaks_the_protocol_is_refused(raw: bytes, code: int) -> None:
    """A length of eight exabytes is refused when it is read, and not when it has come."""
    with pytest.raises(BadFrame) as refused:
        FrameReader().feed(raw)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"", framed(b"", CLOSE)),
        ((1000).to_bytes(2, "big") + b"bye", closing(1000, "")),
        ((4001).to_bytes(2, "big"), closing(4001, "")),
        (b"\x03", closing(1002, "no such close code")),
        ((1006).to_bytes(2, "big"), closing(1002, "no such close code")),
        ((999).to_bytes(2, "big"), closing(1002, "no such close code")),
    ],
)
def test_a_close_is_answered_in_kind(sent: bytes, answer: bytes) -> None:
    """Codes that may not stand on the wire are an error of the client's."""
    assert answer_to_close(sent) == answer


def test_a_long_reason_is_cut_between_letters() -> None:
    """A control frame holds 125 bytes, and half a letter is no text."""
    found = frame_of(bytearray(closing(1008, "é" * 100)))
    assert found is not None
    assert found[1][2:].decode() == "é" * 61


def test_the_handshake_is_proved_as_the_standard_says() -> None:
    """The example of RFC 6455, section 1.3."""
    assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in accepting(b"dGhlIHNhbXBsZSBub25jZQ==")
    assert [is_key(key) for key in (b"dGhlIHNhbXBsZSBub25jZQ==", b"short", b"", b"!" * 24)] == [
        True,
        False,
        False,
        False,
    ]
