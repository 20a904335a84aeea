"""Two nodes over one Redis, of which one is killed and the other forgets: everybody still ends with what is true."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

import pytest
from bench.feed_stand import ISSUES, SECRET, change, send_error, summed, tell, telling_gateway, truth, webhook_faults
from bench.stand import running_gateway, running_redis

from dexter.live_client import RealtimeManager, State, Transport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.stand import Gateway, Sandbox

LIST = f"GET {ISSUES}".replace("acme", "{organization_id_or_slug}")
LIMIT_S = 180.0
FIELDS: tuple[dict[str, Any], ...] = (
    {"status": "resolved"}, {"status": "unresolved"}, {"status": "ignored"}, {"assignedTo": "user:1"},
    {"assignedTo": ""}, {"priority": "high"}, {"priority": "low"},
)  # fmt: skip


class Mirror:
    """Somebody who keeps a picture of all issues up to date by events alone, and reads it anew after a gap only."""

    def __init__(self, nodes: list[Gateway], at: int, transport: Transport, sandbox: Sandbox) -> None:
        self._nodes = nodes
        self._at = at
        self._sandbox = sandbox
        self._live = RealtimeManager("", nodes[0].token, transport=transport, on_gap=self._anew, sleep=self._elsewhere)
        self._live.chance = lambda: 0.1
        self._listening: asyncio.Task[None] | None = None
        self.known = truth(sandbox)
        self.gaps: list[str] = []

    @property
    def is_live(self) -> bool:
        return self._live.state is State.LIVE

    @property
    def epoch(self) -> str:
        return self._live.since[0] if self._live.since is not None else ""

    def come(self) -> None:
        """Listen, from the last place on."""
        self._live.url = self._nodes[self._at].url
        self._listening = asyncio.create_task(self._listen())

    async def cut(self) -> None:
        """Have the connection break, and come back to whichever node there is."""
        listening = self._listening
        if listening is not None:
            listening.cancel()
            with suppress(asyncio.CancelledError):
                await listening
        self.come()

    async def leave(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        async with self._live:
            async for event in self._live:
                self.known = summed(self.known, [event])

    async def _anew(self, message: dict[str, Any]) -> None:
        self.gaps.append(message["why"])
        self.known = await asyncio.to_thread(truth, self._sandbox)

    async def _elsewhere(self, seconds: float) -> None:
        """Wait before the next attempt, which goes to the other node, as what balances the load would have it."""
        self._at = (self._at + 1) % len(self._nodes)
        self._live.url = self._nodes[self._at].url
        await asyncio.sleep(seconds)


async def until(holds: Callable[[], bool], what: str) -> None:
    """Wait until something holds."""
    limit = time.monotonic() + LIMIT_S
    while not await asyncio.to_thread(holds):
        assert time.monotonic() < limit, what
        await asyncio.sleep(0.1)


class Chaos:
    """Changes issues at Sentry, and breaks connections at random."""

    def __init__(self, sandbox: Sandbox, mirrors: list[Mirror]) -> None:
        self._sandbox = sandbox
        self._mirrors = mirrors
        self._chance = random.Random(7)
        self._issues = sorted(truth(sandbox), key=int)[-6:]
        self._born = 0

    async def reigns(self, changes: int) -> None:
        for _ in range(changes):
            issue, fields = self._chance.choice(self._issues), self._chance.choice(FIELDS)
            await asyncio.to_thread(change, self._sandbox, issue, **fields)
            if self._chance.random() < 0.2:
                self._born += 1
                await asyncio.to_thread(send_error, self._sandbox, f"Born in chaos {self._born}")
            if self._chance.random() < 0.4:
                await self._chance.choice(self._mirrors).cut()

    async def ends(self, what: str) -> None:
        """Wait until everybody knows what is true."""
        webhook_faults(self._sandbox)

        def all_know() -> bool:
            true = truth(self._sandbox)
            return all(mirror.known == true for mirror in self._mirrors)

        await until(all_know, what)


async def polled(sandbox: Sandbox) -> None:
    """Wait until the poller has looked."""
    sandbox.forget_calls()
    await until(lambda: sandbox.calls().get(LIST, 0) >= 1, "nobody polls")
    await asyncio.sleep(0.5)


@pytest.mark.timeout(600)  # another node waits a minute before it polls in the place of one that died
async def test_with_one_of_two_nodes_killed_and_redis_restarted_everybody_ends_with_what_is_true(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """Webhooks twice, out of order, not at all, sockets that break at random: a gap says where something is missing."""
    with ExitStack() as stack:
        redis = stack.enter_context(running_redis())
        shared = {"DEXTER_REDIS_URL": redis.url}
        one = stack.enter_context(telling_gateway(sandbox, tmp_path, **shared))
        two = stack.enter_context(running_gateway(sandbox.url, sandbox.token, SENTRY_WEBHOOK_SECRET=SECRET, **shared))
        nodes = [one, two]
        mirrors = [Mirror(nodes, at % 2, list(Transport)[at // 2], sandbox) for at in range(4)]
        try:
            for mirror in mirrors:
                mirror.come()
            await until(lambda: all(mirror.is_live for mirror in mirrors), "not everybody is live")
            await polled(sandbox)
            chaos = Chaos(sandbox, mirrors)
            webhook_faults(sandbox, twice=0.3, out_of_order=0.3, dropped=0.2)
            await chaos.reigns(15)
            os.kill(one.process.pid, signal.SIGKILL)  # and with it whoever Sentry tells
            await chaos.reigns(15)
            await chaos.ends("with one node killed")
            assert [mirror.gaps for mirror in mirrors] == [[]] * 4, "the log is whole, and nobody missed anything"
            tell(sandbox, two)
            epochs = [mirror.epoch for mirror in mirrors]
            redis.kill()
            await chaos.reigns(5)
            redis.start()
            await until(lambda: all(mirror.epoch not in epochs for mirror in mirrors), "not everybody heard of the gap")
            assert all(set(mirror.gaps) == {"epoch"} for mirror in mirrors), [mirror.gaps for mirror in mirrors]
            told = [len(mirror.gaps) for mirror in mirrors]
            await polled(sandbox)
            webhook_faults(sandbox, twice=0.3, out_of_order=0.3, dropped=0.2)
            await chaos.reigns(15)
            await chaos.ends("after Redis forgot everything")
            assert [len(mirror.gaps) for mirror in mirrors] == told, "and nobody was told of a gap that was none"
        finally:
            for mirror in mirrors:
                await mirror.leave()
