"""Rows for spreadsheets: CSV in which no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""The last four are the wide forms of the first, which spreadsheets in East Asia read as them."""


def safe(value: Any) -> str:
    """Give a cell's text. What a spreadsheet would compute stands behind an apostrophe, which shows that it is text.

    >>> safe("=HYPERLINK(1)"), safe(3), safe(None)
    ("'=HYPERLINK(1)", '3', '')
    """
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_lines(rows: Iterable[Sequence[Any]]) -> bytes:
    """Give rows as lines of CSV, in UTF-8. Lone halves of surrogate pairs are no text and become question marks."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerows([safe(value) for value in row] for row in rows)
    return written.getvalue().encode("utf-8", "replace")
