"""The second phase: a batch of up to a hundred issues a turn, each in one call.

A batch is noted as sent before it is. Whoever comes to a batch that is noted so without an answer, after a crash or a
lost connection, reads it back before anything of it is sent again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.errors import DexterError, NotFound
from dexter.features.bulk.audited import audited
from dexter.features.bulk.outcome import Lost, Outage, Refusal, Wait, trouble
from dexter.features.bulk.work import MORE, wait
from dexter.policy.bulk_verdict import AGAIN, CONFIRMED, GONE, ItemState, Verdict, unconfirmed
from dexter.policy.bulk_wanted import batch, sentry_body, wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dexter.database.bulk_jobs import Item, Job, JobWork
    from dexter.features.bulk.work import Work
    from dexter.policy.bulk_image import Image

Json = dict[str, Any]

CANCELLED = "The job was cancelled before its turn came."
NOTHING_TO_MERGE = "Nothing else of its project is left to merge it with."
MERGE_LOST = "The answer to the merge got lost, and Sentry cannot say whether the issue was merged or deleted."
LONGEST_PAUSE_S = 30.0


class Held(Exception):
    """The job cannot go on for now; nothing was done."""

    def __init__(self, why: Wait | Outage) -> None:
        super().__init__(str(why))
        self.why = why


async def apply(work: Work, job: Job) -> str:
    """Take one turn: settle a batch whose answer got lost, renew one whose images are old, or send one."""
    items = await work.jobs.next_batch(job.id, work.size)
    if not items:
        async with work.jobs.working(job.id, work.holder) as tx:
            await tx.write(state="verifying")
            await tx.count()
        return MORE
    if items[0].state == ItemState.SENT:
        return await _settle(work, job, items)
    if job.progress.get("cancelling"):
        async with work.jobs.working(job.id, work.holder) as tx:
            await _drop(tx, items, Verdict(ItemState.SKIPPED, CANCELLED))
            await tx.count()
        return MORE
    if _is_old(work, job, items):
        return await _renew(work, job, items)
    return await _send(work, job, items)


def _is_old(work: Work, job: Job, items: Sequence[Item]) -> bool:
    if job.undo_of is not None or not _asks_sentry(items[0]):
        return False
    oldest = min(item.imaged_at.timestamp() for item in items if item.imaged_at is not None)
    return items[0].step == 0 and work.clock.now() - oldest > work.fresh_s


def _asks_sentry(item: Item) -> bool:
    return item.step > 0 or "set" in item.wanted or "unmerge" in item.wanted


# -------------------------------------------------------------------- old images


async def _renew(work: Work, job: Job, items: Sequence[Item]) -> str:
    """Take before-images anew: the preview was looked at for a while, and others went on working."""
    seen = await work.images(job, items[0].organization, [item.issue_id for item in items])
    rows = []
    for item in items:
        now = seen.get(item.issue_id)
        rows.append({"position": item.position, **(_gone() if now is None else _renewed(item, now))})
    async with work.jobs.working(job.id, work.holder) as tx:
        await tx.change_each([{**row, "imaged_at": tx.now} for row in rows])
        await tx.count()
    return MORE


def _gone() -> Json:
    return {"before": None, "wanted": {}, "state": ItemState.SKIPPED, "reason": GONE.reason}


def _renewed(item: Item, now: Image) -> Json:
    before = {**now, **({"hashes": item.before["hashes"]} if item.before and "hashes" in item.before else {})}
    asked = item.wanted
    labels = asked.get("labels") or {}
    want = wanted(asked.get("set") or {}, labels, asked.get("do"), before)
    if not want:
        return {"before": before, "wanted": want, "state": ItemState.UNCHANGED, "reason": None}
    return {"before": before, "wanted": want, "state": item.state, "reason": None}


# -------------------------------------------------------------------- lost answers


async def _settle(work: Work, job: Job, items: Sequence[Item]) -> str:
    """Read back what was sent without an answer: what is so is done; the rest has its turn again, or is unknown."""
    organization = items[0].organization
    seen = await work.images(job, organization, [item.issue_id for item in items])
    if items[0].wanted.get("do") == "merge" and items[0].step == 1:
        found = await _settle_merge(work, job, items, seen)
    elif "unmerge" in items[0].wanted:
        found = [(item, AGAIN, None) for item in items]  # splitting off what is split off already does nothing
    elif not _asks_sentry(items[0]):
        found = [(item, AGAIN, None) for item in items]
    else:
        found = [(item, _verdict(item, seen), None) for item in items]
    account = await work.account(job, items)
    async with work.jobs.working(job.id, work.holder) as tx:
        await _note(tx, job, found, seen, account)
        confirmed = [item for item, verdict, _ in found if verdict is CONFIRMED]
        await _answered(tx, job, confirmed)
        survivor = next((parent for _, _, parent in found if parent is not None), None)
        if survivor is not None:
            await tx.merged(organization, items[0].project, survivor)
        await tx.count()
    return MORE


def _verdict(item: Item, seen: Mapping[str, Image]) -> Verdict:
    want = item.wanted if item.step == 1 else {name: value for name, value in item.wanted.items() if name != "do"}
    return unconfirmed(want, item.before or {}, seen.get(item.issue_id))


async def _settle_merge(
    work: Work, job: Job, items: Sequence[Item], seen: Mapping[str, Image]
) -> list[tuple[Item, Verdict, str | None]]:
    """Find out which of some issues were merged: those that are gone go by another's number now."""
    sentry = await work.sentry(job, items[0].organization)
    parents: dict[str, str | None] = {}
    for item in items:
        if item.issue_id not in seen:
            try:
                parents[item.issue_id] = await sentry.surviving(item.issue_id)
            except NotFound:
                parents[item.issue_id] = None
    surviving = {parent for child, parent in parents.items() if parent not in (None, child)}
    found: list[tuple[Item, Verdict, str | None]] = []
    for item in items:
        parent = parents.get(item.issue_id)
        if item.issue_id in surviving:
            found.append((item, CONFIRMED, item.issue_id))
        elif item.issue_id in seen:
            found.append((item, AGAIN, None))
        elif parent is None or parent == item.issue_id:
            found.append((item, Verdict(ItemState.UNKNOWN, MERGE_LOST), None))
        else:
            found.append((item, CONFIRMED, parent))
    return found


async def _note(
    tx: JobWork,
    job: Job,
    found: Sequence[tuple[Item, Verdict, str | None]],
    seen: Mapping[str, Image],
    account: str | None,
) -> None:
    await tx.change([item.position for item, verdict, _ in found if verdict is AGAIN], state=ItemState.PENDING)
    final = [
        {
            "position": item.position,
            "state": verdict.state,
            "reason": verdict.reason,
            "after": seen.get(item.issue_id),
        }
        for item, verdict, _ in found
        if verdict not in (AGAIN, CONFIRMED)
    ]
    await tx.change_each(final)
    positions = {row["position"]: row for row in final if row["state"] == ItemState.UNKNOWN}
    items = [item for item, _, _ in found if item.position in positions]
    await tx.audit([audited(job, item, positions[item.position], account) for item in items])


# -------------------------------------------------------------------- sending


async def _send(work: Work, job: Job, items: Sequence[Item]) -> str:
    """Note a batch as sent, send it, and note the answer."""
    if items[0].step == 1 and items[0].wanted.get("do") == "merge":
        return await _merge(work, job, items)
    positions = [item.position for item in items]
    async with work.jobs.working(job.id, work.holder) as tx:
        await tx.change(positions, state=ItemState.SENT, answered=False)
    try:
        await _ask(work, job, items)
    except DexterError as error:
        return await _troubled(work, job, items, error)
    async with work.jobs.working(job.id, work.holder) as tx:
        await _answered(tx, job, items)
        await _forget_losses(tx)
        await tx.count()
    return MORE


async def _ask(work: Work, job: Job, items: Sequence[Item]) -> Json:
    first, ids = items[0], [item.issue_id for item in items]
    if not _asks_sentry(first):
        return {}
    sentry = await work.sentry(job, first.organization)
    match first.wanted.get("do") if first.step == 1 else None:
        case "delete":
            await sentry.delete(ids)
            return {}
        case "discard":
            return await sentry.update(ids, {"discard": True})
        case _ if "unmerge" in first.wanted:
            for item in items:
                await sentry.unmerge(item.wanted["unmerge"]["parent"], item.wanted["unmerge"]["hashes"])
            return {}
        case _:
            if first.wanted.get("reopen"):
                await sentry.update(ids, {"status": "unresolved"})
            return await sentry.update(ids, sentry_body(first.wanted["set"]))


async def _answered(tx: JobWork, job: Job, items: Sequence[Item]) -> None:
    """Note that Sentry said yes, change Dexter's own labels with it, and pass on to the next step."""
    await _relabel(tx, job, items)
    onwards = [item for item in items if item.step == 0 and "do" in item.wanted]
    await tx.change_each(
        [
            {
                "position": item.position,
                "state": ItemState.PENDING,
                "answered": False,
                "step": 1,
                "batch": batch(1, item.organization, item.project, item.wanted),
            }
            for item in onwards
        ]
    )
    there = [item for item in items if item not in onwards]
    await tx.change([item.position for item in there], state=ItemState.SENT, answered=True)


async def _relabel(tx: JobWork, job: Job, items: Sequence[Item]) -> None:
    from dexter.database.bulk_labels import add_label, remove_label

    for key in ("add", "remove"):
        issues: dict[tuple[str, str], list[str]] = {}
        for item in items:
            for name in (item.wanted.get("labels") or {}).get(key, ()) if item.step == 0 else ():
                issues.setdefault((item.organization, name), []).append(item.issue_id)
        for (organization, name), ids in issues.items():
            if key == "add":
                await add_label(tx.connection, organization, name, ids, job.created_by, tx.now)
            else:
                await remove_label(tx.connection, organization, name, ids)


async def _merge(work: Work, job: Job, items: Sequence[Item]) -> str:
    """Merge a batch of one project; a later batch merges with the one that survived the earlier."""
    place = f"{items[0].organization}/{items[0].project}"
    parent = job.progress.get("merged", {}).get(place)
    taken = [item for item in items if item.issue_id != parent]
    if parent is not None:
        taken = taken[: work.size - 1]
    ids = [*([parent] if parent is not None else []), *(item.issue_id for item in taken)]
    positions = [item.position for item in taken]
    if len(ids) < 2:
        async with work.jobs.working(job.id, work.holder) as tx:
            await _drop(tx, taken, Verdict(ItemState.SKIPPED, NOTHING_TO_MERGE))
            await tx.count()
        return MORE
    async with work.jobs.working(job.id, work.holder) as tx:
        await tx.change(positions, state=ItemState.SENT, answered=False)
    try:
        document = await (await work.sentry(job, items[0].organization)).update(ids, {"merge": True})
    except DexterError as error:
        return await _troubled(work, job, taken, error)
    survivor = (document.get("merge") or {}).get("parent")
    if survivor is None:
        reason = f"Sentry did not merge: {document.get('detail') or 'none of them is there any more'}"
        return await _refused(work, job, taken, reason)
    async with work.jobs.working(job.id, work.holder) as tx:
        await _answered(tx, job, taken)
        await tx.merged(taken[0].organization, taken[0].project, str(survivor))
        await _forget_losses(tx)
        await tx.count()
    return MORE


# -------------------------------------------------------------------- trouble


async def _troubled(work: Work, job: Job, items: Sequence[Item], error: DexterError) -> str:
    match trouble(error, work.clock.now()):
        case (Wait() | Outage()) as why:
            async with work.jobs.working(job.id, work.holder) as tx:
                await tx.change([item.position for item in items], state=ItemState.PENDING)
            raise Held(why)
        case Refusal(reason=reason):
            return await _refused(work, job, items, reason)
        case Lost():
            return await _lose(work, job)
        case _:
            raise error


async def _refused(work: Work, job: Job, items: Sequence[Item], reason: str) -> str:
    """Try each project alone, since Sentry refuses all for the sake of one; where it is one already, that is it."""
    alone = len({item.project for item in items}) == 1
    async with work.jobs.working(job.id, work.holder) as tx:
        if alone:
            await _drop(tx, items, Verdict(ItemState.FAILED, reason))
        else:
            rows = [
                {"position": item.position, "state": ItemState.PENDING, "batch": f"{item.batch}/{item.project}"}
                for item in items
            ]
            await tx.change_each(rows)
        await tx.count()
    return MORE


async def _drop(tx: JobWork, items: Sequence[Item], verdict: Verdict) -> None:
    """Leave issues alone from here on. Whose fields were set already is still read back, and told with the reason."""
    changed = [item for item in items if was_changed(item)]
    await tx.change(
        [item.position for item in items if item not in changed], state=verdict.state, reason=verdict.reason
    )
    rows = []
    for item in changed:
        state = ItemState.DONE if verdict.state is ItemState.SKIPPED else verdict.state
        want = {name: value for name, value in item.wanted.items() if name != "do"}
        want["dropped"] = {"what": item.wanted["do"], "state": state, "why": verdict.reason}
        rows.append({"position": item.position, "wanted": want, "step": 0, "state": ItemState.SENT, "answered": True})
    await tx.change_each(rows)


def was_changed(item: Item) -> bool:
    """Whether an issue's fields were set, and only what is done with the whole of it is left to do."""
    return item.step == 1 and ("set" in item.wanted or "labels" in item.wanted)


async def _lose(work: Work, job: Job) -> str:
    """Go on in a moment, a longer one each time: what was asked for may be under way at Sentry still."""
    lost = job.progress.get("lost", 0) + 1
    async with work.jobs.working(job.id, work.holder) as tx:
        await tx.write(progress={**job.progress, "lost": lost})
    return wait(min(2.0 ** (lost - 1), LONGEST_PAUSE_S))


async def _forget_losses(tx: JobWork) -> None:
    job = await tx.job()
    if any(job.progress.get(name) for name in ("lost", "outages", "faults")):
        await tx.write(progress={**job.progress, "lost": 0, "outages": 0, "faults": 0})
