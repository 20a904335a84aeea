"""Work that nobody waits for is still looked after."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from dexter.errors import Unreachable
from dexter.upstream.background import Background

if TYPE_CHECKING:
    import pytest


async def _fails(error: Exception) -> None:
    raise error


async def test_a_bug_behind_the_scene_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Nobody awaits a refresh; its bug would never be seen."""
    background = Background()
    background.start(_fails(ZeroDivisionError("bug")))
    await asyncio.sleep(0.01)
    assert "background_failed" in caplog.text


async def test_sentrys_trouble_behind_the_scene_is_no_bug(caplog: pytest.LogCaptureFixture) -> None:
    """It is told to the observers where it happens."""
    background = Background()
    background.start(_fails(Unreachable("down")))
    await asyncio.sleep(0.01)
    assert caplog.text == ""


async def test_closing_cancels_what_runs_and_waits_for_its_end() -> None:
    """A task that outlives its loop is a warning at every shutdown."""
    background = Background()
    ended = asyncio.Event()

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    background.start(endless())
    await asyncio.sleep(0)
    await background.aclose()
    assert ended.is_set()
