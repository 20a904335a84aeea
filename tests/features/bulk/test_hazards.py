"""What must never happen, each by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from dexter.errors import DexterFault
from dexter.features.bulk.sentry_calls import BulkSentry
from dexter.features.upstream_errors import Conflict

if TYPE_CHECKING:
    from tests.features.bulk.world import World

RESOLVE = {"op": "status", "status": "resolved"}
NOWHERE = ["900001", "900002"]


async def test_all_ids_out_of_scope_changes_nothing(world: World) -> None:
    """Sentry falls through to its search then and changes a thousand other issues."""
    ids = await world.all_ids()
    before = await world.images(ids)
    job = await world.applied(await world.ask({"ids": NOWHERE}, RESOLVE))
    assert [item.state for item in await world.items(job)] == ["skipped", "skipped"]
    assert [call.method for call in world.calls if call.method != "GET"] == []
    assert await world.images(ids) == before


@pytest.mark.parametrize(
    "operation", [RESOLVE, {"op": "delete"}, {"op": "discard"}, {"op": "priority", "priority": "low"}]
)
async def test_ids_that_vanish_between_the_look_and_the_write_change_nothing_else(
    world: World, operation: dict[str, str]
) -> None:
    """A preview may be looked at for an hour, in which somebody deletes everything that it named."""
    ids = await world.all_ids()
    gone, others = ids[:3], ids[3:]
    before = await world.images(others)
    job = await world.live(await world.ask({"ids": gone}, operation))
    await world.api("DELETE", "/issues/", "&".join(f"id={each}" for each in gone))
    await world.desk.apply(job, job.confirmation_hash)
    ended = await world.live(job)
    assert ended.state == "done"
    assert [call.method for call in world.calls if call.method != "GET"] != [], "nothing was written, so nothing shown"
    assert await world.images(others) == before


async def test_a_query_that_matches_everything_needs_its_previews_token(world: World) -> None:
    """An empty query is every issue of the organization."""
    job = await world.live(await world.ask({"query": ""}, RESOLVE))
    assert job.preview is not None
    assert job.preview["needs_confirmation"]
    for token in (None, "", "another"):
        with pytest.raises(Conflict):
            await world.desk.apply(job, token)
    assert (await world.desk.find(job.id)).state == "previewed"
    assert (await world.desk.apply(job, job.confirmation_hash)).state == "applying"


@pytest.mark.parametrize("op", ["delete", "discard"])
async def test_what_cannot_be_undone_needs_its_previews_token(world: World, op: str) -> None:
    """Also for a single issue that was named."""
    job = await world.live(await world.ask({"ids": (await world.all_ids())[:1]}, {"op": op}))
    assert job.preview is not None
    assert [each["op"] for each in job.preview["irreversible"]] == [op]
    with pytest.raises(Conflict):
        await world.desk.apply(job, None)


async def test_delete_never_reaches_sentry_without_ids(world: World) -> None:
    """Somebody lost a whole project to that."""
    sentry = BulkSentry(await world.way("job", None, "acme"))
    for ids in ([], [""], ["*"], ["1", "-1"], ["SHOP-1"]):
        with pytest.raises(DexterFault):
            await sentry.delete(ids)
        with pytest.raises(DexterFault):
            await sentry.update(ids, {"status": "resolved"})
    assert world.calls == []


async def test_every_write_names_its_issues_and_falls_through_to_nothing(world: World) -> None:
    """What guards a write is in the write itself."""
    await world.applied(await world.ask({"query": ""}, RESOLVE, {"op": "seen", "value": True}))
    writes = [parse_qs(call.query) for call in world.calls if call.method == "PUT"]
    assert writes
    for query in writes:
        assert 1 <= len(query["id"]) <= world.size
        assert len(query["query"][0]) == 38, query["query"]
    assert len({query["query"][0] for query in writes}) == len(writes)
