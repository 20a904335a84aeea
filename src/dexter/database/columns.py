"""What a column may hold, the same on SQLite and on PostgreSQL, and the ids that rows are given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import JSON, BigInteger, DateTime, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator

from dexter.database.moments import at, written

if TYPE_CHECKING:
    from sqlalchemy.engine import Dialect


__all__ = ["Bytes", "Counted", "Json", "Moment", "Words", "at", "new_id", "written"]


class Moment(TypeDecorator[datetime]):
    """A moment with its time zone, given back in UTC. SQLite knows no zones, so UTC is kept there without one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give what is written. Raises ValueError for a moment that says no time zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} names no time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give what was written, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Words(TypeDecorator[str]):
    """Text of people and of Sentry. PostgreSQL takes no NUL in a text, so both engines keep U+FFFD in its place."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Give what is written: text without NUL and without half a surrogate pair, which is no text at all."""
        if value is None:
            return None
        return value.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


# Not JSONB: it refuses the escaped NUL that texts in Sentry's events may hold. Nothing searches inside these.
Json = JSON(none_as_null=True)
Bytes = LargeBinary
Counted = BigInteger().with_variant(Integer, "sqlite")
"""An id that the database counts up itself; SQLite does so for its INTEGER only."""


def new_id() -> str:
    """Give an id that nothing else has."""
    return uuid4().hex
