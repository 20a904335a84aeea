"""Which issue is meant: from a number or a short id to the issue, without counting as having looked at it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dexter.errors import Garbled, NotFound, NotInThisSentry
from dexter.features.operations import ISSUE, ORG, MissingRoute, do

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dexter.features.sentry import Query, Sentry

Json = dict[str, Any]

LIST = f"GET {ORG}/issues/"
SHORT_ID = f"GET {ORG}/shortids/{{issue_id}}/"
DETAIL = f"GET {ISSUE}/"
AT_ONCE = 100
# Counts and series are the dear part of a list, and no part of what an issue is.
LEAN: Query = tuple(("collapse", name) for name in ("stats", "lifetime", "filtered", "unhandled"))


def is_number(name: str) -> bool:
    """Whether an issue is named by its number."""
    return name.isascii() and name.isdecimal()


async def issue_number(sentry: Sentry, name: str) -> str:
    """Give the number of an issue that is named by number or short id. Raises NotFound for an unknown short id."""
    if is_number(name):
        return name
    found = await do(sentry, SHORT_ID, {"issue_id": name})
    number = found.get("groupId") if isinstance(found, dict) else None
    if not number:
        raise NotFound(f"There is no issue {name}.")
    return str(number)


async def known_issue(sentry: Sentry, name: str, query: Query = ()) -> Json:
    """Give an issue that is there and in reach, as Sentry's list shows it. Raises NotFound."""
    number = await issue_number(sentry, name)
    found = (await listed(sentry, [number], query)).get(number)
    if found is not None:
        return found
    # A server that does not know the list's `group`, or an issue that was merged into another.
    issue = await do(sentry, DETAIL, {"issue_id": number})
    if not isinstance(issue, dict) or not issue.get("id"):
        raise Garbled("Sentry answered, but not with the issue that was asked for.")
    return issue


async def listed(sentry: Sentry, numbers: Sequence[str], query: Query = ()) -> dict[str, Json]:
    """Give those of some issues that Sentry lists, by number."""
    found: dict[str, Json] = {}
    for start in range(0, len(numbers), AT_ONCE):
        part = numbers[start : start + AT_ONCE]
        pairs = (*(("group", number) for number in part), *LEAN, *query, ("project", "-1"))
        try:
            rows = await do(sentry, LIST, {}, pairs)
        except (MissingRoute, NotInThisSentry):
            # An old server lists no issues by number; each of them can be asked for by itself.
            break
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and row.get("id") in part:
                found[row["id"]] = row
    return found


async def all_known(sentry: Sentry, names: Iterable[str]) -> list[Json]:
    """Give every one of some issues, as Sentry has them now.

    Raises NotFound that names those which are not there, or not within reach.
    """
    fresh = replace(sentry, no_cache=True)
    numbers = [await issue_number(fresh, name) for name in dict.fromkeys(names)]
    found = await listed(fresh, list(dict.fromkeys(numbers)))
    for number in dict.fromkeys(numbers):
        if number not in found:
            issue = await by_itself(fresh, number)
            # A merged issue answers as the one it went into: that is another than the one that was named.
            if issue is not None and issue.get("id") == number:
                found[number] = issue
    missing = [number for number in dict.fromkeys(numbers) if number not in found]
    if missing:
        them = "it" if len(missing) == 1 else "them"
        raise NotFound(
            f"Sentry does not know {_named(missing)}, or the credential may not see {them}. Nothing was changed.",
            remedy="Leave out what is gone, or was merged into another issue, and try again.",
        )
    return [found[number] for number in dict.fromkeys(numbers)]


async def by_itself(sentry: Sentry, number: str) -> Json | None:
    """Give what an issue's own address answers: for a merged one the issue it went into; None for nothing."""
    try:
        issue = await do(sentry, DETAIL, {"issue_id": number})
    except NotFound:
        return None
    return issue if isinstance(issue, dict) else None


def _named(numbers: Sequence[str]) -> str:
    shown = ", ".join(numbers[:5]) + (f" and {len(numbers) - 5} more" if len(numbers) > 5 else "")
    return f"issue {shown}" if len(numbers) == 1 else f"the issues {shown}"
