"""Runs the gateway until it is told to stop, and says where it is and how to sign in."""

from __future__ import annotations

import logging
import socket
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog
import uvicorn

from dexter.app import Application, create_app
from dexter.errors import SettingsError
from dexter.gateway.guard import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.settings import Settings

LIBRARY_LINE = "%(levelname)s %(name)s %(message)s"

GRACE_S = 10
"""How long requests under way may take once the gateway is told to stop."""


def run_server(settings: Settings) -> None:
    """Serve in the foreground until interrupted. Raises SettingsError when the port is taken or Sentry is not named."""
    configure_logging(settings.log_level)
    app = create_app(settings)
    with listening(settings.host, settings.port, "DEXTER_PORT") as listener:
        _greet(settings, app, listener)
        config = uvicorn.Config(
            app,
            http="httptools",
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


def configure_logging(level: str) -> None:
    """Write log lines to standard error: for people on a terminal, as JSON elsewhere."""
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.StackInfoRenderer(),
            *([] if sys.stderr.isatty() else [structlog.processors.format_exc_info]),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )


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
    if not is_loopback(settings.host):
        notes.append(f"{settings.host} is reachable from other machines; put TLS in front of it.")
    sys.stdout.write("\n".join([*lines, *(f"  note          {note}" for note in notes)]) + "\n")
    sys.stdout.flush()
