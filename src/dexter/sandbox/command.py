"""Runs a sandbox until it is told to stop, and says how to reach it."""

from __future__ import annotations

import contextlib
import socket
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import uvicorn

from dexter.errors import SettingsError
from dexter.sandbox.app import build_app
from dexter.sandbox.founding import dsn

if TYPE_CHECKING:
    from dexter.sandbox.options import SandboxOptions
    from dexter.sandbox.request import Sandbox

GRACE_S = 2
"""How long calls may still take once the sandbox is told to stop; one that a fault keeps hanging would never end."""


def run(options: SandboxOptions) -> None:
    """Serve a sandbox in the foreground; prints address, owner token and DSNs, then runs until interrupted."""
    with listen(options.host, options.port) as listener:
        host, port = listener.getsockname()[:2]
        app = build_app(replace(options, port=port))
        address = options.public_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
        sys.stdout.write(greeting(app.state.sandbox, address))
        sys.stdout.flush()
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, lifespan="off", server_header=False,
            timeout_graceful_shutdown=GRACE_S,
        )  # fmt: skip
        try:
            # uvicorn ends in order on an interrupt and then passes it on; there is nothing left to interrupt.
            with contextlib.suppress(KeyboardInterrupt):
                uvicorn.Server(config).run(sockets=[listener])
        finally:
            app.state.sandbox.db.close()


def listen(host: str, port: int) -> socket.socket:
    """Give a listening socket; port 0 takes any free one. `SettingsError` when the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        # Listening from here on, so that whoever reads the greeting can connect at once.
        listener.listen(1024)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"The sandbox cannot listen on {host}:{port}: {error.strerror}.",
            remedy="Stop what listens there, or start with another port (0 takes any free one).",
        ) from error
    return listener


def greeting(sandbox: Sandbox, address: str) -> str:
    """Give the text a start prints: address, owner token, and each project's DSN."""
    projects = sandbox.db.all(
        "SELECT p.id, p.slug, min(k.public_key) AS public_key FROM projects p"
        " JOIN project_keys k ON k.project_id = p.id AND k.is_active = 1 GROUP BY p.id ORDER BY p.slug"
    )
    lines = ["Sentry in a box", f"  address  {address}", f"  token    {sandbox.owner_token}"]
    lines += [f"  dsn      {row['slug']}: {dsn(address, row['public_key'], row['id'])}" for row in projects]
    return "\n".join(lines) + "\n"
