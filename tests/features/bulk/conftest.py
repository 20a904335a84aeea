"""The world that bulk jobs are tested in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.features.bulk.world import World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.database.engine import Database


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    """A Sentry with two dozen issues, and nobody working yet."""
    made = World(database)
    yield made
    await made.sandbox.aclose()
