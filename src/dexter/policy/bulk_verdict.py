"""What is said of an issue when it was read back: whether Sentry holds what the job wrote."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dexter.policy.bulk_image import same, told
from dexter.policy.bulk_wanted import DESTRUCTIVE, PERSONAL, holds

if TYPE_CHECKING:
    from dexter.policy.bulk_image import Image
    from dexter.policy.bulk_wanted import Wanted


class ItemState(StrEnum):
    """How far a job is with one of its issues, and what came of it."""

    PENDING = "pending"
    SENT = "sent"
    DONE = "done"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNKNOWN = "unknown"


FINAL = frozenset(ItemState) - {ItemState.PENDING, ItemState.SENT}


@dataclass(frozen=True, slots=True)
class Verdict:
    """A state and, where that is not all there is to say, why."""

    state: ItemState
    reason: str | None = None


GONE = Verdict(ItemState.FAILED, "It is gone since: deleted, merged into another, or out of the credential's reach.")
CONFIRMED = Verdict(ItemState.SENT)
"""Nobody had heard that it was done, but it is."""
AGAIN = Verdict(ItemState.PENDING)
"""Nobody had heard that it was done, and it is not: it may be sent again."""


def verified(want: Wanted, before: Image, seen: Image | None) -> Verdict:
    """Give what became of an issue that Sentry said yes to; `seen` is None where Sentry no longer shows it."""
    if want.get("do") in DESTRUCTIVE:
        if seen is None:
            return Verdict(ItemState.DONE)
        return Verdict(ItemState.FAILED, "Sentry accepted it, but the issue is still there.")
    if seen is None:
        return GONE
    wrong = _wrong(want, seen)
    if not wrong:
        return Verdict(ItemState.DONE)
    return Verdict(ItemState.FAILED, " ".join(_complaint(field, before, seen) for field in wrong))


def unconfirmed(want: Wanted, before: Image, seen: Image | None) -> Verdict:
    """Give how to go on with an issue that was sent, without an answer, before Dexter or Sentry broke off."""
    if want.get("do") in DESTRUCTIVE:
        if seen is not None:
            return AGAIN
        return Verdict(
            ItemState.UNKNOWN,
            "It is gone, but the answer got lost: whether this job or somebody else removed it cannot be told.",
        )
    if seen is None:
        return GONE
    wrong = _wrong(want, seen)
    if not wrong:
        return CONFIRMED
    if all(same(field, before, seen) for field in wrong):
        return AGAIN
    if want.get("reopen") and wrong == ["status"] and seen["status"] == "unresolved":
        return AGAIN  # it broke off half way
    changed = ", ".join(
        f"its {WORDS[field]} is {told(field, seen)}" for field in wrong if not same(field, before, seen)
    )
    return Verdict(
        ItemState.UNKNOWN,
        f"The answer got lost and somebody changed it meanwhile: {changed}. It was left as it is.",
    )


def merged(issue_id: str, parent: str | None, seen: Image | None) -> Verdict:
    """Give what became of an issue that was merged; `parent` is the one that Sentry said survives."""
    if parent is None:
        return Verdict(ItemState.UNKNOWN, "Sentry did not say which issue survives.")
    if issue_id == parent:
        if seen is None:
            return GONE
        return Verdict(ItemState.DONE, "The others were merged into this one.")
    if seen is None:
        return Verdict(ItemState.DONE, f"Merged into issue {parent}.")
    return Verdict(ItemState.FAILED, f"Sentry accepted the merge into issue {parent}, but it is still apart.")


WORDS = {
    "status": "status",
    "assignee": "assignee",
    "priority": "priority",
    "seen": "seen mark",
    "bookmark": "bookmark",
    "subscribed": "subscription",
    "public": "sharing",
    "for_review": "place in the review queue",
    "labels": "labels",
}


def _wrong(want: Wanted, seen: Image) -> list[str]:
    target = want.get("set") or {}
    return [field for field, value in target.items() if not holds(field, value, seen)]


def _complaint(field: str, before: Image, seen: Image) -> str:
    word, now = WORDS[field], told(field, seen)
    if not same(field, before, seen):
        return f"Its {word} was changed again since: it is {now}."
    if field in PERSONAL:
        return f"Sentry accepted it, but its {word} is still {now}: marks need a credential that stands for a person."
    return f"Sentry accepted it, but its {word} is still {now}."
