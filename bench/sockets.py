"""Fan-out: five thousand sockets on one process, one event to all, storms, slow readers, and what an idle socket takes.

The gateway has one core and whoever listens the other. Events are written to the log as another process does, so that
the latency holds all that lies between: that the log is looked at, read, written out, sent, and read by the client.
"""

from __future__ import annotations

import asyncio
import os
import resource
import socket
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvloop

from bench.load import LOAD_CORE, SERVER_CORE, keep_on_core, on_core
from bench.stand import running_gateway, running_sandbox
from dexter.realtime.events import FeedEvent, packed
from dexter.stores.feed_log import Settled
from dexter.stores.feed_sqlite import FEED_FILE, SqliteFeedLog

if TYPE_CHECKING:
    from collections.abc import Sequence

SOCKETS = 5000
SLOW = 20
SINGLES = 15
STORM = 150
GOAL_P99_MS, GOAL_PER_S, GOAL_KB = 120.0, 80_000.0, 25.0
AT_ONCE = 50
LIMIT_S = 120.0
SETTINGS = {"DEXTER_LOG_LEVEL": "warning", "DEXTER_LISTENERS_EACH": "10000"}
_FILLER = "x" * 330


@dataclass(slots=True)
class Crowd:
    """What all sockets have heard."""

    events: int = 0
    arrivals: list[float] = field(default_factory=list)
    expected: int = 0
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def expect(self, count: int) -> None:
        """Begin anew, and be done once so many events have come."""
        self.events, self.expected, self.arrivals, self.done = 0, count, [], asyncio.Event()

    def came(self, count: int) -> None:
        """Take note of events."""
        self.events += count
        self.arrivals += [time.perf_counter()] * count
        if self.events >= self.expected:
            self.done.set()


class Ear(asyncio.Protocol):
    """One socket, which counts frames by their lengths and reads none of them."""

    __slots__ = ("_crowd", "_head", "_rest", "opened", "transport")

    def __init__(self, crowd: Crowd, head: bytes) -> None:
        self._crowd, self._head, self._rest = crowd, head, b""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        """Shake hands."""
        self.transport = transport
        transport.write(self._head)

    def data_received(self, data: bytes) -> None:
        """Count."""
        data = self._rest + data if self._rest else data
        at, found = 0, 0
        if not self.opened.done():
            end = data.find(b"\r\n\r\n")
            if end < 0 or len(data) < end + 6:
                self._rest = data
                return
            if not data.startswith(b"HTTP/1.1 101"):
                self.opened.set_exception(RuntimeError(data[:200].decode(errors="replace")))
                return
            self.opened.set_result(None)
            at, found = end + 4, -1  # the greeting is no event
        size = len(data)
        while size - at >= 4:
            length = data[at + 1]
            opcode, start = data[at] & 15, at + 2
            if length == 126:
                length, start = (data[at + 2] << 8) | data[at + 3], at + 4
            if size < start + length:
                break
            at = start + length
            found += opcode == 1
        self._rest = data[at:]
        if found > 0:
            self._crowd.came(found)

    def connection_lost(self, exc: Exception | None) -> None:
        """Notice that it is over."""
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed"))


def event() -> bytes:
    """Give an event, which is 560 bytes on the wire."""
    return packed(
        FeedEvent(type="alert.triggered", at="2026-01-02T03:04:05Z", organization="acme", source="poll",
                  data={"filler": _FILLER})
    )  # fmt: skip


async def gather(address: tuple[str, int], token: str, crowd: Crowd, count: int) -> list[Ear]:
    """Open sockets."""
    head = (
        f"GET /events?channels=alerts HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nConnection: Upgrade\r\n"
        f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        f"X-Dexter-Token: {token}\r\n\r\n"
    ).encode()
    loop, ears = asyncio.get_running_loop(), []
    for at in range(0, count, AT_ONCE):
        made = await asyncio.gather(
            *(loop.create_connection(lambda: Ear(crowd, head), *address) for _ in range(min(AT_ONCE, count - at)))
        )
        batch = [ear for _, ear in made]
        await asyncio.wait_for(asyncio.gather(*(ear.opened for ear in batch)), LIMIT_S)
        ears += batch
    return ears


@dataclass(frozen=True, slots=True)
class Round:
    """What some events to all took."""

    p50_ms: float
    p99_ms: float
    spread_ms: float
    """From the first socket's last event to the last one's."""
    per_s: float
    cpu_us: float
    """Processor time that the gateway took for a message."""
    load_us: float
    """Processor time that whoever listens took for one: while it is less, they do not hold the gateway up."""


async def told(log: SqliteFeedLog, crowd: Crowd, server: int, sockets: int, events: int) -> Round:
    """Tell events to all."""
    crowd.expect(sockets * events)
    body = event()
    before_s, own_before_s = cpu_s(server), time.process_time()
    began = time.perf_counter()
    await log.settle("acme", (), lambda _: Settled(records=(body,) * events))
    await asyncio.wait_for(crowd.done.wait(), LIMIT_S)
    used_s, own_used_s = cpu_s(server) - before_s, time.process_time() - own_before_s
    arrivals = sorted(crowd.arrivals)
    took_s = arrivals[-1] - began
    late = [(at - began) * 1000 for at in arrivals]
    spread_s = arrivals[-1] - arrivals[0]
    return Round(
        late[len(late) // 2], late[int(len(late) * 0.99)], spread_s * 1000, len(arrivals) / took_s,
        used_s / len(arrivals) * 1e6, own_used_s / len(arrivals) * 1e6,
    )  # fmt: skip


def cpu_s(process: int) -> float:
    """Give the processor seconds that a process's threads took, to the nanosecond: a round takes few ticks."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9


def resident_kb(process: int) -> int:
    """Give a process's memory."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:")))


def middle(rounds: Sequence[Round], name: str) -> float:
    """Give the median of a figure."""
    values = sorted(getattr(each, name) for each in rounds)
    found: float = values[len(values) // 2]
    return found


async def measured(url: str, token: str, server: int, folder: Path, sockets: int) -> dict[str, float]:
    """Take all figures."""
    address = (urlsplit(url).hostname or "", urlsplit(url).port or 0)
    log, crowd = SqliteFeedLog(folder / FEED_FILE), Crowd()
    first = await gather(address, token, crowd, 50)
    await told(log, crowd, server, 50, 1)
    before_kb = resident_kb(server)
    began = time.perf_counter()
    ears = first + await gather(address, token, crowd, sockets - 50)
    opened_s = time.perf_counter() - began
    await asyncio.sleep(1)
    idle_kb = (resident_kb(server) - before_kb) / (sockets - 50)
    singles = []
    for _ in range(SINGLES):
        singles.append(await told(log, crowd, server, sockets, 1))
        await asyncio.sleep(0.2)
    storms = [await told(log, crowd, server, sockets, STORM) for _ in range(3)]
    for ear in ears[:SLOW]:
        ear.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        ear.transport.pause_reading()
    beside = []
    for _ in range(SINGLES):
        beside.append(await told(log, crowd, server, sockets - SLOW, 1))
        await asyncio.sleep(0.2)
    storms_beside = [await told(log, crowd, server, sockets - SLOW, STORM) for _ in range(3)]
    for ear in ears:
        ear.transport.abort()
    await log.aclose()
    return {
        "sockets": sockets,
        "opened_per_s": (sockets - 50) / opened_s,
        "idle_kb": idle_kb,
        "p50_ms": middle(singles, "p50_ms"),
        "p99_ms": middle(singles, "p99_ms"),
        "spread_ms": middle(singles, "spread_ms"),
        "single_per_s": sockets / middle(singles, "spread_ms") * 1000,
        "single_cpu_us": middle(singles, "cpu_us"),
        "single_load_us": middle(singles, "load_us"),
        "storm_per_s": middle(storms, "per_s"),
        "storm_cpu_us": middle(storms, "cpu_us"),
        "slow_p99_ms": middle(beside, "p99_ms"),
        "slow_storm_per_s": middle(storms_beside, "per_s"),
    }


def main() -> dict[str, float]:
    """Measure, and print it beside the goals."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    sockets = int(os.environ.get("BENCH_SOCKETS", SOCKETS))
    with (
        tempfile.TemporaryDirectory() as made,
        running_sandbox(issues=5) as sandbox,
        running_gateway(sandbox.url, sandbox.token, folder=Path(made), **SETTINGS) as gateway,
    ):
        keep_on_core(gateway.process.pid, SERVER_CORE)
        with on_core(LOAD_CORE):
            found = uvloop.run(measured(gateway.url, gateway.token, gateway.process.pid, Path(made), sockets))
    said = (
        f"{sockets:,} sockets, opened {found['opened_per_s']:,.0f}/s: {found['idle_kb']:.1f} KB each (≤ {GOAL_KB:.0f})",
        f"one event to all: p50 {found['p50_ms']:.0f} ms, p99 {found['p99_ms']:.0f} ms (≤ {GOAL_P99_MS:.0f})",
        f"  {found['single_per_s']:,.0f}/s from the first to the last, {found['single_cpu_us']:.1f} µs of CPU each:"
        f" {1e6 / found['single_cpu_us']:,.0f}/s a core (≥ {GOAL_PER_S:,.0f}), hearing {found['single_load_us']:.1f}",
        f"{STORM} at once: {found['storm_per_s']:,.0f}/s (≥ {GOAL_PER_S:,.0f}), {found['storm_cpu_us']:.2f} µs each",
        f"beside {SLOW} that do not read: p99 {found['slow_p99_ms']:.0f} ms, {found['slow_storm_per_s']:,.0f}/s",
    )
    print("\n".join(said))
    return found
