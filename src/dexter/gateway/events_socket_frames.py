"""WebSocket frames (RFC 6455) as bytes: what clients send is read, what they are sent is written. No input or output.

Without compression: it makes a socket three to ten times as large, for messages that are small anyway.
"""

from __future__ import annotations

import base64
import hashlib

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
MAX_MESSAGE_BYTES = 64 * 1024
"""The longest message that a client may send: two hundred channels fit in several times."""
MAX_CONTROL_BYTES = 125
VERSION = b"13"

PROTOCOL_ERROR, NO_DATA_OF_THIS_KIND, NO_TEXT, TOO_BIG = 1002, 1003, 1007, 1009

_FIN, _RESERVED, _OPCODE, _MASKED, _LENGTH = 0x80, 0x70, 0x0F, 0x80, 0x7F
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_CLOSE_CODES = frozenset({1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014})


class BadFrame(Exception):
    """A client broke the protocol; the connection ends with this close code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Makes messages of the bytes that one client sends."""

    __slots__ = ("_bytes", "_kind", "_parts")

    def __init__(self) -> None:
        self._bytes = b""
        self._kind = CONTINUATION
        """The kind of the message that is being put together; CONTINUATION for none."""
        self._parts = b""

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Give the whole messages that came: their opcode and what they hold. Raises BadFrame."""
        data = self._bytes + data if self._bytes else data
        found: list[tuple[int, bytes]] = []
        at = 0
        while (frame := _frame(data, at)) is not None:
            first, payload, at = frame
            message = self._message(first, payload)
            if message is not None:
                found.append(message)
        self._bytes = data[at:]
        return found

    def _message(self, first: int, payload: bytes) -> tuple[int, bytes] | None:
        opcode, is_last = first & _OPCODE, bool(first & _FIN)
        if opcode in (CLOSE, PING, PONG):
            return opcode, payload
        if (opcode == CONTINUATION) is (self._kind == CONTINUATION):
            raise BadFrame(PROTOCOL_ERROR, "a message is continued that did not begin, or begins within another")
        kind = opcode or self._kind
        whole = self._parts + payload
        if len(whole) > MAX_MESSAGE_BYTES:
            raise BadFrame(TOO_BIG, f"a message has at most {MAX_MESSAGE_BYTES} bytes")
        if not is_last:
            self._kind, self._parts = kind, whole
            return None
        self._kind, self._parts = CONTINUATION, b""
        return kind, whole


def _frame(data: bytes, at: int) -> tuple[int, bytes, int] | None:
    """Give the first byte, the content and the end of the frame that begins at a place; None until it is whole."""
    if len(data) - at < 2:
        return None
    first, second = data[at], data[at + 1]
    opcode, length, start = first & _OPCODE, second & _LENGTH, at + 2
    if first & _RESERVED or opcode not in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG):
        raise BadFrame(PROTOCOL_ERROR, "a frame of no known kind")
    if not second & _MASKED:
        raise BadFrame(PROTOCOL_ERROR, "a client's frame must be masked")
    if opcode >= CLOSE and (length > MAX_CONTROL_BYTES or not first & _FIN):
        raise BadFrame(PROTOCOL_ERROR, "a control frame is short and whole")
    if length > MAX_CONTROL_BYTES:
        size = 2 if length == 126 else 8
        if len(data) < start + size:
            return None
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if length > MAX_MESSAGE_BYTES:
        raise BadFrame(TOO_BIG, f"a message has at most {MAX_MESSAGE_BYTES} bytes")
    end = start + 4 + length
    if len(data) < end:
        return None
    return first, _unmasked(data[start + 4 : end], data[start : start + 4]), end


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    stretched = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(stretched, "big")).to_bytes(size, "big")


def framed(payload: bytes, opcode: int = TEXT) -> bytes:
    """Give a whole message as the server sends it."""
    size = len(payload)
    if size < 126:
        return bytes((_FIN | opcode, size)) + payload
    if size < 1 << 16:
        return bytes((_FIN | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FIN | opcode, 127)) + size.to_bytes(8, "big") + payload


def closing(code: int, reason: str) -> bytes:
    """Give the frame that ends a connection; a long reason is cut short."""
    text = reason.encode()[: MAX_CONTROL_BYTES - 2].decode(errors="ignore").encode()
    return framed(code.to_bytes(2, "big") + text, CLOSE)


def answer_to_close(payload: bytes) -> bytes:
    """Give the frame that answers a client's own close frame."""
    code = int.from_bytes(payload[:2], "big")
    if not payload:
        return framed(b"", CLOSE)
    if len(payload) == 1 or not (code in _CLOSE_CODES or 3000 <= code < 5000):
        return closing(PROTOCOL_ERROR, "no such close code")
    return closing(code, "")


def accepting(key: bytes) -> bytes:
    """Give the head of the answer that opens a WebSocket, without its end."""
    proof = base64.b64encode(hashlib.sha1(key + _GUID, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        b"sec-websocket-accept: " + proof + b"\r\n"
    )


def is_key(key: bytes) -> bool:
    """Whether a client's key is one: sixteen bytes in base64."""
    try:
        return len(base64.b64decode(key, validate=True)) == 16
    except ValueError:
        return False
