"""One row for every table, for tests of what must not be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, Boolean, Integer, LargeBinary, Table

from dexter.database.columns import Moment, at
from dexter.database.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Column

MOMENT = at(1_700_000_000.25)


def row(table: Table) -> dict[str, Any]:
    """Give a row that fills every column; rows of all tables refer to each other."""
    return {column.name: _value(column) for column in table.columns}


def tables() -> list[Table]:
    """Give all tables, those first that others refer to."""
    return metadata.sorted_tables


def _value(column: Column[Any]) -> Any:
    if isinstance(column.type, Moment):
        return MOMENT
    if isinstance(column.type, JSON):
        return {"text": "ü\0", "list": [1, None, 2.5]}
    if isinstance(column.type, LargeBinary):
        return b"\0\xff"
    if isinstance(column.type, Boolean):
        return True
    if isinstance(column.type, Integer):
        return 7
    return "ü"
