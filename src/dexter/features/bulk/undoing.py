"""The first phase of a job that takes another back: what to restore of each issue, a hundred a turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.features.bulk.resolving import preview
from dexter.features.bulk.work import MORE
from dexter.policy.bulk_undo import NOT_UNDOABLE, restoring
from dexter.policy.bulk_verdict import GONE, ItemState
from dexter.policy.bulk_wanted import batch, first_step

if TYPE_CHECKING:
    from dexter.database.bulk_jobs import Item, Job
    from dexter.features.bulk.work import Work
    from dexter.policy.bulk_image import Image

Json = dict[str, Any]

AS_BEFORE = "It is as it was before."
NO_HASHES = "What it consisted of was not recorded, so it cannot be split off again."
NEW_ISSUE = "Split off as an issue of its own with a new number; its comments and its status stay with the other."


async def plan_undo(work: Work, job: Job) -> str:
    """Take one turn: look at the next hundred issues that the other job changed."""
    assert job.undo_of is not None  # noqa: S101 - this phase is such a job's own
    found = await work.jobs.items(
        job.undo_of,
        after=job.progress.get("read_to", -1),
        limit=work.size,
        states=(ItemState.DONE, ItemState.FAILED),
    )
    # What failed was not changed, or by somebody else; but for what failed after its fields were set.
    items = [item for item in found if item.state == ItemState.DONE or "dropped" in item.wanted]
    if not found:
        await preview(work, job, "applying")
        return MORE
    rows = []
    for organization in dict.fromkeys(item.organization for item in items):
        mine = [item for item in items if item.organization == organization]
        seen = await work.images(job, organization, [item.issue_id for item in mine])
        rows += [_row(item, seen.get(item.issue_id), work.clock.now()) for item in mine]
    rows.sort(key=lambda row: row["position"])
    position = job.progress.get("position", 0)
    for offset, row in enumerate(rows):
        row["position"] = position + offset
    async with work.jobs.working(job.id, work.holder) as tx:
        await tx.add(rows)
        progress = {**job.progress, "read_to": found[-1].position, "position": position + len(rows)}
        await tx.write(progress=progress, counts={"total": position + len(rows), "pending": position + len(rows)})
    return MORE


def _row(item: Item, now: Image | None, moment: float) -> Json:
    row: Json = {
        "position": item.position,
        "organization": item.organization,
        "project": item.project,
        "issue_id": item.issue_id,
        "short_id": item.short_id,
        "title": item.title,
        "before": now,
        "wanted": {},
        "state": ItemState.SKIPPED,
        "reason": None,
        "step": 0,
        "batch": "",
    }
    whole = item.wanted.get("do") if item.step == 1 else None
    if whole in NOT_UNDOABLE:
        return row | {"reason": NOT_UNDOABLE[whole]}
    parent = (item.after or {}).get("merged_into")
    if whole == "merge" and parent != item.issue_id:
        return row | _split_off(item, parent)
    if now is None:
        return row | {"reason": GONE.reason}
    plan = restoring(item.wanted, item.before or {}, item.after or {}, now, moment)
    reason = " ".join(plan.left) or None
    if not plan.want:
        return row | ({"reason": reason} if reason else {"state": ItemState.UNCHANGED, "reason": AS_BEFORE})
    key = batch(0, item.organization, item.project, plan.want)
    return row | {
        "wanted": plan.want,
        "state": ItemState.PENDING,
        "reason": reason,
        "batch": key,
        "step": first_step(plan.want),
    }


def _split_off(item: Item, parent: Any) -> Json:
    hashes = (item.before or {}).get("hashes")
    if not hashes or parent is None:
        return {"reason": NO_HASHES}
    # Each goes alone, before anything else is restored.
    want = {"unmerge": {"parent": str(parent), "hashes": hashes}}
    return {
        "wanted": want,
        "before": {},
        "state": ItemState.PENDING,
        "reason": NEW_ISSUE,
        "batch": f"0unmerge {item.issue_id}",
    }
