"""From the bytes of an envelope to its items; no meaning is given to them here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVENT_ID = re.compile(r"[0-9a-f]{32}")


class Malformed(Exception):
    """The envelope cannot be read; `causes` says why, innermost last."""

    def __init__(self, *causes: str) -> None:
        super().__init__(*causes)
        self.causes = causes


@dataclass(frozen=True, slots=True)
class Item:
    """One item: its type, its header line and its payload."""

    type: str
    headers: Mapping[str, Any]
    payload: bytes


@dataclass(frozen=True, slots=True)
class Envelope:
    """An envelope's header line and its items in order."""

    headers: Mapping[str, Any]
    items: tuple[Item, ...]


def parse_envelope(data: bytes) -> Envelope:
    """Give the envelope; raises `Malformed` when a header line or a length is not what it must be.

    A payload without `length` ends at the next newline; the last newline may be missing; blank lines
    between items are skipped.
    """
    line, position = _line(data, 0)
    headers = _header(line, "invalid envelope header")
    items = []
    while position < len(data):
        line, position = _line(data, position)
        if line.strip():
            item, position = _item(data, line, position)
            items.append(item)
    return Envelope(headers, tuple(items))


def _item(data: bytes, line: bytes, position: int) -> tuple[Item, int]:
    headers = _header(line, "invalid item header")
    kind, length = headers.get("type"), headers.get("length")
    if not isinstance(kind, str) or not kind:
        raise Malformed("invalid item header", "missing field `type`")
    if length is None:
        payload, position = _line(data, position)
        return Item(kind, headers, payload), position
    if not isinstance(length, int) or isinstance(length, bool) or length < 0:
        raise Malformed("invalid item header", "invalid `length`")
    end = position + length
    if end > len(data):
        raise Malformed("unexpected end of file")
    if end < len(data) and data[end : end + 1] not in (b"\n", b"\r"):
        raise Malformed("missing newline after header or payload")
    return Item(kind, headers, data[position:end]), end + 1


def _line(data: bytes, start: int) -> tuple[bytes, int]:
    end = data.find(b"\n", start)
    return (data[start:], len(data)) if end < 0 else (data[start:end], end + 1)


def _header(line: bytes, what: str) -> Mapping[str, Any]:
    try:
        header = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(what, str(error)) from error
    if not isinstance(header, dict):
        raise Malformed(what, "expected an object")
    return header


def event_id_of(text: Any) -> str | None:
    """Give an event id as 32 hex digits, or None for what is not one; dashes and capitals are accepted."""
    if not isinstance(text, str):
        return None
    bare = text.replace("-", "").strip().lower()
    return bare if _EVENT_ID.fullmatch(bare) else None
