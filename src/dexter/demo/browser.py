"""The shop's browser side: envelopes recorded from a real `@sentry/browser`, sent again with a new id and time.

How they were recorded: `tools/browser-recorder/README.md`.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from dexter.demo.customers import AGENTS, PEOPLE

if TYPE_CHECKING:
    from random import Random

TIMEOUT_S = 5


def recordings() -> list[bytes]:
    """Give the recorded envelopes, in a fixed order."""
    folder = files("dexter.demo") / "recorded"
    return [file.read_bytes() for file in sorted(folder.iterdir(), key=lambda file: file.name)]


def renewed(envelope: bytes, *, event_id: str, now: float, chance: Random) -> bytes:
    """Give the envelope as another customer's browser would send it at `now` (epoch seconds)."""
    header, item, payload = envelope.decode().split("\n")[:3]
    event: dict[str, Any] = json.loads(payload)
    shift = now - event["timestamp"]
    event |= {"event_id": event_id, "timestamp": now}
    for crumb in event.get("breadcrumbs") or []:
        crumb["timestamp"] += shift
    name = chance.choice(PEOPLE)
    event["user"] = {"id": f"u-{PEOPLE.index(name) + 1000}", "username": name, "email": f"{name}@example.com"}
    event["request"]["headers"]["User-Agent"] = chance.choice(AGENTS)
    head = {**json.loads(header), "event_id": event_id}
    head.pop("sent_at", None)
    return "\n".join([json.dumps(head), item, json.dumps(event, ensure_ascii=False), ""]).encode()


def send(dsn: str, envelope: bytes) -> None:
    """Post an envelope to the project that a DSN names."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    prefix, _, project = parts.path.rpartition("/")
    address = f"{parts.scheme}://{host}{prefix}/api/{project}/envelope/?sentry_key={parts.username}&sentry_version=7"
    request = Request(address, data=envelope, headers={"Content-Type": "text/plain;charset=UTF-8"})  # noqa: S310 (a DSN is http)
    with urlopen(request, timeout=TIMEOUT_S) as reply:  # noqa: S310 (a DSN is http)
        reply.read()
