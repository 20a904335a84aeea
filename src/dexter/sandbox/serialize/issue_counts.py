"""Numbers of many issues at once: how often, how many users, when, and the series for sparklines."""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.sandbox.search.time_range import DAY_S, HOUR_S, TimeRange
from dexter.sandbox.serialize.moment import iso_or_none

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dexter.sandbox.database import Database

Points = list[list[int]]
"""`[[epoch second, count], ...]`, evenly spaced, oldest first."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How often and when an issue was seen within some time and environments."""

    count: int
    users: int
    first: float | None
    last: float | None

    def fields(self) -> dict[str, Any]:
        """Give the four fields; the count is a string, as Sentry has it."""
        return {
            "count": str(self.count),
            "userCount": self.users,
            "firstSeen": iso_or_none(self.first),
            "lastSeen": iso_or_none(self.last),
        }


@dataclass(frozen=True, slots=True)
class Buckets:
    """Evenly spaced stretches of time: where the first begins, how long each is, how many there are."""

    start: int
    width: int
    count: int

    @property
    def end(self) -> int:
        """Where the last one ends."""
        return self.start + self.width * self.count

    def points(self, hours: Iterable[tuple[int, int]]) -> Points:
        """Give a point a bucket, from counts by hour."""
        totals = [0] * self.count
        for hour, count in hours:
            index = (hour - self.start) // self.width
            if 0 <= index < self.count:
                totals[index] += count
        return [[self.start + index * self.width, total] for index, total in enumerate(totals)]


def buckets_until(now: float, width: int, count: int) -> Buckets:
    """Give `count` buckets aligned to their width, the last of which holds `now`."""
    return Buckets(int(now // width) * width - (count - 1) * width, width, count)


def period_buckets(period: str, now: float, time: TimeRange) -> Buckets | None:
    """Give the buckets of `24h`, `14d`, `30d` or `auto` (ten over the searched time); None for no series."""
    match period:
        case "24h":
            return buckets_until(now, HOUR_S, 24)
        case "14d":
            return buckets_until(now, DAY_S, 14)
        case "30d":
            return buckets_until(now, DAY_S, 30)
        case "auto":
            end = min(time.end, now)
            width = max(HOUR_S, int((end - time.start) / 10 // HOUR_S) * HOUR_S)
            start = int(time.start // HOUR_S) * HOUR_S
            return Buckets(start, width, int((end - start) // width) + 1)
        case _:
            return None


def load_series(
    db: Database, ids: Sequence[int], buckets: Buckets, environments: Sequence[str] = ()
) -> dict[int, Points]:
    """Give every issue's points; an issue without events in the time has zeros."""
    hours: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in db.all(
        f"SELECT issue_id, hour, count FROM issue_hours WHERE issue_id IN ({_marks(ids)}) AND hour >= ? AND hour < ?"
        f"{_in_environments(environments)}",
        *ids, buckets.start // HOUR_S * HOUR_S, buckets.end, *environments,
    ):  # fmt: skip
        hours[row["issue_id"]].append((row["hour"], row["count"]))
    return {issue_id: buckets.points(hours[issue_id]) for issue_id in ids}


def load_seen(db: Database, rows: Sequence[Any], time: TimeRange, environments: Sequence[str] = ()) -> dict[int, Seen]:
    """Give what every issue was seen like within a time and, where named, environments.

    Users are not counted by environment, so with one the number of users is a ceiling: all of the issue's,
    never more than its events there.
    """
    within = [row for row in rows if environments or row["first_seen"] < time.start or not time.is_open]
    counts = _counts(db, within, time, environments)
    users = _users(db, within, time)
    dates = _dates(db, [row["id"] for row in within], environments) if environments else {}
    seen = {}
    for row in rows:
        issue_id = row["id"]
        if issue_id not in counts:
            seen[issue_id] = Seen(row["times_seen"], row["users_seen"], row["first_seen"], row["last_seen"])
            continue
        first, last = dates.get(issue_id, (row["first_seen"], row["last_seen"]))
        seen[issue_id] = Seen(counts[issue_id], min(users[issue_id], counts[issue_id]), first, min(last, time.end))
    return seen


def _counts(db: Database, rows: Sequence[Any], time: TimeRange, environments: Sequence[str]) -> dict[int, int]:
    ids = [row["id"] for row in rows]
    counts = dict.fromkeys(ids, 0)
    if ids:
        for row in db.all(
            f"SELECT issue_id, SUM(count) AS count FROM issue_hours WHERE issue_id IN ({_marks(ids)})"
            f" AND hour >= ? AND hour <= ?{_in_environments(environments)} GROUP BY issue_id",
            *ids, int(time.start // HOUR_S) * HOUR_S, time.end, *environments,
        ):  # fmt: skip
            counts[row["issue_id"]] = row["count"]
    return counts


def _users(db: Database, rows: Sequence[Any], time: TimeRange) -> dict[int, int]:
    ids = [row["id"] for row in rows]
    users = dict.fromkeys(ids, 0)
    if ids:
        for row in db.all(
            f"SELECT issue_id, count(*) AS users FROM issue_users WHERE issue_id IN ({_marks(ids)})"
            " AND last_seen >= ? AND first_seen <= ? GROUP BY issue_id",
            *ids, time.start, time.end,
        ):  # fmt: skip
            users[row["issue_id"]] = row["users"]
    return users


def _dates(db: Database, ids: Sequence[int], environments: Sequence[str]) -> dict[int, tuple[float, float]]:
    if not ids:
        return {}
    found = db.all(
        f"SELECT issue_id, MIN(first_seen) AS first, MAX(last_seen) AS last FROM issue_tags"
        f" WHERE issue_id IN ({_marks(ids)}) AND key = 'environment' AND value IN ({_marks(environments)})"
        " GROUP BY issue_id",
        *ids, *environments,
    )  # fmt: skip
    return {row["issue_id"]: (row["first"], row["last"]) for row in found}


def _in_environments(environments: Sequence[str]) -> str:
    return f" AND environment IN ({_marks(environments)})" if environments else ""


def _marks(values: Sequence[Any]) -> str:
    return ",".join("?" * len(values))
