"""What is said on a socket, by both sides: one message a JSON object. `docs/asyncapi.yaml` describes them all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

import msgspec

from dexter.realtime.hub import Gap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.realtime.hub import Frame, Position

HELLO, EVENT, GAP, BYE, ACK, ERROR, PONG = "hello", "event", "gap", "bye", "ack", "error", "pong"
KINDS = frozenset({HELLO, EVENT, GAP, BYE, ACK, ERROR, PONG})


class Said(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What a client says."""

    op: Literal["subscribe", "unsubscribe", "ping", "presence"]
    channels: tuple[str, ...] = ()
    filter: str | None = None
    since: str | None = None
    issue: str | None = None
    id: str | int | None = None
    """Comes back in the answer, for clients that ask several things at once."""


class Language(Protocol):
    """How messages are spelt: today's way, or an earlier Dexter's."""

    def read(self, text: bytes) -> Said:
        """Give what a client says. Raises ValueError, saying what is wrong, when it is nothing."""

    def told(self, found: Frame | Gap) -> bytes:
        """Give an event or a gap as text."""

    def said(self, kind: str, document: Mapping[str, Any]) -> bytes:
        """Give any other message as text."""


class Plain:
    """Today's way."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(Said)

    def read(self, text: bytes) -> Said:
        """Give what a client says."""
        try:
            return self._decoder.decode(text)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from error

    def told(self, found: Frame | Gap) -> bytes:
        """Give an event or a gap as text."""
        if isinstance(found, Gap):
            return self.said(GAP, {**place(found.position), "why": found.why})
        return found.text

    def said(self, kind: str, document: Mapping[str, Any]) -> bytes:
        """Give any other message as text."""
        return msgspec.json.encode({"kind": kind, **document})


def place(position: Position) -> dict[str, Any]:
    """Give a place in the log as messages name it."""
    return {"epoch": position.epoch, "offset": position.offset}
