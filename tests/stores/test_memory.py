"""What the memory store keeps, lets go and refuses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dexter.stores.entry import OVERHEAD_BYTES, Entry
from dexter.stores.ledger import Ledger
from dexter.stores.memory import MemoryStore

ROOM = 10 * (OVERHEAD_BYTES + 100)


def entry(key: str, *tags: str, body: bytes = b"x" * 100, stored_at: float = 1000.0) -> Entry:
    return Entry(key, 200, (), body, stored_at, frozenset(tags))


async def test_what_is_put_is_got() -> None:
    """Byte for byte."""
    store = MemoryStore()
    kept = entry("k", "a")
    assert await store.put(kept, store.mark())
    assert await store.get("k") is kept
    assert await store.get("other") is None


async def test_a_purge_outdates_every_entry_under_its_tags_and_no_other() -> None:
    """A write names tags, not keys."""
    store = MemoryStore()
    for each in (entry("1", "a"), entry("2", "a", "b"), entry("3", "c")):
        await store.put(each, store.mark())
    assert await store.purge(["a", "b"]) == 2
    found = [await store.get(key) for key in "123"]
    assert [each is not None and each.outdated for each in found] == [True, True, False]
    assert [store.peek(key) is None for key in "123"] == [True, True, False]
    assert await store.purge(["a", "b"]) == 0


async def test_what_was_asked_for_before_a_purge_is_refused() -> None:
    """It may show what was before the write."""
    store = MemoryStore()
    before = store.mark()
    await store.purge(["a"])
    assert not await store.put(entry("1", "a"), before)
    assert await store.put(entry("2", "b"), before)
    assert await store.put(entry("1", "a"), store.mark())


async def test_an_older_answer_does_not_replace_a_newer_one() -> None:
    """Two callers went to Sentry; the slower one asked first."""
    store = MemoryStore()
    await store.put(entry("k", stored_at=20.0), store.mark())
    assert not await store.put(entry("k", stored_at=10.0), store.mark())
    found = await store.get("k")
    assert found is not None
    assert found.stored_at == 20.0


async def test_what_is_asked_for_again_stays() -> None:
    """What people look at stays."""
    store = MemoryStore(ROOM)
    for number in range(10):
        await store.put(entry(str(number)), store.mark())
    await store.get("0")
    await store.put(entry("new"), store.mark())
    assert await store.get("0") is not None
    assert await store.get("1") is None


async def test_an_entry_that_would_push_everything_out_is_refused() -> None:
    """One export must not cost everybody's lists."""
    store = MemoryStore(ROOM)
    await store.put(entry("small"), store.mark())
    assert not await store.put(entry("giant", body=b"x" * ROOM), store.mark())
    assert await store.get("small") is not None


keys = st.sampled_from("abcd")
tags = st.frozensets(st.sampled_from("xyz"), max_size=2)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), keys, tags, st.integers(0, 1500)),
        st.tuples(st.just("purge"), tags),
        st.tuples(st.just("discard"), keys),
        st.tuples(st.just("get"), keys),
    ),
    max_size=30,
)


@given(steps)
async def test_the_room_is_never_exceeded_and_always_accounted_for(taken: list[tuple[object, ...]]) -> None:
    """A store that leaks a byte per write fills the machine in a week; one that leaks tags does so too."""
    store = MemoryStore(8 * 2200)
    for step in taken:
        match step:
            case ("put", str() as key, frozenset() as named, int() as size):
                await store.put(Entry(key, 200, (), b"x" * size, 0.0, named), store.mark())
            case ("purge", frozenset() as named):
                await store.purge(named)
            case ("discard", str() as key):
                await store.discard(key)
            case ("get", str() as key):
                await store.get(key)
        found = [kept for key in "abcd" if (kept := await store.get(key)) is not None]
        assert store.used_bytes == sum(kept.size_bytes for kept in found) <= 8 * 2200
        assert len(store) == len(found)
    await store.purge("xyz")
    assert not any(kept.tags for kept in map(store.peek, "abcd") if kept is not None)


async def test_what_the_ledger_forgets_counts_as_purged() -> None:
    """Its memory is bounded; forgetting must err on the side of asking Sentry."""
    ledger = Ledger(remembered_tags=2)
    before = ledger.mark()
    await ledger.record(["a"], (), 0)
    after = ledger.mark()
    await ledger.record(["b"], (), 0)
    assert not ledger.outdated(["other"], before)
    await ledger.record(["c"], (), 0)
    assert ledger.outdated(["other"], before)
    assert not ledger.outdated(["a"], after)


async def test_a_lag_ends() -> None:
    """After half a minute Sentry's search has caught up."""
    ledger = Ledger()
    await ledger.record(["a"], ["a"], 130.0)
    assert ledger.lagging(["a", "b"], 129.9)
    assert not ledger.lagging(["b"], 129.9)
    assert not ledger.lagging(["a"], 130.0)


async def test_a_later_write_prolongs_the_lag() -> None:
    """The index starts anew behind each write."""
    ledger = Ledger()
    await ledger.record(["a"], ["a"], 130.0)
    await ledger.record(["b"], ["b"], 135.0)
    await ledger.record(["a"], ["a"], 140.0)
    assert ledger.lagging(["a"], 139.0)
    assert not ledger.lagging(["b"], 139.0)
