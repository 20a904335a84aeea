"""The last phase: what was written is read back, a hundred issues a turn, and told item by item."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from dexter.features.bulk.audited import audited
from dexter.features.bulk.work import END, MORE, wait
from dexter.policy.bulk_verdict import ItemState, Verdict, merged, verified
from dexter.policy.bulk_wanted import relabelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dexter.database.bulk_jobs import Item, Job
    from dexter.features.bulk.work import Work
    from dexter.policy.bulk_image import Image

Json = dict[str, Any]

UNDO_FOR = timedelta(days=7)
"""How long a job can be taken back: later, too much else has happened to its issues."""
LOOK_AGAIN_S, PATIENCE_S = 2.0, 60.0
"""Sentry splits merged issues in its own time."""


async def verify(work: Work, job: Job) -> str:
    """Take one turn: read a hundred issues back, or end the job when all are told."""
    items = await work.jobs.unverified(job.id, work.size)
    if not items:
        return await _finish(work, job)
    seen: dict[str, Image] = {}
    if any(_is_at_sentry(item) for item in items):
        seen = await work.images(job, items[0].organization, [item.issue_id for item in items])
    split = await _split_off(work, job, items)
    if not all(split.values()) and work.clock.now() - items[0].updated_at.timestamp() < PATIENCE_S:
        return wait(LOOK_AGAIN_S)
    rows = []
    for item in items:
        verdict, after = _told(item, seen.get(item.issue_id), split)
        rows.append({"position": item.position, "state": verdict.state, "reason": verdict.reason, "after": after})
    account = await work.account(job, items)
    async with work.jobs.working(job.id, work.holder) as tx:
        await tx.change_each(
            [{**row, "reason": row["reason"] or item.reason} for row, item in zip(rows, items, strict=True)]
        )
        await tx.audit([audited(job, item, row, account) for item, row in zip(items, rows, strict=True)])
        await tx.count()
    return MORE


def _is_at_sentry(item: Item) -> bool:
    return "set" in item.wanted or "do" in item.wanted


def _told(item: Item, seen: Image | None, split: dict[int, bool]) -> tuple[Verdict, Json | None]:
    want = item.wanted
    if want.get("do") == "merge" and item.step == 1:
        parent = (item.after or {}).get("merged_into")
        verdict, after = merged(item.issue_id, parent, seen), {**(seen or {}), "merged_into": parent}
        if seen is None or verdict.state is not ItemState.DONE:
            return verdict, after
        fields = verified({"set": want.get("set") or {}}, item.before or {}, seen)
        return (verdict if fields.state is ItemState.DONE else fields), after
    if "unmerge" in want:
        if split.get(item.position):
            return Verdict(ItemState.DONE), {"split_off": want["unmerge"]["hashes"]}
        return Verdict(ItemState.FAILED, "Sentry accepted it, but has not split it off yet."), None
    if not _is_at_sentry(item):
        return _with_dropped(want, Verdict(ItemState.DONE)), _relabelled(item)
    return _with_dropped(want, verified(want, item.before or {}, seen)), seen


def _with_dropped(want: Json, verdict: Verdict) -> Verdict:
    """Say also what was not done any more with an issue whose fields were set."""
    dropped = want.get("dropped")
    if dropped is None or verdict.state is not ItemState.DONE:
        return verdict
    return Verdict(
        ItemState(dropped["state"]), f"Its fields were set, but there was no {dropped['what']}: {dropped['why']}"
    )


def _relabelled(item: Item) -> Json:
    # Of the issue's other fields nothing was read back, and others may have changed them meanwhile.
    before = item.before or {}
    return {"labels": relabelled(before.get("labels") or (), item.wanted.get("labels") or {})}


async def _split_off(work: Work, job: Job, items: Sequence[Item]) -> dict[int, bool]:
    """Find out which hashes are their old issue's no more."""
    found: dict[int, bool] = {}
    for item in items:
        if "unmerge" in item.wanted:
            sentry = await work.sentry(job, item.organization)
            left = await sentry.hashes(item.wanted["unmerge"]["parent"])
            found[item.position] = not set(left) & set(item.wanted["unmerge"]["hashes"])
    return found


async def _finish(work: Work, job: Job) -> str:
    async with work.jobs.working(job.id, work.holder) as tx:
        state = "cancelled" if job.progress.get("cancelling") else "done"
        await tx.write(state=state, finished_at=tx.now, undo_until=tx.now + UNDO_FOR, reason=None, wish=None)
        await tx.count()
    return END
