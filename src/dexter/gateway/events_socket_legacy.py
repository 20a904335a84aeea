"""`/ws/{client_id}`: the socket of earlier Dexters, in their spelling, with today's rules of who may hear what.

Their clients say `{"type":"subscribe","channel":"issues"}` and are pushed `issue_update`, `alert_trigger` and
`presence_update`. They had their token in the address; that is refused with a reason that names the way there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from dexter.errors import BadRequest, DexterError
from dexter.gateway.asgi import query_of
from dexter.gateway.events_socket_client import FORBIDDEN, TRY_LATER, UNAUTHENTICATED
from dexter.gateway.events_socket_messages import ACK, BYE, ERROR, GAP, HELLO, PONG, Said, place
from dexter.gateway.events_socket_wire import socket_of
from dexter.gateway.events_stream import Wish
from dexter.gateway.listeners import TooManyListeners, TooManyOfYours
from dexter.policy.feed_channels import PRESENCE, Filter
from dexter.realtime.hub import Gap

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.gateway.asgi import AsgiSend, Receive, Scope
    from dexter.gateway.events_socket import EventsSocket
    from dexter.realtime.events import FeedEvent
    from dexter.realtime.hub import Frame

REFUSED = 4400
_PUSHED = {"issue": "issue_update", "alert": "alert_trigger", "presence": "presence_update"}
_NAMES = {HELLO: "connected", ACK: "ack", ERROR: "error", PONG: "pong", BYE: "bye", GAP: "gap"}


class _Said(msgspec.Struct, frozen=True):
    type: Literal["subscribe", "unsubscribe", "ping", "presence"]
    channel: str | None = None
    issue_id: str | int | None = None


class OldLanguage:
    """The spelling of earlier Dexters."""

    def __init__(self) -> None:
        self._decoder = msgspec.json.Decoder(_Said)

    def read(self, text: bytes) -> Said:
        """Give what a client says."""
        try:
            said = self._decoder.decode(text)
        except msgspec.MsgspecError as error:
            raise ValueError(str(error)) from error
        channels = () if said.channel is None else (said.channel,)
        return Said(said.type, channels, issue=None if said.issue_id is None else str(said.issue_id))

    def told(self, found: Frame | Gap) -> bytes:
        """Give an event or a gap as text; what had no name then goes by its own."""
        if isinstance(found, Gap):
            return self.said(GAP, {**place(found.position), "why": found.why})
        event = found.event
        subject = event.type.partition(".")[0]
        document = {
            "type": _PUSHED.get(subject, event.type),
            "channel": _channel(event, subject),
            "data": event,
            "timestamp": event.at,
        }
        return msgspec.json.encode(document)

    def said(self, kind: str, document: Mapping[str, Any]) -> bytes:
        """Give any other message as text."""
        return msgspec.json.encode({"type": _NAMES[kind], **document})


class OldSocket:
    """Serves the old addresses, on the sockets of the new one."""

    def __init__(self, sockets: EventsSocket) -> None:
        self._sockets = sockets
        self._language = OldLanguage()

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        socket = socket_of(scope)
        try:
            if any(name in ("token", "access_token") for name, _ in query_of(scope)):
                raise BadRequest("No token in the address: POST /api/v1/events/ticket, then ?ticket=…")
            held = await self._sockets.proved(scope)
            client = await self._sockets.joined(socket, self._language, held)
        except (TooManyListeners, TooManyOfYours):
            raise  # whoever is one too many must not be let in to be told so
        except DexterError as error:
            # These clients read close codes; most cannot see why a handshake was refused.
            code = {400: REFUSED, 401: UNAUTHENTICATED, 403: FORBIDDEN}.get(error.status, TRY_LATER)
            socket.accept()
            socket.close(code, error.message)
            return
        client.begin(self._sockets.position, Wish(frozenset(), Filter(), None))


def _channel(event: FeedEvent, subject: str) -> str:
    if subject == PRESENCE and event.issue is not None:
        return f"issue:{event.issue.id}"
    return f"{subject}s" if subject in ("issue", "alert", "job") else subject
