"""What people change in Dexter's own data is heard by whoever listens, through the outbox."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from typing import Any

import pytest
from bench.stand import Gateway, running_gateway, running_sandbox

pytestmark = pytest.mark.live

SOON_S = 10.0


def asked(gateway: Gateway, method: str, path: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        gateway.url + path,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"X-Dexter-Token": gateway.token, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read() or b"null")


def test_a_label_and_a_note_are_heard_of_once_each() -> None:
    """A colleague who looks at the same list sees the label without a reload."""
    heard: list[Any] = []
    with running_sandbox(issues=20) as sandbox, running_gateway(sandbox.url, sandbox.token, workers=2) as gateway:

        def listen() -> None:
            request = urllib.request.Request(
                f"{gateway.url}/events/stream?channels=issues", headers={"X-Dexter-Token": gateway.token}
            )
            with urllib.request.urlopen(request, timeout=60) as stream:
                heard.extend(json.loads(line[6:]) for line in stream if line.startswith(b"data: "))

        threading.Thread(target=listen, daemon=True).start()
        issue = asked(gateway, "GET", "/api/v1/issues?limit=1")["data"][0]["id"]
        while not heard:
            time.sleep(0.05)
        asked(gateway, "PUT", f"/api/v1/issues/{issue}/labels/flaky")
        asked(gateway, "PUT", f"/api/v1/issues/{issue}/labels/flaky")
        asked(gateway, "POST", f"/api/v1/issues/{issue}/notes", {"body": "look at the proxy"})
        until = time.monotonic() + SOON_S

        def own() -> list[Any]:
            return [each["event"] for each in heard if each.get("event", {}).get("source") == "dexter"]

        while len(own()) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(1.5)  # a second delivery of the same would have come by now
        labelled, noted = own()
    assert (labelled["before"], labelled["after"]) == ({"labels": []}, {"labels": ["flaky"]})
    assert labelled["actor"]["name"] == "Administrator"
    assert "proxy" not in json.dumps(noted), "a note's words are for who may read it"
