"""The life of a job: what it finds, what it sends, what it says, and how it is taken back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec
import pytest
from tests.features.bulk.world import ADA

from dexter.database.labels import issues_labelled
from dexter.features.bulk.applying import CANCELLED
from dexter.features.bulk.job_view import job_view
from dexter.features.upstream_errors import Conflict
from dexter.policy.bulk_image import same

if TYPE_CHECKING:
    from tests.features.bulk.world import World

    from dexter.wire import Call

pytestmark = pytest.mark.breadth

RESOLVE = {"op": "status", "status": "resolved"}
ARCHIVE = {"op": "status", "status": "archived", "archive": {"mode": "forever"}}


def writes(world: World) -> list[Call]:
    return [call for call in world.calls if call.method != "GET"]


async def test_issues_are_found_first_written_then_and_read_back_at_last(world: World) -> None:
    """Writing while paging through a search loses every second page: what is written leaves the search."""
    ids = await world.all_ids()
    job = await world.applied(await world.ask({"query": "is:unresolved"}, RESOLVE))
    methods = "".join("w" if call.method == "PUT" else "r" for call in world.calls)
    assert methods.strip("r") == "w" * methods.count("w"), methods
    assert job.counts is not None
    assert job.counts["done"] == job.counts["total"] > 5
    assert all(image["status"] != "unresolved" for image in (await world.images(ids)).values())


async def test_an_issue_that_is_so_already_is_not_sent(world: World) -> None:
    """It would be noted at Sentry as changed by somebody who changed nothing."""
    ids = await world.unresolved(4)
    await world.api(
        "PUT", "/issues/", f"id={ids[0]}&id={ids[1]}", b'{"status":"ignored","substatus":"archived_forever"}'
    )
    job = await world.applied(await world.ask({"ids": ids}, ARCHIVE))
    states = {item.issue_id: item.state for item in await world.items(job)}
    assert [states[each] for each in ids] == ["unchanged", "unchanged", "done", "done"]
    assert [parse_qs(call.query)["id"] for call in writes(world)] == [ids[2:]]


async def test_the_preview_says_what_would_happen_and_changes_nothing(world: World) -> None:
    """Somebody is asked to say yes to it."""
    ids = await world.unresolved(5)
    await world.api("PUT", f"/issues/{ids[0]}/", "", b'{"status":"resolved"}')
    before = await world.images(ids)
    job = await world.live(await world.ask({"ids": [*ids, "900001"]}, RESOLVE))
    preview = job.preview
    assert preview is not None
    assert (preview["total"], preview["to_send"], preview["estimated_calls"]) == (6, 4, 2)
    assert sum(each["count"] for each in preview["projects"]) == 6
    assert {each["to"] for each in preview["changes"]} == {"resolved"}
    assert sum(each["count"] for each in preview["changes"]) == 4
    assert Counter(each["reason"] for each in preview["skipped"]) == Counter(
        ["It is so already.", "There is no such issue, or the credential may not see it."]
    )
    assert not preview["needs_confirmation"]
    assert len(preview["samples"]) == 4
    assert await world.images(ids) == before
    assert writes(world) == []


async def test_operations_go_out_in_one_call_for_all_issues_that_want_the_same(world: World) -> None:
    """A call for each operation would cost three times as much."""
    ids = await world.unresolved(3)
    operations = [
        ARCHIVE,
        {"op": "assign", "assignee": "me"},
        {"op": "priority", "priority": "low"},
        {"op": "bookmark"},
    ]
    job = await world.applied(await world.ask({"ids": ids}, *operations))
    (call,) = writes(world)
    assert isinstance(call.body, bytes)
    assert msgspec.json.decode(call.body) == {
        "status": "ignored", "statusDetails": {}, "substatus": "archived_forever",
        "assignedTo": "user:1", "priority": "low", "isBookmarked": True,
    }  # fmt: skip
    assert {item.state for item in await world.items(job)} == {"done"}


async def test_a_team_without_access_fails_for_its_project_only(world: World) -> None:
    """Sentry refuses a hundred issues for the sake of one."""
    job = await world.applied(await world.ask({"query": ""}, {"op": "assign", "assignee": "team:1"}))
    by_project: dict[str | None, set[str]] = {}
    for item in await world.items(job):
        by_project.setdefault(item.project, set()).add(item.state)
    assert {"failed"} in by_project.values()
    assert [states for states in by_project.values() if "done" in states]
    assert not [states for states in by_project.values() if {"done", "failed"} <= states]
    (reason,) = {item.reason for item in await world.items(job) if item.state == "failed"}
    assert reason is not None
    assert reason.startswith("Sentry says: ")


async def test_a_merge_stays_within_projects_and_says_which_issue_survives(world: World) -> None:
    """Sentry merges no others; the issues that are gone must be found again."""
    ids = await world.all_ids()
    job = await world.applied(await world.ask({"query": ""}, {"op": "merge"}))
    items = await world.items(job)
    projects = Counter(item.project for item in items)
    left = await world.images(ids)
    for item in items:
        if projects[item.project] == 1:
            assert (item.state, item.reason) == (
                "skipped",
                "It is the only one of its project, and issues merge within a project only.",
            )
            continue
        assert item.state == "done", item.reason
        assert item.after is not None
        survivor = item.after["merged_into"]
        assert (item.issue_id in left) == (survivor == item.issue_id)
    assert len(left) == len(projects)


async def test_labels_follow_issues_that_a_job_merges(world: World) -> None:
    """They were left under numbers that lead elsewhere."""
    await world.applied(await world.ask({"query": ""}, {"op": "label", "add": ["hot"]}))
    job = await world.applied(await world.ask({"query": ""}, {"op": "merge"}))
    left = set(await world.all_ids())
    assert {item.issue_id for item in await world.items(job) if item.state == "done"} - left
    async with world.database.reading() as connection:
        assert await issues_labelled(connection, "acme", ["hot"]) == left


async def test_undoing_a_merge_splits_the_issues_off_again(world: World) -> None:
    """As issues with new numbers: Sentry knows no way back to the old ones."""
    ids = await world.all_ids()
    job = await world.applied(await world.ask({"query": ""}, {"op": "merge"}))
    merged = len(await world.all_ids())
    undo = await world.live(await world.desk.undo(job, ADA, "api"))
    states = Counter(item.state for item in await world.items(undo))
    assert undo.state == "done"
    assert states["failed"] == 0, [item.reason for item in await world.items(undo)]
    assert len(await world.all_ids()) == merged + states["done"] == len(ids)


@pytest.mark.parametrize("op", ["delete", "discard"])
async def test_what_is_removed_is_gone_and_cannot_be_undone(world: World, op: str) -> None:
    """The preview said so."""
    ids = await world.all_ids()
    job = await world.applied(await world.ask({"ids": ids[:5]}, {"op": op}))
    assert {item.state for item in await world.items(job)} == {"done"}
    assert set(await world.all_ids()) == set(ids[5:])
    view = job_view(job, world.jobs.moment())
    assert not view["undo"]["possible"]
    with pytest.raises(Conflict):
        await world.desk.undo(job, ADA, "api")


async def test_undo_puts_back_what_nobody_changed_since(world: World) -> None:
    """Status, assignee, priority, marks, labels and the place in the review queue."""
    ids = await world.all_ids()
    before = await world.images(ids)
    operations = [RESOLVE, {"op": "assign", "assignee": "me"}, {"op": "priority", "priority": "low"}]
    job = await world.applied(await world.ask({"query": ""}, *operations, {"op": "label", "add": ["Hot"]}))
    undo = await world.live(await world.desk.undo(job, ADA, "api"))
    assert undo.state == "done"
    after = await world.images(ids)
    for issue_id in ids:
        for name in ("status", "assignee", "priority", "for_review"):
            assert same(name, after[issue_id], before[issue_id]), (name, before[issue_id], after[issue_id])
    labelled = await world.live(await world.ask({"query": ""}, {"op": "label", "remove": ["hot"]}))
    assert {item.state for item in await world.items(labelled)} == {"unchanged"}
    assert (await world.desk.find(job.id)).undone_by == undo.id


async def test_undo_leaves_alone_what_somebody_changed_since_and_says_so(world: World) -> None:
    """It would take back their work with ours."""
    ids = await world.unresolved(3)
    await world.api("PUT", "/issues/", "&".join(f"id={each}" for each in ids), b'{"priority":"medium"}')
    job = await world.applied(await world.ask({"ids": ids}, RESOLVE, {"op": "priority", "priority": "low"}))
    await world.api("PUT", f"/issues/{ids[0]}/", "", b'{"status":"unresolved"}')
    await world.api(
        "PUT", f"/issues/{ids[1]}/", "", b'{"status":"ignored","substatus":"archived_forever","priority":"high"}'
    )
    undo = await world.live(await world.desk.undo(job, ADA, "api"))
    told = {item.issue_id: item for item in await world.items(undo)}
    assert told[ids[1]].state == "skipped"
    assert told[ids[1]].reason == (
        "Its status is archived forever: it was changed since. Its priority is high: it was changed since."
    )
    assert told[ids[2]].state == "done"
    assert (await world.images(ids))[ids[1]]["status"] == "archived"


async def test_a_job_is_undone_once(world: World) -> None:
    """Two people press the same button."""
    job = await world.applied(await world.ask({"ids": await world.unresolved(2)}, RESOLVE))
    await world.desk.undo(job, ADA, "api")
    with pytest.raises(Conflict, match="already"):
        await world.desk.undo(await world.desk.find(job.id), ADA, "api")
    with pytest.raises(Conflict, match="already"):
        await world.desk.undo(job, ADA, "api")


async def test_issues_that_come_and_go_while_they_are_found_are_counted(world: World) -> None:
    """Whoever looks at the preview thinks that it is all there is."""
    ids = await world.all_ids()

    async def one_leaves() -> None:
        await world.api("PUT", f"/issues/{ids[-1]}/", "", b'{"status":"resolved"}')

    for each in ids:
        await world.api("PUT", f"/issues/{each}/", "", b'{"status":"unresolved"}')
    world.asked, world.outside = 0, {1: one_leaves}
    job = await world.live(await world.ask({"query": "is:unresolved"}, ARCHIVE))
    assert job.preview is not None
    assert (job.preview["total"], job.preview["left_meanwhile"]) == (len(ids) - 1, 1)


async def test_before_images_are_taken_anew_when_the_preview_was_looked_at_for_long(world: World) -> None:
    """Else an undo would restore what was true an hour before the job."""
    ids = await world.unresolved(2)
    job = await world.live(await world.ask({"ids": ids}, RESOLVE))
    await world.api("PUT", f"/issues/{ids[0]}/", "", b'{"status":"ignored","substatus":"archived_forever"}')
    world.clock.epoch += 3600
    await world.desk.apply(job, None)
    job = await world.live(job)
    assert [item.before["status"] for item in await world.items(job) if item.before] == ["archived", "unresolved"]
    await world.live(await world.desk.undo(job, ADA, "api"))
    assert (await world.images(ids))[ids[0]]["substatus"] == "archived_forever"


async def test_a_query_that_sentry_refuses_ends_the_job_with_its_words(world: World) -> None:
    """Nobody should wait for it."""
    job = await world.live(await world.ask({"query": "is:nonsense"}, RESOLVE))
    assert job.state == "failed"
    assert job.reason is not None
    assert job.reason.startswith("Sentry says: ")


async def test_sentry_away_pauses_a_job_which_goes_on_by_itself(world: World) -> None:
    """A job of an hour must not be lost to an outage of a minute."""
    ids = await world.unresolved(6)
    job = await world.live(await world.ask({"ids": ids}, RESOLVE))
    await world.desk.apply(job, None)
    world.asked, world.faults = 0, {0: "outage", 1: "500", 2: "lost before", 3: "outage"}
    ended = await world.live(job)
    assert ended.state == "done"
    assert {item.state for item in await world.items(ended)} == {"done"}


async def test_a_paused_job_says_by_whom_and_goes_on_when_it_is_resumed(world: World) -> None:
    """What was sent by then is kept."""
    ids = await world.unresolved(9)
    job = await world.live(await world.ask({"ids": ids}, RESOLVE))
    await world.desk.apply(job, None)

    async def pause() -> None:
        await world.desk.pause(await world.desk.find(job.id), ADA)

    world.asked, world.outside = 0, {1: pause}
    paused = await world.live(job)
    assert (paused.state, paused.reason) == ("paused", "Paused by Ada.")
    assert len(writes(world)) == 2
    await world.desk.resume(paused)
    ended = await world.live(paused)
    assert Counter(item.state for item in await world.items(ended)) == {"done": 9}
    assert len(writes(world)) == 3


async def test_a_cancelled_job_tells_what_was_done_and_leaves_the_rest(world: World) -> None:
    """What was under way is finished, and can be taken back."""
    ids = await world.unresolved(9)
    job = await world.live(await world.ask({"ids": ids}, RESOLVE))
    await world.desk.apply(job, None)

    async def cancel() -> None:
        await world.desk.cancel(await world.desk.find(job.id), ADA)

    world.asked, world.outside = 0, {0: cancel}
    ended = await world.live(job)
    assert ended.state == "cancelled"
    assert Counter(item.state for item in await world.items(ended)) == {"done": 3, "skipped": 6}
    undo = await world.live(await world.desk.undo(ended, ADA, "api"))
    assert Counter(item.state for item in await world.items(undo)) == {"done": 3}


async def test_a_batch_whose_answer_got_lost_is_read_back_before_it_is_sent_again(world: World) -> None:
    """Sending a merge or a count twice would do it twice."""
    ids = await world.unresolved(3)
    job = await world.live(await world.ask({"ids": ids}, RESOLVE))
    await world.desk.apply(job, None)
    world.calls.clear()
    world.asked, world.faults = 0, {0: "killed after"}
    ended = await world.live(job)
    assert [call.method for call in world.calls] == ["PUT", "GET", "GET"]
    assert {item.state for item in await world.items(ended)} == {"done"}


async def test_a_removal_whose_answer_got_lost_is_unknown(world: World) -> None:
    """It is gone, and Sentry does not say who did it."""
    ids = await world.unresolved(2)
    job = await world.live(await world.ask({"ids": ids}, {"op": "delete"}))
    await world.desk.apply(job, job.confirmation_hash)
    world.asked, world.faults = 0, {0: "killed after"}
    ended = await world.live(job)
    assert {item.state for item in await world.items(ended)} == {"unknown"}
    outcomes: list[Any] = [row.outcome for row in await world.audited(job)]
    assert outcomes == ["unknown", "unknown"]


async def test_short_ids_stand_for_their_issues(world: World) -> None:
    """People know issues by them."""
    job = await world.live(await world.ask({"query": ""}, RESOLVE))
    items = (await world.items(job))[:2]
    again = await world.live(await world.ask({"ids": [str(item.short_id) for item in items]}, RESOLVE))
    assert [item.issue_id for item in await world.items(again)] == [item.issue_id for item in items]


async def test_a_short_id_that_nobody_has_is_skipped(world: World) -> None:
    """One that was mistyped must not cost the others."""
    ids = await world.unresolved(1)
    job = await world.live(await world.ask({"ids": ["NO-SUCH-1", ids[0]]}, RESOLVE))
    assert {item.issue_id: item.state for item in await world.items(job)} == {"NO-SUCH-1": "skipped", ids[0]: "pending"}


async def test_an_issue_that_goes_while_its_merge_is_prepared_costs_the_others_nothing(world: World) -> None:
    """Others go on deleting while a job is resolved."""
    ids = await world.all_ids()

    async def gone() -> None:
        await world.api("DELETE", f"/issues/{ids[0]}/")

    world.asked, world.outside = 0, {1: gone}
    job = await world.applied(await world.ask({"query": ""}, {"op": "merge"}))
    assert job.state == "done"
    assert "done" in {item.state for item in await world.items(job)}


async def test_a_job_cancelled_between_its_fields_and_its_merge_tells_what_was_set(world: World) -> None:
    """Skipped would be a lie: the status is another one now."""
    ids = await world.all_ids()
    await world.unresolved(len(ids))
    job = await world.live(await world.ask({"query": ""}, ARCHIVE, {"op": "merge"}))
    await world.desk.apply(job, job.confirmation_hash)
    written = -(-len(ids) // world.size)

    async def cancel() -> None:
        await world.desk.cancel(await world.desk.find(job.id), ADA)

    world.asked, world.outside = 0, {written - 1: cancel}
    ended = await world.live(job)
    assert ended.state == "cancelled"
    now = await world.images(ids)
    assert {image["status"] for image in now.values()} == {"archived"}
    items = await world.items(ended)
    assert {item.state for item in items} == {"done"}
    merging = [item for item in items if item.reason is not None]
    assert {item.reason for item in merging} == {f"Its fields were set, but there was no merge: {CANCELLED}"}
    undo = await world.live(await world.desk.undo(ended, ADA, "api"))
    assert {item.state for item in await world.items(undo)} == {"done"}
    assert {image["status"] for image in (await world.images(ids)).values()} == {"unresolved"}


async def test_a_query_may_speak_of_labels(world: World) -> None:
    """People label what belongs together, to do something with it later."""
    ids = await world.unresolved(6)
    await world.applied(await world.ask({"ids": ids[:3]}, {"op": "label", "add": ["flaky"]}))
    await world.applied(await world.ask({"ids": ids[:1]}, {"op": "label", "add": ["slow"]}))
    for query, expected in (
        ("label:flaky", ids[:3]),
        ("label:Flaky label:slow", ids[:1]),
        ("is:unresolved label:flaky !label:slow", ids[1:3]),
        ("label:nothing", []),
    ):
        job = await world.live(await world.ask({"query": query}, RESOLVE))
        assert sorted(item.issue_id for item in await world.items(job)) == sorted(expected), query


async def test_every_change_is_in_the_audit_log_with_its_job(world: World) -> None:
    """Whoever wonders who resolved an issue finds the person and the job."""
    ids = await world.unresolved(3)
    job = await world.applied(await world.ask({"ids": ids}, RESOLVE))
    rows = await world.audited(job)
    assert sorted(row.target_id for row in rows) == sorted(ids)
    assert {(row.person_name, row.face, row.action, row.outcome) for row in rows} == {
        ("Ada", "job", "issues.update", "done")
    }
    assert {row.after["status"] for row in rows} == {"resolved"}
    assert {row.sentry_account for row in rows} == {"Dexter's account"}


async def test_labels_are_changed_with_nobodys_account(world: World) -> None:
    """They are Dexter's own: Sentry hears nothing of them."""
    job = await world.applied(await world.ask({"ids": await world.unresolved(1)}, {"op": "label", "add": ["flaky"]}))
    assert [(row.after, row.sentry_account) for row in await world.audited(job)] == [({"labels": ["flaky"]}, None)]
