"""What stood beside earlier Dexters' socket: how many are connected, and two ways by which anybody told all anything.

The first is answered, to people of this Dexter's own. The others are gone on purpose, and say so instead of 404: what
clients hear is what happens in Sentry, and nobody can put words into its mouth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from dexter.errors import CallerError
from dexter.gateway.asgi import AsgiSend, Receive, Response, Scope, headers_of, send_response
from dexter.gateway.identity import require_service
from dexter.gateway.legacy.contract import SECOND, headers
from dexter.gateway.problems import SAID_OF_ERRORS, MethodNotAllowed
from dexter.gateway.protocol import OLD_PUSH_PATHS, SOCKET_PATH
from dexter.policy.people import Role

if TYPE_CHECKING:
    from dexter.gateway.runtime import Gateway

CONNECTIONS = "/connections"
_SUCCESSORS = {True: SOCKET_PATH, False: "/api/v1/gateway/stats"}
"""Where to go instead: of those by which something was pushed, and of the others."""


class Gone(CallerError):
    """An address of earlier Dexters that nothing takes the place of."""

    status = 410


class OldPushes:
    """Serves them all."""

    def __init__(self, gateway: Gateway, organization: str) -> None:
        self._gateway = gateway
        self._organization = organization

    async def __call__(self, scope: Scope, _receive: Receive, send: AsgiSend) -> None:
        is_push = scope["path"].startswith(OLD_PUSH_PATHS)
        told = headers(SECOND, _SUCCESSORS[is_push])
        scope["state"][SAID_OF_ERRORS] = tuple((name.encode(), value.encode("latin-1")) for name, value in told)
        taken = frozenset({"POST"} if is_push else {"GET", "HEAD"})
        if scope["method"] not in taken:
            raise MethodNotAllowed(scope["method"], taken)
        caller = self._gateway.caller(scope["method"], headers_of(scope))
        require_service(caller)
        self._gateway.require(caller, Role.VIEWER, self._organization)
        if is_push:
            raise Gone(
                "Nobody can tell those who listen anything: they hear of what happens in Sentry.",
                remedy="Change the issue, or write a comment, by /api/v1: whoever listens hears of it at once.",
            )
        open_now = self._gateway.live.listeners()
        there = {"total": open_now.sockets + open_now.streams, "sockets": open_now.sockets, "streams": open_now.streams}
        body = msgspec.json.encode(there)
        fields = (("content-type", "application/json"), ("cache-control", "no-store"), *told)
        await send_response(send, Response(200, body, fields), head=scope["method"] == "HEAD")
