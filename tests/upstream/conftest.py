"""A stack before a Sentry that the test plays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.sentry_double import ONE_ATTEMPT, FakeClock, SentryDouble

from dexter.stores.memory import MemoryStore
from dexter.upstream.stack import Stack, build_stack

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.observe.records import Record


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sentry() -> SentryDouble:
    return SentryDouble()


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def records() -> list[Record]:
    return []


@pytest.fixture
async def stack(
    sentry: SentryDouble, store: MemoryStore, clock: FakeClock, records: list[Record]
) -> AsyncIterator[Stack]:
    stack = build_stack(sentry, store, clock, ONE_ATTEMPT, observers=(records.append,))
    yield stack
    await stack.aclose()
