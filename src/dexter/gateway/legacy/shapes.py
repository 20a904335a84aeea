"""Bodies as earlier Dexters wrote them, from today's values: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_CATEGORIES = {
    "browser": "client",
    "client_os": "client",
    "device": "client",
    "os": "client",
    "environment": "deployment",
    "release": "deployment",
    "dist": "deployment",
    "server_name": "deployment",
    "url": "request",
    "transaction": "request",
    "user": "user",
    "level": "event",
    "logger": "event",
    "handled": "event",
    "mechanism": "event",
}


def issue_page(
    issues: list[Any], *, hits: int | None, page: int, per_page: int, links: Mapping[str, str | None]
) -> Any:
    """Give a page of issues; `total` is what Sentry says there are, null where it does not say."""
    return {
        "issues": issues,
        "items": issues,
        "count": len(issues),
        "links": dict(links),
        "meta": {"total": hits, "page": page, "per_page": per_page},
    }


def page_links(path: str, query: Sequence[tuple[str, str]], page: int, *, has_next: bool) -> dict[str, str | None]:
    """Give the addresses of the neighbouring pages, null where there is none."""
    kept = [pair for pair in query if pair[0] != "page"]

    def at(number: int) -> str:
        return f"{path}?{urlencode([*kept, ('page', str(number))], quote_via=quote)}"

    return {"previous": at(page - 1) if page > 1 else None, "next": at(page + 1) if has_next else None}


def event_page(
    events: list[Any], path: str, query: Sequence[tuple[str, str]], cursors: tuple[str | None, str | None]
) -> Any:
    """Give a page of events with the addresses of the page before and the page after, null where there is none."""
    kept = [pair for pair in query if pair[0] != "cursor"]

    def at(cursor: str | None) -> str | None:
        return cursor and f"{path}?{urlencode([*kept, ('cursor', cursor)], quote_via=quote)}"

    previous, following = cursors
    return {
        "events": events,
        "links": {"previous": at(previous), "next": at(following)},
        "meta": {"count": len(events), "cursor": {"previous": previous, "next": following}},
    }


def impact(issue: Mapping[str, Any], period: str, counts: Sequence[Sequence[float]]) -> Any:
    """Give whom an issue hits. Sentry counts no sessions by issue, so that `sessionCount` is null."""
    return {
        "issueId": str(issue["id"]),
        "userCount": issue.get("userCount"),
        "sessionCount": None,
        "eventCount": _whole(issue.get("count")),
        "firstSeen": issue.get("firstSeen"),
        "lastSeen": issue.get("lastSeen"),
        "stats": {period: [list(pair) for pair in counts]},
        "statsPeriod": period,
    }


def frequency(issue_id: str, period: str, interval: str, counts: Iterable[Sequence[float]]) -> Any:
    """Give how often an issue happened; timestamps are epoch seconds."""
    points = [{"timestamp": moment, "count": count} for moment, count in counts]
    return {"issueId": issue_id, "statsPeriod": period, "interval": interval, "data": points}


def tags(issue_id: str, facets: Sequence[Mapping[str, Any]]) -> Any:
    """Give an issue's tags, and the same by category; what has no category is `custom`."""
    by_category: dict[str, list[Any]] = {}
    for facet in facets:
        by_category.setdefault(_CATEGORIES.get(facet["key"].split(".")[0], "custom"), []).append(facet)
    return {"issueId": issue_id, "tags": list(facets), "tagsByCategory": by_category}


def _whole(count: Any) -> int | None:
    return int(count) if isinstance(count, int) or (isinstance(count, str) and count.isdigit()) else None
