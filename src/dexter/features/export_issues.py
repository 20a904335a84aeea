"""A whole list of issues, page after page, as a file: CSV, JSON or lines of JSON.

Pages are asked for behind everybody else's requests, wait as long as Sentry asks for it, and end where Sentry says
that there is nothing more. Nothing but the page at hand and the ids so far is held. A failure in the middle is said in
the last line, and then the file is broken off: a reader that only looks at the transfer sees it too.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import structlog

from dexter.errors import DexterError, Garbled, RateLimited, UpstreamError
from dexter.features.export_csv import csv_lines
from dexter.policy.link_header import next_cursor
from dexter.wire import Priority, header

if TYPE_CHECKING:
    from dexter.features.sentry import Query, Sentry

log = structlog.get_logger("dexter.features")

Json = dict[str, Any]
Format = Literal["csv", "json", "ndjson"]
Marks = Callable[[Sequence[Json]], Awaitable[Mapping[str, Json]]]

MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "ndjson": "application/x-ndjson",
}
PAGE = 100
PATIENCE_S = 600.0
"""How long an export waits, all in all, for a Sentry that asks it to."""
ATTEMPTS = 4
"""How often a page is asked for that fails in a way that may pass."""


class BrokenOff(Exception):
    """The export cannot go on, and its last line said why. Ends the transfer so that it does not look whole."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the CSV, and where its value stands in an issue."""

    name: str
    path: tuple[str, ...]

    def of(self, issue: Json) -> Any:
        """Give an issue's value."""
        value: Any = issue
        for name in self.path:
            value = value.get(name) if isinstance(value, dict) else None
        return value


COLUMNS = (
    Column("short_id", ("shortId",)),
    Column("id", ("id",)),
    Column("project", ("project", "slug")),
    Column("title", ("title",)),
    Column("culprit", ("culprit",)),
    Column("level", ("level",)),
    Column("status", ("status",)),
    Column("substatus", ("substatus",)),
    Column("priority", ("priority",)),
    Column("assignee", ("assignedTo", "name")),
    Column("events", ("count",)),
    Column("users", ("userCount",)),
    Column("first_seen", ("firstSeen",)),
    Column("last_seen", ("lastSeen",)),
    Column("url", ("permalink",)),
)
OWN_COLUMNS = ("labels", "notes")


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of a list, one after the other."""

    sentry: Sentry
    query: Query
    deadline: Callable[[], float]
    """Gives the moment by which a page that is asked for now must be there."""
    sleep: Callable[[float], Awaitable[None]]

    async def all(self) -> AsyncIterator[list[Json]]:
        """Give every page; an issue that moved from one to the next while they were read is given once.

        Raises what stands in the way. Ends where Sentry says so, and Garbled where it would go round in circles.
        """
        seen: set[str] = set()
        cursors: set[str] = set()
        cursor: str | None = None
        patience_s = PATIENCE_S
        while True:
            issues, cursor, waited_s = await self._page(cursor, patience_s)
            patience_s -= waited_s
            new = [issue for issue in issues if str(issue.get("id")) not in seen]
            seen.update(str(issue.get("id")) for issue in new)
            yield new
            if cursor is None:
                return
            if cursor in cursors:
                raise Garbled("Sentry's pages go round in circles.")
            cursors.add(cursor)

    async def _page(self, cursor: str | None, patience_s: float) -> tuple[list[Json], str | None, float]:
        """Give a page, the cursor of the next one, and how long Sentry was waited for."""
        waited_s, attempt = 0.0, 1
        while True:
            try:
                return (*await self._asked(cursor), waited_s)
            except UpstreamError as error:
                pause_s = _pause_s(error, self.sentry.clock(), attempt)
                if pause_s is None or waited_s + pause_s > patience_s:
                    raise
                await self.sleep(pause_s)
                waited_s += pause_s
                attempt += 0 if isinstance(error, RateLimited) else 1

    async def _asked(self, cursor: str | None) -> tuple[list[Json], str | None]:
        # Sentry's own word: pages of different ages would tear the list.
        sentry = replace(self.sentry, priority=Priority.BULK, no_cache=True, deadline=self.deadline())
        query = self.query if cursor is None else (*self.query, ("cursor", cursor))
        reply = await sentry.get("issues.list", {}, query)
        issues = reply.document()
        if not isinstance(issues, list) or not all(isinstance(issue, dict) for issue in issues):
            raise Garbled("Sentry answered a list of issues with something else.")
        return issues, next_cursor(header(reply.headers, "link"))


def _pause_s(error: UpstreamError, now: float, attempt: int) -> float | None:
    """Give how long to wait before a page is asked for again, or None for not at all."""
    if isinstance(error, RateLimited):
        return max(0.5, error.until - now)
    return None if attempt >= ATTEMPTS or error.status < 500 else error.retry_after_s or 2.0**attempt


def issue_query(pairs: Query) -> Query:
    """Give the query of a list for its export: the longest pages, and no series over time, which no file shows."""
    own = ("limit", "cursor", "groupStatsPeriod")
    return (*(pair for pair in pairs if pair[0] not in own), ("limit", str(PAGE)), ("groupStatsPeriod", ""))


async def file_of(pages: AsyncIterator[list[Json]], form: Format, marks: Marks) -> AsyncIterator[bytes]:
    """Give a file piece by piece. Raises BrokenOff, after a last line that says why, when the pages cannot be read."""
    writer = _WRITERS[form]()
    yield writer.head()
    try:
        async for issues in pages:
            told = await marks(issues)
            whole = [_marked(issue, told.get(str(issue["id"]), {})) for issue in issues]
            if whole:
                yield await asyncio.to_thread(writer.rows, whole)
    except DexterError as error:
        log.warning("export_broken_off", error=error.message, status=error.status)
        yield writer.failure(error)
        raise BrokenOff(error.message) from error
    yield writer.foot()


def _marked(issue: Json, marks: Json) -> Json:
    return {**issue, "dexter": {**issue.get("dexter", {}), **marks}}


class _Csv:
    """A table: one issue a row."""

    def head(self) -> bytes:
        return csv_lines([[*(column.name for column in COLUMNS), *OWN_COLUMNS]])

    def rows(self, issues: Sequence[Json]) -> bytes:
        return csv_lines(self._row(issue) for issue in issues)

    def failure(self, error: DexterError) -> bytes:
        return csv_lines([["THIS EXPORT IS INCOMPLETE", error.message]])

    def foot(self) -> bytes:
        return b""

    def _row(self, issue: Json) -> list[Any]:
        own = issue["dexter"]
        labels = ", ".join(label["name"] for label in own.get("labels", ()))
        return [*(column.of(issue) for column in COLUMNS), labels, own.get("notes", 0)]


class _Json:
    """One array of all issues."""

    def __init__(self) -> None:
        self._is_first = True

    def head(self) -> bytes:
        return b"["

    def rows(self, issues: Sequence[Json]) -> bytes:
        before = b"\n" if self._is_first else b",\n"
        self._is_first = False
        return before + b",\n".join(_encoded(issue) for issue in issues)

    def failure(self, error: DexterError) -> bytes:
        # Without its bracket it is no JSON, and no reader takes it for whole.
        return (b"\n" if self._is_first else b",\n") + _told(error)

    def foot(self) -> bytes:
        return b"\n]\n"


class _Lines:
    """One issue a line."""

    def head(self) -> bytes:
        return b""

    def rows(self, issues: Sequence[Json]) -> bytes:
        return b"".join(_encoded(issue) + b"\n" for issue in issues)

    def failure(self, error: DexterError) -> bytes:
        return _told(error) + b"\n"

    def foot(self) -> bytes:
        return b""


_WRITERS: Mapping[Format, type[_Csv | _Json | _Lines]] = {"csv": _Csv, "json": _Json, "ndjson": _Lines}


def _told(error: DexterError) -> bytes:
    return msgspec.json.encode({"error": {"incomplete": True, "message": error.message, "remedy": error.remedy}})


def _encoded(issue: Json) -> bytes:
    try:
        return msgspec.json.encode(issue)
    except UnicodeEncodeError:
        # Sentry lets lone halves of surrogate pairs through, which strict writers refuse.
        return json.dumps(issue).encode()
