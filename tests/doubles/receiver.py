"""A receiver of forwarded events: an HTTP server on this host that answers as a test tells it to."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from dexter.policy.outgoing_seal import DELIVERY, EVENT, SIGNATURE, TIMESTAMP, signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass(frozen=True, slots=True)
class Came:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def delivery(self) -> str:
        return self.headers[DELIVERY.lower()]

    @property
    def kind(self) -> str:
        return self.headers[EVENT.lower()]

    @property
    def message(self) -> Any:
        return json.loads(self.body)

    @property
    def place(self) -> tuple[str, int]:
        return self.message["epoch"], self.message["offset"]

    def is_signed(self, secret: str) -> bool:
        stated = self.headers[SIGNATURE.lower()]
        return stated == signature(self.body, int(self.headers[TIMESTAMP.lower()]), secret)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver says."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    after_s: float = 0.0


class Receiver:
    """A running receiver. `answer` decides; by default it takes everything."""

    def __init__(self, port: int = 0) -> None:
        self.answer: Callable[[Came], Answer] = lambda _: Answer()
        self.came: list[Came] = []
        self._changed = threading.Condition()
        self._open: set[socket.socket] = set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                receiver._open.add(self.connection)

            def finish(self) -> None:
                receiver._open.discard(self.connection)
                super().finish()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                came = Came(self.path, {k.lower(): v for k, v in self.headers.items()}, body, time.monotonic())
                receiver._note(came)
                answer = receiver.answer(came)
                time.sleep(answer.after_s)
                try:
                    self.send_response(answer.status)
                    for name, value in answer.headers.items():
                        self.send_header(name, value)
                    self.send_header("content-length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                except OSError:
                    self.close_connection = True

            def do_GET(self) -> None:
                receiver._note(Came(self.path, {}, b"", time.monotonic()))
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _note(self, came: Came) -> None:
        with self._changed:
            self.came.append(came)
            self._changed.notify_all()

    def until(self, holds: Callable[[list[Came]], bool], limit_s: float = 30.0) -> list[Came]:
        """Wait until something holds of what came, and give it."""
        with self._changed:
            assert self._changed.wait_for(lambda: holds(self.came), limit_s), [each.kind for each in self.came]
            return list(self.came)

    def close(self) -> None:
        """Listen no more, and hang up on whoever is connected."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        for each in list(self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Run a receiver."""
    running = Receiver(port)
    try:
        yield running
    finally:
        running.close()
