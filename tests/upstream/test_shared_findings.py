"""What one process finds out about its Sentry, the others know: played by two stacks over one file and one sandbox."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.doubles.sandbox_transport import OWNER, SandboxTransport
from tests.doubles.sentry_double import FakeClock, call

from dexter.gateway.host_cells import CELLS
from dexter.policy.capabilities import Address, Capabilities, Kind, State
from dexter.policy.retry import RetryRule
from dexter.sandbox.standing import standing
from dexter.stores.cells import HostCells
from dexter.stores.memory import MemoryStore
from dexter.upstream.findings import LEASE_S, Findings
from dexter.upstream.options import StackOptions
from dexter.upstream.probe import DOUBTED_S, LOOK_S, Asker
from dexter.upstream.stack import Stack, build_stack
from dexter.wire import Answer, Credential, Identity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CONFIG = "GET /api/client-config/"
ISSUES = "/api/0/organizations/acme/issues/"
BY_NUMBER = "/api/0/issues/0/tags/"
CREDENTIAL = Credential(f"Bearer {OWNER}")
ASKER = Asker(Identity("token-1", "token"), CREDENTIAL, "acme")


class Stand:
    """Two processes of a host before one Sentry."""

    def __init__(self, profile: str, folder: Path) -> None:
        self.sentry = SandboxTransport(profile, issues=3)
        self.clock = FakeClock()
        self.path = folder / "cells"
        options = StackOptions(retry=RetryRule(attempts=1))
        self.processes = [
            build_stack(self.sentry, MemoryStore(), self.clock, options, cells=self.cells()) for _ in range(2)
        ]

    def cells(self) -> HostCells:
        return HostCells(self.path, CELLS)

    async def ask(self, process: Stack, path: str) -> Answer:
        asked = call(path, identity=ASKER.identity, clock=self.clock, no_cache=True)
        return await process(replace(asked, credential=CREDENTIAL))

    async def until_done(self, task: asyncio.Task[Capabilities]) -> Capabilities:
        """Let time pass until a process that waits for another has its answer."""
        for _ in range(200):
            if task.done():
                break
            self.clock.pass_s(LOOK_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(task), 0.01)
        return await task


@pytest.fixture
async def stand(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Stand]:
    stand = Stand(request.param, tmp_path)
    yield stand
    for process in stand.processes:
        await process.aclose()
    await stand.sentry.aclose()


@pytest.mark.parametrize("stand", ["sentry-9.1"], indirect=True)
async def test_two_processes_that_need_it_at_once_ask_once(stand: Stand) -> None:
    """A dozen reads are cheap once, not once by each worker."""
    tasks = [asyncio.create_task(process.prober.capabilities(ASKER)) for process in stand.processes]
    found = [await stand.until_done(task) for task in tasks]
    assert found[0].dialect == "orgless"
    assert found[0] == found[1]
    assert stand.sentry.asked.count(CONFIG) == 1


@pytest.mark.parametrize("stand", ["sentry-9.1"], indirect=True)
async def test_what_one_had_to_be_told_the_other_goes_by_at_once(stand: Stand) -> None:
    """Its first call goes where this Sentry has what is asked for."""
    here, there = stand.processes
    assert (await stand.ask(here, ISSUES)).status == 200
    stand.sentry.asked.clear()
    assert (await stand.ask(there, ISSUES)).status == 200
    assert f"GET {ISSUES}" not in stand.sentry.asked
    assert CONFIG not in stand.sentry.asked


@pytest.mark.parametrize("stand", ["sentry-9.1"], indirect=True)
async def test_a_process_that_dies_while_it_asks_holds_the_others_up_for_its_lease(stand: Stand) -> None:
    """And no longer."""
    assert Findings(stand.cells(), stand.clock.now).may_probe("one that dies")
    began = stand.clock.now()
    found = await stand.until_done(asyncio.create_task(stand.processes[0].prober.capabilities(ASKER)))
    assert found.kind is Kind.SELF_HOSTED
    assert LEASE_S <= stand.clock.now() - began < LEASE_S + 1.0


@pytest.mark.parametrize("stand", ["saas"], indirect=True)
async def test_a_brownout_that_one_met_is_passed_over_by_the_other(stand: Stand) -> None:
    """Nobody else need run into it."""
    standing(stand.sentry.sandbox).brownouts = "permanent"
    here, there = stand.processes
    for process in (here, there):
        await stand.ask(process, BY_NUMBER)
    assert stand.sentry.asked.count(f"GET {BY_NUMBER}") == 1
    stand.clock.pass_s(61)
    await stand.ask(there, BY_NUMBER)
    assert stand.sentry.asked.count(f"GET {BY_NUMBER}") == 2


@pytest.mark.parametrize("stand", ["sentry-9.1"], indirect=True)
async def test_rights_with_which_nothing_is_learned_are_not_tried_again_by_the_other(stand: Stand) -> None:
    """A wrong token in a script's loop must not make every worker ask a dozen things."""
    stranger = replace(ASKER, identity=Identity("token-2", "token"), credential=Credential("Bearer wrong"))
    for process in stand.processes:
        assert (await process.prober.capabilities(stranger)).addresses == {}
    assert stand.sentry.asked.count(CONFIG) == 1
    stand.clock.pass_s(DOUBTED_S)
    await stand.processes[1].prober.capabilities(stranger)
    assert stand.sentry.asked.count(CONFIG) == 2


def test_only_the_latest_rights_in_vain_are_remembered(tmp_path: Path) -> None:
    """Whoever makes up tokens must not fill the cell."""
    clock = FakeClock()
    findings = Findings(HostCells(tmp_path / "cells", CELLS), clock.now)
    for number in range(500):
        findings.learned_nothing(f"token-{number}", DOUBTED_S)
        clock.pass_s(0.001)
    assert not findings.is_in_vain("token-1", DOUBTED_S)
    assert findings.is_in_vain("token-499", DOUBTED_S)


def test_what_was_found_reads_as_it_was_written(tmp_path: Path) -> None:
    """By every process, and after all of them were replaced."""
    found = Capabilities(Kind.PARTIAL, "1.2", "acme", {Address.ISSUE: State.RETIRING}, 1234.5)
    Findings(HostCells(tmp_path / "cells", CELLS), lambda: 1235.0).found(found)
    read = Findings(HostCells(tmp_path / "cells", CELLS), lambda: 1235.0)
    assert read.capabilities == found
    assert read.are_younger_than(1.0)
    assert not read.are_younger_than(0.4)


@pytest.mark.parametrize("written", [b"{", b"[]", b'{"kind":"other"}', b'{"version":"\xe9"}', b'{"probed_at":"x"}'])
def test_what_cannot_be_read_was_never_found(tmp_path: Path, written: bytes) -> None:
    """A file that something else wrote to must not break a call."""
    cells = HostCells(tmp_path / "cells", CELLS)
    for name in CELLS:
        cells.change(name, lambda _: written)
    findings = Findings(cells, lambda: 1.0)
    assert findings.capabilities == Capabilities()
    assert findings.may_probe("me")
    assert not findings.is_switched_off(Address.ISSUE, 60.0)
