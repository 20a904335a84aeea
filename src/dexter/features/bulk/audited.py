"""What the audit log is told of an issue that a job changed, or may have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dexter.database.bulk_jobs import Item, Job

Json = dict[str, Any]

_FIELDS_OF_STATUS = ("status", "substatus", "details")


def audited(job: Job, item: Item, row: Mapping[str, Any], account: str | None) -> Json:
    """Give the audit's row on an item: the fields that it was about, before and after.

    `account` is whose Sentry was asked with, if it was asked.
    """
    want, before, after = item.wanted, item.before or {}, row["after"]
    names = [*want.get("change", ()), *(("labels",) if "labels" in want else ())]
    return {
        "organization": item.organization,
        "person_id": job.created_by,
        "person_name": job.created_by_name,
        "sentry_account": account if asks_sentry(want) else None,
        "face": "job",
        "action": f"issues.{'undo' if job.undo_of else want.get('do') or 'update'}",
        "target_kind": "issue",
        "target_id": item.issue_id,
        "before": values_of(before, names),
        "after": None if after is None else {**values_of(after, names), **_merged_into(after)},
        "request_id": job.id,
        "outcome": str(row["state"]),
    }


def asks_sentry(want: Mapping[str, Any]) -> bool:
    """Whether what an item wants is Sentry's to do; labels are Dexter's own."""
    return any(name in want for name in ("set", "do", "unmerge"))


def values_of(of: Json, names: Sequence[str]) -> Json:
    """Give the fields of an image that a change was about."""
    wide = [*names, *(_FIELDS_OF_STATUS if "status" in names else ())]
    return {name: of[name] for name in dict.fromkeys(wide) if name in of}


def _merged_into(after: Json) -> Json:
    return {"merged_into": after["merged_into"]} if after.get("merged_into") else {}
