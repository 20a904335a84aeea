"""How long it takes from an error in an application to a listener, and to a browser: with webhooks, and without.

Everything is real: the SDK, the sandbox, signed webhooks, the gateway, server-sent events. Without webhooks the poller
alone finds what happens, so that the time is a share of its pause. Beside that: how long Sentry waits for the answer to
a delivery, of which it takes back no more than a second.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import sentry_sdk

from bench.feed_listener import FeedListener
from bench.feed_stand import SECRET, telling_gateway
from bench.live_rows import rows_after
from bench.stand import running_gateway, running_sandbox
from dexter.policy.webhook_seal import sign

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.stand import Gateway, Sandbox

WITH_WEBHOOKS, WITHOUT, ROWS = 150, 25, 40
DELIVERIES, AT_ONCE = 200, 20
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def main() -> dict[str, Any]:
    """Measure, print and give the figures."""
    found: dict[str, Any] = {}
    with running_sandbox(issues=120) as sandbox, tempfile.TemporaryDirectory() as folder:
        with telling_gateway(sandbox, Path(folder)) as gateway, FeedListener(gateway) as listener:
            time.sleep(2)
            found["webhooks"] = _shown(_heard_after(sandbox, listener, "told", WITH_WEBHOOKS, 0.1))
            _print("an error is heard, with webhooks", found["webhooks"])
            for screen, took in rows_after(sandbox, gateway, "row", ROWS, 0.7).items():
                found[f"webhooks, {screen}"] = _shown(took)
                _print(f"an error is in the browser's {screen}, with webhooks", found[f"webhooks, {screen}"])
            found["deliveries"] = _shown(asyncio.run(_deliveries(gateway)))
            _print(f"a delivery is answered, {AT_ONCE} at once", found["deliveries"])
        with running_gateway(sandbox.url, sandbox.token) as gateway, FeedListener(gateway) as listener:
            time.sleep(2)
            sandbox.forget_calls()
            began = time.monotonic()
            found["poll"] = _shown(_heard_after(sandbox, listener, "found", WITHOUT, 2.3))
            found["poll"]["calls_per_s"] = round(_reads(sandbox) / (time.monotonic() - began), 2)
            _print("an error is heard, by polling alone", found["poll"])
            for screen, took in rows_after(sandbox, gateway, "poll", WITHOUT, 2.3).items():
                found[f"poll, {screen}"] = _shown(took)
                _print(f"an error is in the browser's {screen}, by polling alone", found[f"poll, {screen}"])
    return found


def _heard_after(sandbox: Sandbox, listener: FeedListener, what: str, count: int, every_s: float) -> list[float]:
    """Let an application meet errors of new kinds, and give after how many seconds each was heard of."""
    sent: dict[str, float] = {}
    client = sentry_sdk.Client(dsn=sandbox.dsn("shop-api"), default_integrations=False)
    for number in range(count):
        title = f"{what} {LETTERS[number // 26]}{LETTERS[number % 26]}"
        sent[title] = time.monotonic()
        client.capture_event({"message": title, "level": "error"})
        time.sleep(every_s)
    for title in sent:
        listener.until(lambda heard, title=title: _title(heard.event) == title, 120)  # type: ignore[misc]
    client.close()
    return [
        heard.at - sent.pop(_title(heard.event))
        for heard in list(listener.heard)
        if heard.event.get("type") == "issue.created" and _title(heard.event) in sent
    ]


def _title(event: dict[str, Any]) -> str:
    return str((event.get("issue") or {}).get("title"))


def _reads(sandbox: Sandbox) -> int:
    return sum(count for name, count in sandbox.calls().items() if name.startswith("GET /api/0/organizations"))


async def _deliveries(gateway: Gateway) -> list[float]:
    """Send deliveries as Sentry does, and give how many seconds each took until it was answered."""
    took: list[float] = []
    waiting = list(range(DELIVERIES))

    async def sender(session: aiohttp.ClientSession) -> None:
        while waiting:
            number = waiting.pop()
            body = json.dumps({"action": "resolved", "data": {"issue": {"id": str(8_000_000 + number)}}}).encode()
            headers = {
                "Content-Type": "application/json",
                "Request-ID": f"bench-{number}",
                "Sentry-Hook-Resource": "issue",
                "Sentry-Hook-Timestamp": str(int(time.time())),
                "Sentry-Hook-Signature": sign(body, SECRET),
            }
            began = time.perf_counter()
            async with session.post(f"{gateway.url}/webhooks/sentry", data=body, headers=headers) as reply:
                await reply.read()
                assert reply.status == 200, reply.status
            took.append(time.perf_counter() - began)

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(sender(session) for _ in range(AT_ONCE)))
    return took


def _shown(took_s: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(took_s)
    return {
        "count": len(ordered),
        "p50_ms": round(statistics.median(ordered) * 1000, 1),
        "p95_ms": round(ordered[int(len(ordered) * 0.95)] * 1000, 1),
        "p99_ms": round(ordered[int(len(ordered) * 0.99)] * 1000, 1),
        "max_ms": round(ordered[-1] * 1000, 1),
    }


def _print(what: str, figures: dict[str, Any]) -> None:
    told = ", ".join(f"{name} {value}" for name, value in figures.items())
    print(f"{what}: {told}", flush=True)
