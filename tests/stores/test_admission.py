"""Which entries stay when room is short."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dexter.stores.admission import Admission


def test_a_scan_pushes_out_nothing_that_people_use() -> None:
    """An export reads ten thousand issues once; everybody's lists must still be there afterwards."""
    admission, kept = Admission(100), set()

    def add(key: str) -> None:
        admission.add(key, 1)
        kept.add(key)
        while len(kept) > 100:
            kept.discard(admission.next_to_go())

    for number in range(50):
        add(f"used {number}")
        admission.used(f"used {number}")
    for number in range(10_000):
        add(f"scanned {number}")
    assert {f"used {number}" for number in range(50)} <= kept


def test_who_comes_back_soon_stays() -> None:
    """A list that fell out and is asked for again is no scan."""
    admission, kept = Admission(10), set()

    def add(key: str) -> None:
        admission.add(key, 1)
        kept.add(key)
        while len(kept) > 10:
            kept.discard(admission.next_to_go())

    for number in range(11):
        add(str(number))
    assert "0" not in kept
    add("0")
    for number in range(11, 30):
        add(str(number))
    assert "0" in kept


steps = st.lists(
    st.tuples(st.sampled_from(["add", "used", "remove", "go"]), st.sampled_from("abcdefgh"), st.integers(1, 9))
)


@given(steps)
def test_what_goes_was_there(taken: list[tuple[str, str, int]]) -> None:
    """A key that goes twice, or never, is a leak or a crash in the store that relies on this."""
    admission, kept = Admission(20), set()
    for step, key, size in taken:
        if step == "add":
            admission.add(key, size)
            kept.add(key)
        elif step == "used":
            admission.used(key)
        elif step == "remove":
            admission.remove(key)
            kept.discard(key)
        elif kept:
            gone = admission.next_to_go()
            assert gone in kept
            kept.remove(gone)
        assert len(admission) == len(kept)
