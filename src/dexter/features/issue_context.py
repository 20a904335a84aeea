"""Everything about one issue in one answer: the issue, its events, stats, tags and activity, asked for at once.

Only the issue itself is essential. Any other part that Sentry does not give is left out, and `parts` says that it is
missing and why: nothing is invented in its place, and one broken part does not cost the others.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.errors import DexterError, Garbled
from dexter.features.issue_stats import series
from dexter.features.moment import iso

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from dexter.features.reply import Reply
    from dexter.features.sentry import Sentry

EVENTS_SHOWN = 25
STATS_PERIODS = ("24h", "30d")


@dataclass(frozen=True, slots=True)
class Present:
    """A part that Sentry gave."""

    name: str
    value: Any
    reply: Reply


@dataclass(frozen=True, slots=True)
class Missing:
    """A part that Sentry did not give, and why."""

    name: str
    error: DexterError


Part = Present | Missing


async def issue_context(sentry: Sentry, issue_id: str) -> dict[str, Any]:
    """Give an issue with its events, stats, tags and activity, each with its age.

    Raises the error of the issue itself when Sentry does not give that.
    """
    values = {"id": issue_id}
    now = sentry.clock()
    issue, *others = await asyncio.gather(
        _part("issue", _object, sentry.get("issues.detail", values)),
        _part("events", _array, sentry.get("issues.events", values, (("per_page", str(EVENTS_SHOWN)),))),
        _part("tags", _array, sentry.get("issues.tags", values)),
        _part("activity", _activity, sentry.get("issues.activity", values)),
        *(
            _part(f"stats.{period}", _array, sentry.get("issues.stats", values, series(period, now).query()))
            for period in STATS_PERIODS
        ),
    )
    if isinstance(issue, Missing):
        raise issue.error
    return joined(issue, others)


async def _part(name: str, take: Callable[[Any], Any], asked: Awaitable[Reply]) -> Part:
    """Give a part, whatever comes of asking for it; `take` gives None for a document that is not the part."""
    try:
        reply = await asked
        value = take(reply.document())
        if value is None:
            raise Garbled(f"Sentry answered, but not with the {name} that was asked for.")
    except DexterError as error:
        return Missing(name, error)
    return Present(name, value, reply)


def _object(document: Any) -> Any:
    return document if isinstance(document, dict) else None


def _array(document: Any) -> Any:
    return document if isinstance(document, list) else None


def _activity(document: Any) -> Any:
    return _array(document.get("activity")) if isinstance(document, dict) else None


def joined(issue: Present, others: Sequence[Part]) -> dict[str, Any]:
    """Give the context's document. A missing part is null, unless the issue's own answer carries the same thing."""
    parts = [_from_issue(issue, part) if isinstance(part, Missing) else part for part in others]
    values = {part.name: part.value if isinstance(part, Present) else None for part in parts}
    document = dict(issue.value)
    document.update({name: values[name] for name in ("events", "tags", "activity")})
    document["stats"] = {period: values[f"stats.{period}"] for period in STATS_PERIODS}
    document["cached_at"] = iso(min(part.reply.taken_at for part in (issue, *parts) if isinstance(part, Present)))
    document["parts"] = {part.name: _told(part) for part in (issue, *parts)}
    return document


def _from_issue(issue: Present, part: Missing) -> Part:
    """Give a missing part as the issue's own answer has it: on every Sentry it carries series and activity too."""
    family, _, period = part.name.partition(".")
    if family not in ("stats", "activity"):
        return part
    value = issue.value.get(family)
    if period:
        value = value.get(period) if isinstance(value, dict) else None
    return Present(part.name, value, issue.reply) if isinstance(value, list) else part


def _told(part: Part) -> dict[str, Any]:
    match part:
        case Present(reply=reply):
            return {"status": "stale" if reply.is_stale else "ok", "cached_at": iso(reply.taken_at)}
        case Missing(error=error):
            return {"status": "missing", "cached_at": None, "reason": error.message, "remedy": error.remedy}
