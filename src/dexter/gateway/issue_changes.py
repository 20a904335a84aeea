"""Changing one issue, through whichever face: Sentry does it, and the audit log is told from which values to which."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dexter.database.audit import Target
from dexter.errors import DexterError, NotFound
from dexter.features.bulk.audited import values_of
from dexter.features.issue_lookup import is_number, known_issue
from dexter.features.issue_update import IssueUpdate, update_issue
from dexter.policy.bulk_image import image
from dexter.policy.change_values import NOT_KNOWN

if TYPE_CHECKING:
    from dexter.features.reply import Reply
    from dexter.features.sentry import Sentry
    from dexter.gateway.runtime import Gateway

Json = dict[str, Any]

LOOK_S = 5.0
"""How long the values before a change are asked for; it is not put off for longer."""
_NAMES = {"reviewed": "for_review"}
_PARTS_OF_STATUS = frozenset({"resolve", "archive"})


@dataclass(frozen=True, slots=True)
class Changed:
    """What a change did. `before` says of what nobody could tell that it is not known."""

    reply: Reply
    target: Target
    before: Json
    after: Json | None


async def change(
    gateway: Gateway, sentry: Sentry, issue_id: str, update: IssueUpdate, *, project: str | None = None
) -> Changed:
    """Change an issue. What cannot be known of the time before does not hinder it.

    Raises NotFound for one that is not known to be of the project, if one is named.
    """
    names = [_NAMES.get(name, name) for name in sorted(update.model_fields_set - _PARTS_OF_STATUS)]
    there = await _there(gateway, sentry, issue_id)
    if project is not None and not _is_of(there, project):
        raise NotFound(f"There is no issue {issue_id} in the project {project}.")
    reply = await update_issue(sentry, gateway.users, issue_id, update)
    now = reply.document()
    after = _values(now, names)
    if after is not None and update.reviewed is not None:
        # Sentry's answer does not say it.
        after["for_review"] = not update.reviewed
    before = _values(there, names) or dict.fromkeys(names, NOT_KNOWN)
    return Changed(reply, Target("issue", _number(issue_id, there or now)), before, after)


def _number(issue_id: str, issue: Any) -> str:
    """Give the number of an issue, which whoever asks for its history knows it by."""
    known = None if is_number(issue_id) or not isinstance(issue, dict) else issue.get("id")
    return str(known or issue_id)


async def _there(gateway: Gateway, sentry: Sentry, issue_id: str) -> Json | None:
    soon = min(sentry.deadline, gateway.clock.monotonic() + LOOK_S)
    try:
        return await known_issue(replace(sentry, no_cache=True, deadline=soon), issue_id, (("expand", "inbox"),))
    except DexterError:
        return None


def _is_of(issue: Json | None, project: str) -> bool:
    its = (issue or {}).get("project")
    return isinstance(its, dict) and project in (its.get("slug"), its.get("id"))


def _values(issue: Any, names: list[str]) -> Json | None:
    return values_of(image(issue), names) if isinstance(issue, dict) and "status" in issue else None
