"""Runs the gateway until it is told to stop, and says where it is and how to sign in."""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from dexter.app import Application, create_app
from dexter.errors import SettingsError
from dexter.gateway.guard import is_loopback
from dexter.gateway.protocol import GatewayProtocol
from dexter.observe.logs import configure_logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.settings import Settings


SHORT_TOKEN = 20

GRACE_S = 10
"""How long requests under way may take once the gateway is told to stop."""


def run_server(settings: Settings) -> None:
    """Serve in the foreground until interrupted. Raises SettingsError when the port is taken or Sentry is not named."""
    app = create_app(settings)
    secrets = [app.access_token, *filter(None, (settings.sentry_api_token,))]
    configure_logs("pretty" if sys.stderr.isatty() else "json", settings.log_level, secrets=secrets)
    with listening(settings.host, settings.port, "DEXTER_PORT") as listener:
        _greet(settings, app, listener)
        config = uvicorn.Config(
            app,
            http=GatewayProtocol,
            ws="none",
            log_level="warning",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )
        uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def listening(host: str, port: int, key: str) -> Iterator[socket.socket]:
    """Give a listening socket. Raises SettingsError naming the setting when the port cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(2048)
        except OSError as error:
            raise SettingsError(
                f"{key}: cannot listen on {host}:{port}: {error.strerror}.",
                remedy=f"Stop what listens there, or set {key} to another port.",
            ) from error
        yield listener


def address_of(listener: socket.socket) -> str:
    """Give the address that a browser on this machine reaches a listener by."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::", "127.0.0.1", "::1"):  # noqa: S104 (compared, not bound)
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _greet(settings: Settings, app: Application, listener: socket.socket) -> None:
    lines = [
        "Dexter",
        f"  workbench     {address_of(listener)}/",
        f"  access token  {app.access_token}",
        f"  Sentry        {settings.sentry_base_url}",
    ]
    notes = list(settings.warnings)
    if settings.sentry_api_token is None:
        notes.append("SENTRY_API_TOKEN is not set: only callers with a Sentry token of their own are served.")
    if settings.sentry_org is None:
        notes.append("SENTRY_ORG is not set: requests to /api/v1 must name their organization.")
    if len(app.access_token) < SHORT_TOKEN:
        notes.append(f"DEXTER_ACCESS_TOKEN is short; {SHORT_TOKEN} characters or more cannot be guessed.")
    if not is_loopback(settings.host):
        notes.append(f"{settings.host} is reachable from other machines; put TLS in front of it.")
    sys.stdout.write("\n".join([*lines, *(f"  note          {note}" for note in notes)]) + "\n")
    sys.stdout.flush()
