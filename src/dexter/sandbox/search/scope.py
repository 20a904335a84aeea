"""What a search may see at all, before any of its terms: as SQL conditions over `issues i`. Pure."""
# ruff: noqa: S608 - statements are joined from this package's own pieces; values are always parameters

from __future__ import annotations

from dataclasses import dataclass

from dexter.sandbox.issue_states import HIDDEN_SQL
from dexter.sandbox.search.condition import Condition, marks
from dexter.sandbox.search.time_range import ANY_TIME, TimeRange


@dataclass(frozen=True, slots=True)
class SearchScope:
    """What a search may see: who asks (for `me`), when, in which projects, environments and time."""

    now: float
    user_id: int | None
    project_ids: tuple[int, ...]
    environments: tuple[str, ...] = ()
    time: TimeRange = ANY_TIME


def scope_conditions(scope: SearchScope) -> list[Condition]:
    """Give what every search demands: reachable projects, visible issues, environments and time."""
    found = [
        Condition(f"i.project_id IN ({marks(scope.project_ids)})", scope.project_ids),
        Condition(f"i.status NOT IN {HIDDEN_SQL}"),
        Condition("i.idx_visible_at <= ?", (scope.now,)),
    ]
    if scope.time.start > 0:
        found.append(Condition("i.last_seen >= ?", (scope.time.start,)))
    if scope.environments:
        names = marks(scope.environments)
        found.append(
            Condition(
                f"EXISTS (SELECT 1 FROM issue_hours h WHERE h.issue_id = i.id AND h.environment IN ({names}) {{time}})",
                scope.environments,
            )
        )
    elif not scope.time.is_open:
        found.append(Condition("EXISTS (SELECT 1 FROM issue_hours h WHERE h.issue_id = i.id {time})"))
    return [_within(part, scope.time) for part in found]


def _within(part: Condition, time: TimeRange) -> Condition:
    if "{time}" not in part.sql:
        return part
    if not time.start and time.is_open:
        return Condition(part.sql.replace("{time}", ""), part.params)
    low, high = int(time.start // 3600) * 3600, time.end
    if time.is_open:
        return Condition(part.sql.replace("{time}", "AND h.hour >= ?"), (*part.params, low))
    return Condition(part.sql.replace("{time}", "AND h.hour >= ? AND h.hour <= ?"), (*part.params, low, high))
