"""Merging issues into one, and parting them again: checked before, and looked at after.

Sentry says yes before it has done either. Its address for merging is the one for many issues, which falls through to a
search and changes others when it knows none of the ids: so every id is looked up first, and the call carries a search
that finds nothing.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from dexter.errors import BadRequest, Garbled, NotFound
from dexter.features.issue_lookup import all_known, by_itself, issue_number
from dexter.features.operations import ISSUE, ORG, do, every
from dexter.features.upstream_errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from dexter.features.sentry import Sentry

Json = dict[str, Any]

MERGE = f"PUT {ORG}/issues/"
HASHES = f"GET {ISSUE}/hashes/"
UNMERGE = f"PUT {ISSUE}/hashes/"
ACTIVITY = f"GET {ISSUE}/activities/"
PAGES = 10
LOOKED_AT = 3
LOOKS_S = (0.0, 0.3, 0.7, 1.0)
"""After which waits it is looked whether Sentry is through; then it is told to be under way."""


@dataclass(frozen=True, slots=True)
class Merged:
    """Which issue has them all now, which went into it, and whether Sentry is through with it."""

    parent: str
    children: list[str]
    is_done: bool


@dataclass(frozen=True, slots=True)
class Parted:
    """The issue that the hashes make now, where it can be told, and whether Sentry is through with it."""

    issue: str | None
    is_done: bool


async def merge(sentry: Sentry, issue_id: str, others: Sequence[str]) -> Merged:
    """Merge issues with one; Sentry keeps the one seen most often.

    Raises NotFound or BadRequest before anything is changed: for an issue that is not there, that is the same, or
    that is another project's.
    """
    issues = await all_known(sentry, [issue_id, *others])
    numbers = [issue["id"] for issue in issues]
    if len(numbers) < 2:
        raise BadRequest("An issue cannot be merged with itself.", remedy="Name at least one other issue in ids.")
    projects = {str((issue.get("project") or {}).get("slug")) for issue in issues}
    if len(projects) > 1:
        raise BadRequest(
            f"Sentry merges issues of one project only, and these are of {', '.join(sorted(projects))}."
            " Nothing was changed.",
            remedy="Merge the issues of each project by themselves.",
        )
    query = (*(("id", number) for number in numbers), ("project", "-1"), ("query", f'"{uuid4()}"'))
    answer = await do(sentry, MERGE, {}, query, {"merge": True})
    parent, children = _told(answer, numbers)
    fresh = replace(sentry, no_cache=True)

    async def through() -> bool:
        # Sentry takes them one after the other, so that the last ones tell of all.
        found = [await by_itself(fresh, child) for child in children[-LOOKED_AT:]]
        return all(issue is not None and str(issue.get("id")) == parent for issue in found)

    return Merged(parent, children, await _eventually(through))


def _told(answer: Any, asked: Sequence[str]) -> tuple[str, list[str]]:
    """Give what Sentry says it merges. Raises for what it refuses, and where it is not what was asked for."""
    if answer is None:
        raise NotFound("The issues vanished from Sentry while they were being merged. Nothing was changed.")
    told = answer.get("merge") if isinstance(answer, dict) else None
    if not isinstance(told, dict):
        said = answer.get("detail") if isinstance(answer, dict) else None
        if said:
            raise Conflict(f"Sentry says: {said}")
        raise Garbled("Sentry answered, but did not say what it merged.")
    parent, children = str(told.get("parent")), [str(child) for child in told.get("children") or ()]
    if {parent, *children} - set(asked):
        raise Garbled(f"Sentry says that it merged {', '.join([parent, *children])}, which is not what was asked for.")
    if not children:
        raise Conflict("Only one of the issues was left in Sentry by the time it merged. Nothing was changed.")
    return parent, children


async def hashes_of(sentry: Sentry, number: str) -> list[str]:
    """Give the hashes whose events make an issue."""
    rows = await every(sentry, HASHES, {"issue_id": number}, (("full", "false"),), pages=PAGES)
    return [str(row["id"]) for row in rows if row.get("id")]


async def unmerge(sentry: Sentry, issue_id: str, hashes: Sequence[str]) -> Parted:
    """Part some hashes' events from an issue: they make an issue of their own again.

    Raises BadRequest before anything is changed for hashes that are not the issue's, and for all of them.
    """
    number, fresh = await issue_number(sentry, issue_id), replace(sentry, no_cache=True)
    wanted = list(dict.fromkeys(hashes))
    have = set(await hashes_of(fresh, number))
    if strange := [each for each in wanted if each not in have]:
        raise BadRequest(
            f"The issue has no hash {', '.join(strange[:3])}. Nothing was changed.",
            remedy="Read GET /api/v1/issues/{id}/merged again: another may have parted them.",
        )
    if len(wanted) == len(have):
        raise BadRequest(
            "These are all of the issue's hashes, and nothing would be left of it. Nothing was changed.",
            remedy="Leave at least one hash with the issue.",
        )
    await do(sentry, UNMERGE, {"issue_id": number}, tuple(("id", each) for each in wanted))

    async def through() -> bool:
        return not set(wanted) & set(await hashes_of(fresh, number))

    is_done = await _eventually(through)
    return Parted(await _destination(fresh, number, wanted) if is_done else None, is_done)


async def _destination(sentry: Sentry, number: str, hashes: Sequence[str]) -> str | None:
    """Give the issue that hashes went to, as the activity of the one they left tells."""
    document = await do(sentry, ACTIVITY, {"issue_id": number})
    for entry in document.get("activity") or () if isinstance(document, dict) else ():
        data = entry.get("data") or {}
        moved = {str(each[0]) for each in data.get("fingerprints") or () if isinstance(each, list) and each}
        if entry.get("type") == "unmerge_source" and moved == set(hashes) and data.get("destination_id"):
            return str(data["destination_id"])
    return None


async def _eventually(holds: Callable[[], Awaitable[bool]]) -> bool:
    for pause_s in LOOKS_S:
        if pause_s:
            await asyncio.sleep(pause_s)
        if await holds():
            return True
    return False
