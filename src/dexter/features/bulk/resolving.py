"""The first phase: from a selection to items with before-images, a page a turn; and then the preview.

Everything is resolved before anything is written, since a write changes what the next page of a search holds. Pages
are read in the order of the issues' birth, which nothing moves that happens meanwhile; an issue that turns up twice is
taken once. What came into the search while it was read is counted and said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.errors import BadRequest
from dexter.features.bulk.forms import BulkRequest, target_of
from dexter.features.bulk.work import MORE
from dexter.features.label_search import resolve_labels
from dexter.policy.bulk_image import image
from dexter.policy.bulk_preview import Preview, confirmation, needs_confirmation, selects_by_query
from dexter.policy.bulk_wanted import PERSONAL, batch, first_step, wanted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dexter.database.bulk_jobs import Item, Job
    from dexter.features.bulk.work import Work
    from dexter.policy.bulk_image import Image
    from dexter.policy.bulk_wanted import Wanted

Json = dict[str, Any]

NOT_FOUND = "There is no such issue, or the credential may not see it."
NO_MARKS = "Seen, bookmark and subscription are kept for each person, and the Sentry credential stands for none."
ALONE = "It is the only one of its project, and issues merge within a project only."
SCAN = 500
COUNTED_TO = 1000


async def resolve(work: Work, job: Job) -> str:
    """Take one turn: a page of the selection, or what follows when it is read."""
    asked = job.selection["asked"]
    at = job.progress.get("part", 0)
    if at >= len(asked):
        return await _conclude(work, job)
    part = asked[at]
    began = work.clock.monotonic()
    progress = {**job.progress}
    if part["organization"] not in progress.get("assignees", {}):
        progress = await _find_assignee(work, job, part["organization"], progress)
    rows = await (_by_ids if "ids" in part else _by_query)(work, job, part, progress)
    progress["calls"] = progress.get("calls", 0) + 1
    progress["spent_s"] = progress.get("spent_s", 0.0) + work.clock.monotonic() - began
    async with work.jobs.working(job.id, work.holder) as tx:
        known = await tx.known(part["organization"], [row["issue_id"] for row in rows])
        new = list({row["issue_id"]: row for row in rows if row["issue_id"] not in known}.values())
        position = progress.get("position", 0)
        for offset, row in enumerate(new):
            row["position"] = position + offset
        await tx.add(new)
        progress["position"] = position + len(new)
        await tx.write(progress=progress, counts={"total": progress["position"], "pending": progress["position"]})
    return MORE


async def _find_assignee(work: Work, job: Job, organization: str, progress: Json) -> Json:
    """Note who is meant in an organization by `me` or by a name, and whether the credential stands for a person."""
    target, _, _ = _target(job)
    sentry = await work.sentry(job, organization)
    assignee = target.get("assignee")
    personal = bool(PERSONAL & target.keys())
    if personal:
        progress["marks"] = await work.users.of_credential(sentry.sentry) is not None
    if assignee == "me":
        user = await work.users.find(sentry.sentry)
        if user is None:
            raise BadRequest("The Sentry credential in use stands for no user, so there is no 'me' to assign to.")
        assignee = f"user:{user['id']}"
    if assignee is not None and not assignee.startswith(("user:", "team:")):
        found = await sentry.member_named(assignee)
        if found is None:
            raise BadRequest(f"Nobody in {organization} is called {assignee!r}.")
        assignee = f"user:{found}"
    progress["assignees"] = {**progress.get("assignees", {}), organization: assignee}
    return progress


async def _by_ids(work: Work, job: Job, part: Json, progress: Json) -> list[Json]:
    """Give the items of the next hundred ids, and move on."""
    at = progress.get("at", 0)
    named = part["ids"][at : at + work.size]
    sentry = await work.sentry(job, part["organization"])
    numbers = {name: name if name.isdecimal() else await sentry.by_short_id(name) for name in named}
    ids = list(dict.fromkeys(number for number in numbers.values() if number is not None))
    groups = await sentry.by_ids(ids) if ids else {}
    rows = await _rows(work, job, part["organization"], list(groups.values()), progress)
    missing = [name for name, number in numbers.items() if number is None or number not in groups]
    for name in missing:
        rows.append(_absent(part["organization"], numbers[name] or name))
    if at + work.size < len(part["ids"]):
        progress["at"] = at + work.size
    else:
        _next_part(progress)
    return rows


async def _by_query(work: Work, job: Job, part: Json, progress: Json) -> list[Json]:
    """Give the items of the next page of a search, and move on."""
    sentry = await work.sentry(job, part["organization"])
    query = tuple((name, value) for name, value in part["pairs"])
    page = await sentry.page(query, progress.get("cursor"), work.size)
    if progress.get("cursor") is None:
        # Sentry counts to a thousand: what is more cannot be compared.
        countable = page.hits is not None and page.hits < COUNTED_TO and progress.get("expected", 0) is not None
        progress["expected"] = progress.get("expected", 0) + page.hits if countable and page.hits is not None else None
    progress["found"] = progress.get("found", 0) + len(page.groups)
    if page.next_cursor is None:
        _next_part(progress)
    else:
        progress["cursor"] = page.next_cursor
    return await _rows(work, job, part["organization"], await _wanted_of(work, part, page.groups), progress)


async def _wanted_of(work: Work, part: Json, groups: Sequence[Json]) -> list[Json]:
    """Give what a search found without what whoever asked took out again, and with the labels that they named."""
    left_alone = set(part.get("exclude", ()))
    found = [group for group in groups if str(group["id"]) not in left_alone]
    if "labelled" not in part:
        return found
    labels = await resolve_labels(work.jobs.database, part["organization"], part["labelled"])
    return [group for group in found if labels.admits(str(group["id"]))]


def _next_part(progress: Json) -> None:
    progress["part"] = progress.get("part", 0) + 1
    progress.pop("at", None)
    progress.pop("cursor", None)


async def _rows(work: Work, job: Job, organization: str, groups: Sequence[Json], progress: Json) -> list[Json]:
    images = {group["id"]: image(group) for group in groups}
    images = await work.with_labels(job, organization, images)
    target, labels, whole = _target(job, progress, organization)
    lacks_marks = len(target) < len(_target(job)[0])
    rows = []
    for group in groups:
        before = images[group["id"]]
        want = wanted(target, labels, whole, before)
        row = _row(organization, group, before, want)
        if lacks_marks and not want:
            row |= {"state": "skipped", "reason": NO_MARKS}
        if whole == "merge":
            before["hashes"] = await (await work.sentry(job, organization)).hashes(group["id"])
        rows.append(row)
    return rows


def _target(
    job: Job, progress: Json | None = None, organization: str = ""
) -> tuple[Json, dict[str, list[str]], str | None]:
    """Give what the job's operations want; with `progress`, as it was found out for an organization."""
    request = BulkRequest.model_validate({"selection": {"query": ""}, "operations": job.operations})
    target, labels, whole = target_of(request.operations)
    if progress is not None:
        if "assignee" in target:
            target["assignee"] = progress["assignees"][organization]
        if progress.get("marks") is False:
            target = {name: value for name, value in target.items() if name not in PERSONAL}
    return target, labels, whole


def _row(organization: str, group: Json, before: Image, want: Wanted) -> Json:
    project = (group.get("project") or {}).get("slug")
    step = first_step(want)
    return {
        "organization": organization,
        "project": project,
        "issue_id": str(group["id"]),
        "short_id": group.get("shortId"),
        "title": group.get("title"),
        "before": before,
        "wanted": want,
        "state": "pending" if want else "unchanged",
        "reason": None,
        "step": step,
        "batch": batch(step, organization, project, want) if want else "",
    }


def _absent(organization: str, issue_id: str) -> Json:
    return {
        "organization": organization,
        "project": None,
        "issue_id": issue_id,
        "short_id": None,
        "title": None,
        "before": None,
        "wanted": {},
        "state": "skipped",
        "reason": NOT_FOUND,
        "step": 0,
        "batch": "",
    }


# -------------------------------------------------------------------- the preview


async def _conclude(work: Work, job: Job) -> str:
    """Look once more at what came in meanwhile, and count what the job would do."""
    progress = {**job.progress}
    if "entered" not in progress and selects_by_query(job.selection["given"]):
        progress["entered"] = await _entered(work, job)
        async with work.jobs.working(job.id, work.holder) as tx:
            await tx.write(progress=progress)
        return MORE
    if any(operation["op"] == "merge" for operation in job.operations):
        await _part_the_lonely(work, job)
    await preview(work, job, "applying" if progress.get("auto") else "previewed")
    return MORE


async def _entered(work: Work, job: Job) -> int:
    """Give how many issues the searches find by now that they did not find at first: those are not in the job."""
    count = 0
    for part in job.selection["asked"]:
        if "pairs" in part:
            sentry = await work.sentry(job, part["organization"])
            page = await sentry.page(tuple((name, value) for name, value in part["pairs"]), None, work.size)
            ids = [str(group["id"]) for group in await _wanted_of(work, part, page.groups)]
            async with work.jobs.working(job.id, work.holder) as tx:
                count += len(set(ids) - await tx.known(part["organization"], ids))
    return count


async def _part_the_lonely(work: Work, job: Job) -> None:
    """Leave those out of a merge that are alone in their project."""
    for organization, project, count in await work.jobs.projects(job.id):
        if count > 1:
            continue
        item = await work.jobs.only_pending(job.id, organization, project)
        want = {name: value for name, value in item.wanted.items() if name != "do"}
        changes: Json = {"wanted": want}
        if not want:
            changes |= {"state": "skipped", "reason": ALONE}
        async with work.jobs.working(job.id, work.holder) as tx:
            await tx.change([item.position], **changes)


async def preview(work: Work, job: Job, state: str) -> None:
    """Count what the job would do, item by item, and let it wait or go on."""
    counted = Preview()
    after = -1
    while items := await work.jobs.items(job.id, after=after, limit=SCAN):
        for item in items:
            counted.add(_told(item), item.before, item.wanted, state=item.state)
        after = items[-1].position
    progress = job.progress
    pace = progress.get("spent_s", 0.0) / max(1, progress.get("calls", 0)) or 0.1
    must = needs_confirmation(job.selection["given"], job.operations)
    document = counted.document(seconds_per_call=pace, needs_confirmation=must)
    document["entered_meanwhile"] = progress.get("entered", 0)
    expected = progress.get("expected")
    document["left_meanwhile"] = None if expected is None else max(0, expected - progress.get("found", 0))
    token = confirmation(job.id, document)
    async with work.jobs.working(job.id, work.holder) as tx:
        values: Json = {"started_at": tx.now} if state == "applying" else {}
        await tx.write(state=state, preview=document, confirmation_hash=token, **values)
        await tx.count()


def _told(item: Item) -> Json:
    return {
        "organization": item.organization,
        "project": item.project,
        "issue_id": item.issue_id,
        "short_id": item.short_id,
        "title": item.title,
        "reason": item.reason,
        "batch": item.batch,
    }
