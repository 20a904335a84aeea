"""Deleting an issue, and discarding it with all its further events: always the one issue's own address."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dexter.errors import NotFound
from dexter.features.issue_lookup import all_known
from dexter.features.operations import ISSUE, do

if TYPE_CHECKING:
    from dexter.features.sentry import Sentry

DETAIL = f"GET {ISSUE}/"
DELETE = f"DELETE {ISSUE}/"
UPDATE = f"PUT {ISSUE}/"


async def delete(sentry: Sentry, issue_id: str) -> tuple[str, bool]:
    """Delete an issue; give its number and whether it is gone from sight already. Its next event makes a new one."""
    number = await _there(sentry, issue_id)
    await do(sentry, DELETE, {"issue_id": number})
    return number, await _is_gone(sentry, number)


async def discard(sentry: Sentry, issue_id: str) -> tuple[str, bool]:
    """Delete an issue and have Sentry throw away all further events of its kind; give the same as `delete`."""
    number = await _there(sentry, issue_id)
    await do(sentry, UPDATE, {"issue_id": number}, (), {"discard": True})
    return number, await _is_gone(sentry, number)


async def _there(sentry: Sentry, issue_id: str) -> str:
    # A merged issue's number answers for the one it went into, which nobody asked to delete.
    [issue] = await all_known(sentry, [issue_id])
    return str(issue["id"])


async def _is_gone(sentry: Sentry, number: str) -> bool:
    try:
        await do(replace(sentry, no_cache=True), DETAIL, {"issue_id": number})
    except NotFound:
        return True
    return False
