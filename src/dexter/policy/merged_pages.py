"""One ordered list out of many: pages of several projects merged, with a cursor that knows how far each was read.

The cursor is `d1.` and base64 of JSON: by source, its own cursor there (null: its beginning) and how many rows of that
page were given already. A source that is read to its end is not in it, so a list that is read to its end has no cursor.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from dexter.policy.dialects import SORT_KEYS

PREFIX = "d1."
_MOST_CHARS = 16_384


@dataclass(frozen=True, slots=True)
class Position:
    """Where a source is to be read on: the cursor of a page, and how many of its rows are past."""

    cursor: str | None = None
    skip: int = 0


@dataclass(slots=True)
class Source:
    """One ordered list under way: the page that was fetched, and what comes behind it."""

    name: str
    position: Position
    rows: list[dict[str, Any]] = field(default_factory=list)
    """Of the page at the position's cursor, all of them."""
    next_cursor: str | None = None

    def turn(self, rows: list[dict[str, Any]], next_cursor: str | None) -> None:
        """Take in the page at the present position."""
        self.rows, self.next_cursor = rows, next_cursor

    @property
    def head(self) -> dict[str, Any] | None:
        """The next row, or None when the page is read."""
        return self.rows[self.position.skip] if self.position.skip < len(self.rows) else None

    @property
    def must_turn(self) -> bool:
        """Whether the page is read and there is another."""
        return self.head is None and self.next_cursor is not None

    @property
    def is_over(self) -> bool:
        """Whether the source is read to its end."""
        return self.head is None and self.next_cursor is None

    def take(self) -> dict[str, Any]:
        """Give the next row and move behind it."""
        row = self.rows[self.position.skip]
        self.position = Position(self.position.cursor, self.position.skip + 1)
        return row

    def onwards(self) -> None:
        """Move to the page behind."""
        self.position = Position(self.next_cursor, 0)


def next_rows(sources: list[Source], sort: str, count: int) -> list[dict[str, Any]]:
    """Give up to `count` rows in order; stops early where a source must be turned before its next row is known."""
    taken: list[dict[str, Any]] = []
    while len(taken) < count and not any(source.must_turn for source in sources):
        heads = [(order_key(source.head, sort), -at) for at, source in enumerate(sources) if source.head is not None]
        if not heads:
            break
        _, at = max(heads)
        taken.append(sources[-at].take())
    return taken


def order_key(row: dict[str, Any], sort: str) -> tuple[float, int]:
    """Give what a list is in descending order of: the sort's own member, then the newer issue."""
    value = row.get(SORT_KEYS[sort])
    return _number(value), int(row["id"]) if str(row.get("id", "")).isdigit() else 0


def _number(value: Any) -> float:
    if isinstance(value, int | float):
        return float(value)
    if not isinstance(value, str):
        return 0.0
    if value.isdigit():
        return float(value)
    try:
        return datetime.fromisoformat(value).timestamp()
    except ValueError:
        return 0.0


def cursor_of(sources: list[Source]) -> str | None:
    """Give the cursor of what is left, or None when nothing is."""
    left = {
        source.name: [source.position.cursor, source.position.skip]
        if source.head is not None
        else [source.next_cursor, 0]
        for source in sources
        if not source.is_over
    }
    if not left:
        return None
    return PREFIX + base64.urlsafe_b64encode(json.dumps(left, separators=(",", ":")).encode()).decode().rstrip("=")


def positions(cursor: str | None) -> dict[str, Position] | None:
    """Give where each source is to be read on; None for the beginning. Raises ValueError for what is no cursor."""
    if cursor is None:
        return None
    if not cursor.startswith(PREFIX) or len(cursor) > _MOST_CHARS:
        raise ValueError("not a cursor of a merged list")
    packed = cursor.removeprefix(PREFIX)
    document = json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    if not isinstance(document, dict):
        raise ValueError("not a cursor of a merged list")
    return {str(name): _position(row) for name, row in document.items()}


def _position(row: Any) -> Position:
    match row:
        case [None | str() as cursor, int() as skip] if 0 <= skip <= 1000:
            return Position(cursor, skip)
    raise ValueError("not a cursor of a merged list")
