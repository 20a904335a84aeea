"""Somebody who listens to the feed: reads server-sent events in a thread and remembers them, with when they came."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.stand import Gateway

EVERYTHING = "issues,alerts,jobs,gateway"
LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Heard:
    """One message, with the monotonic second at which it came."""

    message: dict[str, Any]
    at: float

    @property
    def event(self) -> dict[str, Any]:
        """The event, `{}` for another message."""
        found: dict[str, Any] = self.message.get("event", {})
        return found


class FeedListener:
    """Listens until it is closed. With `stays` it comes back after a break, from where it was."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        channels: str = EVERYTHING,
        since: str | None = None,
        stays: bool = False,
        **query: str,
    ) -> None:
        self._address = urlsplit(gateway.url)
        self._token = gateway.token
        self._query = {"channels": channels, **query}
        self._stays = stays
        self._ended = False
        self._connection: HTTPConnection | None = None
        self._came = threading.Condition()
        self.heard: list[Heard] = []
        self.place = since
        """The id of the last message that had one."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self) -> FeedListener:
        self.until(lambda heard: heard.message["kind"] == "hello")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self._ended = True
        self.cut()
        self._thread.join(10)

    def cut(self) -> None:
        """Break the connection, as a network does."""
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(2)

    def until(self, wanted: Callable[[Heard], bool], limit_s: float = LIMIT_S, *, after: int = 0) -> Heard:
        """Give the first message that is wanted, and wait for it; fail when it does not come."""
        limit = time.monotonic() + limit_s
        with self._came:
            while True:
                for heard in self.heard[after:]:
                    if wanted(heard):
                        return heard
                left = limit - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"it did not come; there were {[each.message for each in self.heard][-20:]}")
                self._came.wait(left)

    def event(self, kind: str, issue: str | None = None, limit_s: float = LIMIT_S, *, after: int = 0) -> Heard:
        """Give the first event of a type, of an issue if one is named."""
        return self.until(
            lambda heard: (
                heard.event.get("type") == kind and (issue is None or (heard.event["issue"] or {}).get("id") == issue)
            ),
            limit_s,
            after=after,
        )

    def events(self, kind: str = "", issue: str | None = None) -> list[dict[str, Any]]:
        """Give the events whose type begins so, of an issue if one is named."""
        return [
            heard.event
            for heard in list(self.heard)
            if heard.event
            and heard.event["type"].startswith(kind)
            and (issue is None or (heard.event["issue"] or {}).get("id") == issue)
        ]

    def gaps(self) -> list[dict[str, Any]]:
        """Give the gaps that were told."""
        return [heard.message for heard in list(self.heard) if heard.message["kind"] == "gap"]

    def _run(self) -> None:
        while not self._ended:
            with suppress(OSError, HTTPException, ValueError, AttributeError):
                self._listen()
            if not self._stays:
                return
            time.sleep(0.05)

    def _listen(self) -> None:
        query = {**self._query, **({"since": self.place} if self.place else {})}
        connection = HTTPConnection(self._address.hostname or "", self._address.port or 80, timeout=60)
        self._connection = connection
        try:
            connection.request("GET", f"/events/stream?{urlencode(query)}", headers={"X-Dexter-Token": self._token})
            reply = connection.getresponse()
            if reply.status != 200:
                raise HTTPException(f"{reply.status}: {reply.read()!r}")
            place, data = None, ""
            while line := reply.readline().decode():
                name, _, value = line.rstrip("\n").partition(": ")
                if name == "id":
                    place = value
                elif name == "data":
                    data = value
                elif not name and data:
                    self._hear(place, json.loads(data))
                    place, data = None, ""
        finally:
            connection.close()

    def _hear(self, place: str | None, message: dict[str, Any]) -> None:
        with self._came:
            if message["kind"] == "hello" and self.place is None:
                self.place = f"{message['epoch']}:{message['offset']}"
            self.place = place or self.place
            self.heard.append(Heard(message, time.monotonic()))
            self._came.notify_all()
