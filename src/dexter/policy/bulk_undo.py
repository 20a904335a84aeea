"""How a job is taken back: for each field that it changed, what it was before, where nobody changed it since."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any

from dexter.policy.bulk_image import COUNTED_DOWN, RESOLUTIONS, epoch, same, told
from dexter.policy.bulk_verdict import WORDS

if TYPE_CHECKING:
    from dexter.policy.bulk_image import Image
    from dexter.policy.bulk_wanted import Wanted

NOT_UNDOABLE = {
    "delete": "A deleted issue cannot be brought back.",
    "discard": "A discarded issue cannot be brought back, and its events are refused from now on.",
}


@dataclass(slots=True)
class Restoring:
    """What to want of an issue so that it is as it was, and what of it is left alone and why."""

    want: Wanted = field(default_factory=dict)
    left: list[str] = field(default_factory=list)


def restoring(wrote: Wanted, before: Image, after: Image, now: Image, moment: float) -> Restoring:
    """Give how to restore an issue.

    `after` is how the job read it back when it was done, `now` how it is; `moment` is the present epoch second.
    """
    plan = Restoring()
    target: dict[str, Any] = {}
    for name in wrote.get("change", ()):
        if same(name, now, before):
            continue
        if not same(name, now, after):
            plan.left.append(f"Its {WORDS[name]} is {told(name, now)}: it was changed since.")
            continue
        _restore(name, before, moment, target, plan)
    if "status" in target and before.get("for_review") and not now.get("for_review"):
        # Resolving took it out of the review queue.
        target["for_review"] = True
    _keep_reviews_possible(target, now, plan)
    if "status" in target and _is_untied(target["status"]) and now.get("status") == "resolved":
        # Sentry does nothing with an issue that is resolved already, so it is opened in between.
        plan.want["reopen"] = True
    if target:
        plan.want["set"], plan.want["change"] = target, list(target)
    _restore_labels(wrote.get("labels") or {}, now, plan)
    return plan


def _keep_reviews_possible(target: dict[str, Any], now: Image, plan: Restoring) -> None:
    """Drop a return into the review queue of what stays resolved or archived: only what is unresolved awaits review."""
    status = target["status"]["status"] if "status" in target else now.get("status")
    if target.get("for_review") and status != "unresolved":
        del target["for_review"]
        plan.left.append(f"Its {WORDS['for_review']} goes with being unresolved, and it is {told('status', now)}.")


def _restore(name: str, before: Image, moment: float, target: dict[str, Any], plan: Restoring) -> None:
    match name:
        case "status":
            target["status"] = status_again(before, moment)
        case "assignee":
            assignee = before.get("assignee")
            target["assignee"] = None if assignee is None else f"{assignee['type']}:{assignee['id']}"
        case "priority" if before.get("priority") is None:
            plan.left.append("It had no priority before, which cannot be set.")
        case "for_review" if before.get("for_review") is None:
            plan.left.append("It is not known whether it awaited review before.")
        case _:
            target[name] = before.get(name)


def status_again(before: Image, moment: float) -> dict[str, Any]:
    """Give the part of an update that makes the status what it was, as exactly as Sentry tells and takes it."""
    details: dict[str, Any] = before.get("details") or {}
    match before["status"]:
        case "resolved":
            tied = {name: details[name] for name in RESOLUTIONS if name in details}
            return {"status": "resolved", "statusDetails": tied}
        case "archived":
            return _archived_again(before, details, moment)
        case _:
            substatus = before.get("substatus")
            return {"status": "unresolved", **({"substatus": substatus} if substatus else {})}


def _is_untied(status: dict[str, Any]) -> bool:
    return status["status"] == "resolved" and not status["statusDetails"]


def _archived_again(before: Image, details: dict[str, Any], moment: float) -> dict[str, Any]:
    substatus = {"substatus": before["substatus"]} if before.get("substatus") else {}
    conditions = {name: value for name, value in details.items() if name.startswith("ignore") and name != "ignoreUntil"}
    if "ignoreUntil" in details:
        minutes = ceil((epoch(details["ignoreUntil"]) - moment) / 60)
        if minutes <= 0:
            return {"status": "unresolved", "substatus": "ongoing"}  # its time has run out meanwhile
        conditions["ignoreDuration"] = minutes
    if any(name in COUNTED_DOWN and not value for name, value in conditions.items()):
        return {"status": "unresolved", "substatus": "ongoing"}
    return {"status": "ignored", "statusDetails": conditions, **substatus}


def _restore_labels(changed: dict[str, list[str]], now: Image, plan: Restoring) -> None:
    has = {name.lower() for name in now.get("labels") or ()}
    remove = [name for name in changed.get("add", ()) if name.lower() in has]
    add = [name for name in changed.get("remove", ()) if name.lower() not in has]
    again = {key: names for key, names in (("add", add), ("remove", remove)) if names}
    if again:
        plan.want["labels"] = again
