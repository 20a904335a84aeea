"""Values that hosts share over a real Redis: the later one counts, and one host at a time has what is claimed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from bench.stand import Redis, running_redis

from dexter.stores.ranked_values import HostsUnreachable
from dexter.stores.redis_server import connected
from dexter.stores.redis_values import RedisValues

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    with running_redis() as running:
        yield running


@pytest.fixture
async def hosts(redis: Redis, request: pytest.FixtureRequest) -> AsyncIterator[list[RedisValues]]:
    """Two hosts before one Sentry."""
    made = [RedisValues(connected(redis.url), request.node.name) for _ in range(2)]
    yield made
    for each in made:
        await each.aclose()


async def test_of_two_values_the_one_with_the_higher_rank_counts(hosts: list[RedisValues]) -> None:
    """A host that was away must not undo what the others did meanwhile."""
    here, there = hosts
    assert await here.all() == {}
    await here.publish("breaker", (9, b'["open",{}] \x00\xff'))
    await there.publish("breaker", (9, b"as late"))
    await there.publish("breaker", (3, b"earlier"))
    assert await there.all() == {"breaker": (9, b'["open",{}] \x00\xff')}
    await there.publish("breaker", (10, b"later"))
    assert await here.all() == {"breaker": (10, b"later")}


async def test_a_claim_is_one_hosts(hosts: list[RedisValues]) -> None:
    """And ends by itself."""
    here, there = hosts
    assert await here.claim("probe:1", 60.0)
    assert not await there.claim("probe:1", 60.0)
    assert await there.claim("probe:2", 60.0)


async def test_a_redis_that_is_away_is_said_to_be() -> None:
    """Whoever asks goes on alone."""
    values = RedisValues(connected("redis://127.0.0.1:9/0"), "n")
    with pytest.raises(HostsUnreachable):
        await values.all()
    with pytest.raises(HostsUnreachable):
        await values.publish("breaker", (1, b""))
    with pytest.raises(HostsUnreachable):
        await values.claim("probe", 1.0)
    await values.aclose()
