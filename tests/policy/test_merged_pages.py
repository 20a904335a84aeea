"""Many ordered lists read as one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.merged_pages import Position, Source, cursor_of, next_rows, order_key, positions

Row = dict[str, Any]
PAGE = 3


def row(number: int, count: int) -> Row:
    return {"id": str(number), "count": str(count)}


def turn(source: Source, everything: list[Row]) -> None:
    """Give a source the page at its position, as a server with offset cursors would."""
    at = int(source.position.cursor or 0)
    rest = at + PAGE
    source.turn(everything[at:rest], str(rest) if rest < len(everything) else None)


def read(lists: dict[str, list[Row]], limit: int) -> list[list[Row]]:
    """Read all lists as one, page by page, as a stateless server does."""
    pages, cursor, first = [], None, True
    while first or cursor is not None:
        left = positions(cursor)
        first = False
        sources = [Source(name, left[name] if left else Position()) for name in (left or lists)]
        for source in sources:
            turn(source, lists[source.name])
        taken: list[Row] = []
        while True:
            for source in sources:
                while source.must_turn:
                    source.onwards()
                    turn(source, lists[source.name])
            more = next_rows(sources, "freq", limit - len(taken))
            taken += more
            if len(taken) == limit or not more:
                break
        pages.append(taken)
        cursor = cursor_of(sources)
    return pages


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=9), min_size=1, max_size=4),
    st.integers(1, 7),
)
def test_every_row_comes_once_in_order_and_the_list_ends(counts: list[list[int]], limit: int) -> None:
    """A cursor that loses a row, repeats one or never ends is what merged lists get wrong."""
    lists: dict[str, list[Row]] = {}
    number = 0
    for at, each in enumerate(counts):
        rows = [row(number := number + 1, count) for count in each]
        lists[f"p{at}"] = sorted(rows, key=lambda one: order_key(one, "freq"), reverse=True)
    pages = read(lists, limit)
    everything = [one for rows in lists.values() for one in rows]
    assert [one["id"] for page in pages for one in page] == [
        one["id"] for one in sorted(everything, key=lambda one: order_key(one, "freq"), reverse=True)
    ]
    assert all(len(page) == limit for page in pages[:-1])


def test_times_are_compared_as_times() -> None:
    """As texts, a second without a fraction would come after the same second with one."""
    whole, later = {"id": "1", "lastSeen": "2026-01-01T00:00:05Z"}, {"id": "2", "lastSeen": "2026-01-01T00:00:05.5Z"}
    assert order_key(later, "date") > order_key(whole, "date")


@pytest.mark.parametrize(
    "cursor", ["0:100:0", "d1.", "d1.!!", "d1.W10", "d1.eyJhIjpbMSwyXX0", "d1.eyJhIjpbbnVsbCwtMV19"]
)
def test_what_is_no_cursor_of_a_merged_list_is_refused(cursor: str) -> None:
    """A cursor comes from outside."""
    with pytest.raises(ValueError):  # noqa: PT011 - json's and base64's errors are among them
        positions(cursor)
