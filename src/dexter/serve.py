"""Runs the gateway in this process until it is told to stop; requests under way then finish."""

from __future__ import annotations

import asyncio
import math
import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

from dexter import garbage
from dexter.app import Application, create_app
from dexter.data_dir import made
from dexter.database.upgrade import prepare
from dexter.gateway.protocol import GatewayProtocol
from dexter.listening import greet, listening
from dexter.observe.board import Board
from dexter.observe.logs import configure_logs

if TYPE_CHECKING:
    from pathlib import Path

    from dexter.settings import Settings

RESERVE_S = 5
"""How much longer than one request may take the end waits for those under way."""

DRAIN_S = 0.2
"""How long, after the last connection was accepted, requests that have come in but were not read yet are taken up."""


class DrainingServer(uvicorn.Server):
    """uvicorn's server, which at its end first takes up what has come in already."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept nothing more, finish what is under way, and end."""
        for server in self.servers:
            server.close()
        await asyncio.sleep(DRAIN_S)
        await super().shutdown(sockets)


def run_server(settings: Settings) -> None:
    """Serve in the foreground until interrupted. Raises SettingsError when the port is taken or Sentry is not named."""
    garbage.one_heap()
    made(settings.data_dir)
    prepare(settings.database)
    app = create_app(settings, on_imported=garbage.spare)
    with listening(settings.host, settings.port, "DEXTER_PORT") as listener:
        greet(settings, app.access_token, listener)
        _serve(settings, app, listener)


def run_worker(settings: Settings, listener: int, board: Path) -> None:
    """Serve as one of several, on a socket that the parent listens on; the numbers go where all of them put theirs."""
    garbage.one_heap()
    prepare(settings.database)
    app = create_app(settings, board=Board(board), on_imported=garbage.spare)
    with socket.socket(fileno=listener) as inherited:
        _serve(settings, app, inherited)


def _serve(settings: Settings, app: Application, listener: socket.socket) -> None:
    signed_with = (settings.sentry_webhook_secret, settings.sentry_service_hook_secret)
    secrets = [app.access_token, *filter(None, (settings.sentry_api_token, *signed_with))]
    configure_logs("pretty" if sys.stderr.isatty() else "json", settings.log_level, secrets=secrets)
    config = uvicorn.Config(
        app,
        http=GatewayProtocol,
        ws="none",
        log_level="warning",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=grace_s(settings),
    )
    garbage.settle()
    DrainingServer(config).run(sockets=[listener])


def grace_s(settings: Settings) -> int:
    """Give how long requests under way may take once Dexter is told to stop."""
    return math.ceil(settings.request_deadline_s) + RESERVE_S
