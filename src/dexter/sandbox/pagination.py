"""Pages with Sentry's cursors and its exact Link header.

A cursor is `value:offset:is_prev`. Offset pages keep the position in `offset` with value 0; keyed pages keep
the sort key of the page's edge in `value` (epoch milliseconds for dates) and in `offset` how many rows with
that same key are already behind the reader.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar
from urllib.parse import quote, urlencode

from dexter.sandbox.replies import invalid, json_reply

if TYPE_CHECKING:
    from starlette.responses import Response

    from dexter.sandbox.request import SandboxRequest

T = TypeVar("T")
Key = int | float

_CURSOR = re.compile(r"(-?\d{1,18}(?:\.\d{1,9})?):(\d{1,12}):([01])")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list and the direction to read from it; `has_results` is for the header only."""

    value: Key = 0
    offset: int = 0
    is_prev: bool = False
    has_results: bool = False

    def __str__(self) -> str:
        return f"{self.value}:{self.offset}:{int(self.is_prev)}"


def parse_cursor(text: str | None) -> Cursor | None:
    """Give the cursor a client sent, None for none; 400 for anything that is not one."""
    if not text:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise invalid("Invalid cursor parameter.")
    value, offset, is_prev = match.groups()
    return Cursor(float(value) if "." in value else int(value), int(offset), is_prev == "1")


def per_page(request: SandboxRequest, default: int = 100, maximum: int = 100) -> int:
    """Give the `per_page` a client asked for; over the maximum is an error, not a cap."""
    text = request.query.get("per_page")
    if not text:
        return min(default, maximum)
    try:
        number = int(text)
    except ValueError:
        raise invalid("Invalid per_page parameter.") from None
    if number > maximum:
        raise invalid(f"Invalid per_page value. Cannot exceed {maximum}.")
    if number < 1:
        raise invalid(f"Invalid per_page value. Must be between 1 and {maximum}.")
    return number


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of rows and where its neighbours are; `hits` only where the list is counted."""

    rows: list[T]
    prev: Cursor
    next: Cursor
    hits: int | None = None
    max_hits: int | None = None

    def headers(self, request: SandboxRequest) -> dict[str, str]:
        """Give the Link header and, where counted, X-Hits and X-Max-Hits."""
        headers = {"Link": link_header(request, self.prev, self.next)}
        if self.hits is not None:
            headers["X-Hits"] = str(self.hits)
        if self.max_hits is not None:
            headers["X-Max-Hits"] = str(self.max_hits)
        return headers

    def reply(self, request: SandboxRequest, data: Any, headers: Mapping[str, str] | None = None) -> Response:
        """Give the JSON reply for this page's serialized rows."""
        return json_reply(data, headers={**self.headers(request), **(headers or {})})


def offset_page(fetch: Callable[[int, int], Sequence[T]], cursor: Cursor | None, limit: int) -> Page[T]:
    """Give the page at the cursor's offset. `fetch(offset, count)` gives at most `count` rows from there."""
    offset = cursor.offset if cursor is not None else 0
    rows = list(fetch(offset, limit + 1))
    return Page(
        rows[:limit],
        prev=Cursor(0, max(0, offset - limit), True, offset > 0),
        next=Cursor(0, offset + limit, False, len(rows) > limit),
    )


KeyedFetch = Callable[[Key | None, bool, int, int], Sequence[T]]
"""`fetch(start, backwards, skip, count)`: rows in list order (or the reverse when backwards), from the first row
whose key is `start` or lies beyond it in that direction (None: from the end of the list that comes first), leaving
out `skip` of them, at most `count`."""


def keyed_page(fetch: KeyedFetch[T], key: Callable[[T], Key], cursor: Cursor | None, limit: int) -> Page[T]:
    """Give the page at a cursor whose value is a sort key; rows that arrive meanwhile shift no page."""
    if cursor is not None and cursor.is_prev:
        return _page_before(fetch, key, cursor, limit)
    start = cursor.value if cursor is not None and (cursor.value or cursor.offset) else None
    skip = cursor.offset if cursor is not None else 0
    rows = list(fetch(start, False, skip, limit + 1))
    more, rows = len(rows) > limit, rows[:limit]
    if not rows:
        edge = cursor.value if cursor is not None else 0
        return Page([], Cursor(edge, skip, True, start is not None), Cursor(edge, skip, False, False))
    return Page(
        rows,
        prev=Cursor(key(rows[0]), skip if start == key(rows[0]) else 0, True, start is not None),
        next=_after(rows, key, start, skip, more),
    )


def _after(rows: list[T], key: Callable[[T], Key], start: Key | None, skip: int, more: bool) -> Cursor:
    edge = key(rows[-1])
    same = sum(1 for row in rows if key(row) == edge)
    return Cursor(edge, same + (skip if edge == start else 0), False, more)


def _page_before(fetch: KeyedFetch[T], key: Callable[[T], Key], cursor: Cursor, limit: int) -> Page[T]:
    skip = max(0, _twins(fetch, key, cursor.value) - cursor.offset)
    rows = list(fetch(cursor.value, True, skip, limit + 1))
    more, rows = len(rows) > limit, rows[:limit][::-1]
    here = Cursor(cursor.value, cursor.offset, False, bool(fetch(cursor.value, False, cursor.offset, 1)))
    if not rows:
        return Page([], Cursor(cursor.value, cursor.offset, True, False), here)
    first = key(rows[0])
    if first == cursor.value:
        behind = max(0, cursor.offset - len(rows))
    else:
        behind = _twins(fetch, key, first) - sum(1 for row in rows if key(row) == first)
    return Page(rows, Cursor(first, behind, True, more), here)


def _twins(fetch: KeyedFetch[T], key: Callable[[T], Key], value: Key) -> int:
    count, step = 0, 200
    while True:
        rows = fetch(value, False, count, step)
        same = sum(1 for row in rows if key(row) == value)
        count += same
        if same < step:
            return count


def rows_by_key(rows: Sequence[T], key: Callable[[T], Key], *, descending: bool = True) -> KeyedFetch[T]:
    """Give the keyed fetch over rows that are in memory, sorted by the key already."""
    sign = -1 if descending else 1

    def fetch(start: Key | None, backwards: bool, skip: int, count: int) -> Sequence[T]:
        if start is None:
            first, last = 0, len(rows)
        elif backwards:
            first, last = 0, bisect_right(rows, sign * start, key=lambda row: sign * key(row))
        else:
            first, last = bisect_left(rows, sign * start, key=lambda row: sign * key(row)), len(rows)
        if backwards:
            stop = max(0, last - skip)
            return rows[max(0, stop - count) : stop][::-1]
        return rows[first + skip : first + skip + count]

    return fetch


def paginate_offset(
    request: SandboxRequest, fetch: Callable[[int, int], Sequence[T]] | Sequence[T], limit: int | None = None
) -> Page[T]:
    """Give the requested page by offset, of a sequence or of what `fetch(offset, count)` gives."""
    if not callable(fetch):
        rows = fetch

        def fetch(offset: int, count: int) -> Sequence[T]:
            return rows[offset : offset + count]

    return offset_page(fetch, parse_cursor(request.query.get("cursor")), limit or per_page(request))


def link_header(request: SandboxRequest, prev: Cursor, after: Cursor) -> str:
    """Give the Link header: previous then next, both always there, the cursor as the address's last parameter."""
    query = urlencode([(name, value) for name, value in request.query.multi_items() if name != "cursor"])
    base = f"{request.base_url}{quote(request.path)}?{query}"
    return ", ".join(
        f'<{base}&cursor={cursor}>; rel="{rel}"; results="{str(cursor.has_results).lower()}"; cursor="{cursor}"'
        for rel, cursor in (("previous", prev), ("next", after))
    )
