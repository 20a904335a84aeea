"""Pages: Sentry's cursors, its Link header, and lists that neither repeat nor lose a row."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from dexter.sandbox.pagination import (
    Cursor,
    keyed_page,
    link_header,
    offset_page,
    parse_cursor,
    per_page,
    rows_by_key,
)
from dexter.sandbox.replies import SentryError


def asking(query: str, path: str = "/api/0/organizations/acme/issues/") -> Any:
    return SimpleNamespace(query=QueryParams(query), path=path, base_url="http://sentry.test")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("", None),
        ("0:100:0", Cursor(0, 100, False)),
        ("1700000000123:2:1", Cursor(1700000000123, 2, True)),
        ("1.5:0:0", Cursor(1.5, 0, False)),
        ("-3:0:0", Cursor(-3, 0, False)),
    ],
)
def test_a_cursor_is_value_offset_and_direction(text: str | None, expected: Cursor | None) -> None:
    """Clients send back what they were given, byte for byte."""
    assert parse_cursor(text) == expected


@pytest.mark.parametrize("text", ["x", "1:2", "1:2:3:4", "0:-1:0", "0:1:2", "0:0:0 ", "1e9:0:0", "0:99999999999999:0"])
def test_what_is_no_cursor_is_refused(text: str) -> None:
    """A negative offset once was a 500 in Sentry; here it is the client's error like any other."""
    with pytest.raises(SentryError) as caught:
        parse_cursor(text)
    assert (caught.value.status, caught.value.body) == (400, {"detail": "Invalid cursor parameter."})


def test_the_link_header_has_sentrys_grammar() -> None:
    """Existing clients parse this header with regular expressions of their own."""
    link = link_header(asking("query=is%3Aunresolved&project=1&project=2&cursor=0:0:0"), Cursor(0, 0, True, False),
                       Cursor(0, 25, False, True))  # fmt: skip
    base = "http://sentry.test/api/0/organizations/acme/issues/?query=is%3Aunresolved&project=1&project=2"
    assert link == (
        f'<{base}&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", '
        f'<{base}&cursor=0:25:0>; rel="next"; results="true"; cursor="0:25:0"'
    )


def test_an_empty_query_leaves_its_question_mark() -> None:
    """Sentry does so, and a client that cuts at `?&` must find it."""
    assert "/issues/?&cursor=0:1:0>" in link_header(asking(""), Cursor(0, 0, True), Cursor(0, 1))


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("per_page=101", "Invalid per_page value. Cannot exceed 100."),
        ("per_page=x", "Invalid per_page parameter."),
        ("per_page=0", "Invalid per_page value. Must be between 1 and 100."),
    ],
)
def test_per_page_over_its_bounds_is_an_error_not_a_cap(query: str, detail: str) -> None:
    """A client that asks for 1000 must not believe that 100 was all there is."""
    with pytest.raises(SentryError) as caught:
        per_page(asking(query))
    assert caught.value.body == {"detail": detail}


def test_the_last_offset_page_says_that_nothing_follows() -> None:
    """rel="next" is there on the last page too; only results="false" ends the loop."""
    page = offset_page(lambda offset, count: list(range(5))[offset : offset + count], Cursor(0, 3), 3)
    assert (page.rows, page.next, page.prev) == ([3, 4], Cursor(0, 6, False, False), Cursor(0, 0, True, True))


KEYS = st.lists(st.integers(1, 6), max_size=40).map(lambda keys: sorted(keys, reverse=True))


def walk(rows: list[tuple[int, int]], limit: int) -> list[list[tuple[int, int]]]:
    fetch = rows_by_key(rows, lambda row: row[0])
    pages, cursor = [], None
    while True:
        page = keyed_page(fetch, lambda row: row[0], cursor, limit)
        pages.append(page.rows)
        if not page.next.has_results:
            return pages
        cursor = parse_cursor(str(page.next))


@given(keys=KEYS, limit=st.integers(1, 7))
def test_walking_forward_meets_every_row_once(keys: list[int], limit: int) -> None:
    """Many rows share a sort key: a page boundary within them must neither repeat nor lose one."""
    rows = [(key, number) for number, key in enumerate(keys)]
    assert [row for page in walk(rows, limit) for row in page] == rows


@given(keys=KEYS, limit=st.integers(1, 7), steps=st.integers(1, 5))
def test_walking_back_gives_the_pages_before(keys: list[int], limit: int, steps: int) -> None:
    """The previous link of a page must lead to the page that led here."""
    rows = [(key, number) for number, key in enumerate(keys)]
    fetch = rows_by_key(rows, lambda row: row[0])
    pages, cursor = [], None
    for _ in range(steps):
        pages.append(keyed_page(fetch, lambda row: row[0], cursor, limit))
        if not pages[-1].next.has_results:
            break
        cursor = pages[-1].next
    for here, before in zip(pages[:0:-1], pages[-2::-1], strict=True):
        back = keyed_page(fetch, lambda row: row[0], parse_cursor(str(here.prev)), limit)
        assert back.rows == before.rows
        assert keyed_page(fetch, lambda row: row[0], back.next, limit).rows == here.rows


def test_a_new_row_does_not_shift_a_keyed_page() -> None:
    """Events arrive while someone pages: the second page must not repeat the end of the first."""
    rows = [(9, 0), (8, 1), (7, 2), (6, 3)]
    first = keyed_page(rows_by_key(rows, lambda row: row[0]), lambda row: row[0], None, 2)
    later = rows_by_key([(10, 9), *rows], lambda row: row[0])
    assert keyed_page(later, lambda row: row[0], first.next, 2).rows == [(7, 2), (6, 3)]
