"""The address that Dexter listens on, and what it says there at its start."""

from __future__ import annotations

import socket
import sys
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from dexter.errors import SettingsError
from dexter.gateway.guard import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.settings import Settings

SHORT_TOKEN = 20
BACKLOG = 2048


@contextmanager
def listening(host: str, port: int, key: str) -> Iterator[socket.socket]:
    """Give a listening socket. Raises SettingsError naming the setting when the port cannot be had."""
    with _opened(host) as listener:
        _bind(listener, host, port, key)
        listener.listen(BACKLOG)
        yield listener


@contextmanager
def listening_for(count: int, host: str, port: int, key: str) -> Iterator[list[socket.socket]]:
    """Give a listening socket for each of `count` processes, all on one port, among which the kernel shares out.

    Each socket waits with its connections for as long as it is open here, so that a process that dies takes none of
    them along that it had not yet accepted. Where the kernel does not share out, all processes get the same socket.
    """
    with listening(host, port, key) as first:
        # Whatever listened there already would have made this fail; further on nothing would.
        bound = first.getsockname()[1]
        if not sys.platform.startswith("linux"):
            yield [first] * count
            return
    with ExitStack() as opened:
        listeners = []
        for _ in range(count):
            listener = opened.enter_context(_opened(host))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            _bind(listener, host, bound, key)
            listeners.append(listener)
        for listener in listeners:
            listener.listen(BACKLOG)
        yield listeners


def address_of(listener: socket.socket) -> str:
    """Give the address that a browser on this machine reaches a listener by."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::", "127.0.0.1", "::1"):  # noqa: S104 (compared, not bound)
        host = "localhost"
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def greet(settings: Settings, token: str, listener: socket.socket, workers: int = 1) -> None:
    """Say where Dexter is, how to sign in, and what whoever runs it should know."""
    lines = [
        "Dexter",
        f"  workbench     {address_of(listener)}/",
        f"  access token  {token}",
        f"  Sentry        {settings.sentry_base_url}",
        *([f"  workers       {workers}"] if workers > 1 else []),
    ]
    notes = list(settings.warnings)
    if settings.sentry_api_token is None:
        notes.append("SENTRY_API_TOKEN is not set: only callers with a Sentry token of their own are served.")
    if settings.sentry_org is None:
        notes.append("SENTRY_ORG is not set: requests to /api/v1 must name their organization.")
    if len(token) < SHORT_TOKEN:
        notes.append(f"DEXTER_ACCESS_TOKEN is short; {SHORT_TOKEN} characters or more cannot be guessed.")
    if not is_loopback(settings.host):
        notes.append(f"{settings.host} is reachable from other machines; put TLS in front of it.")
    sys.stdout.write("\n".join([*lines, *(f"  note          {note}" for note in notes)]) + "\n")
    sys.stdout.flush()


def _opened(host: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return listener


def _bind(listener: socket.socket, host: str, port: int, key: str) -> None:
    try:
        listener.bind((host, port))
    except OSError as error:
        raise SettingsError(
            f"{key}: cannot listen on {host}:{port}: {error.strerror}.",
            remedy=f"Stop what listens there, or set {key} to another port.",
        ) from error
