"""One job over projects and organizations."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.doubles.sandbox_transport import OWNER
from tests.features.bulk.world import ADA

if TYPE_CHECKING:
    from tests.features.bulk.world import World

RESOLVE = {"op": "status", "status": "resolved"}
BOTH = {"parts": [{"query": ""}, {"query": "", "organization": "globex"}]}


@pytest.fixture
async def globex(world: World) -> list[str]:
    """A second organization, to which one project of the first goes with its issues."""
    db = world.sandbox.db
    organization = db.insert("INSERT INTO organizations (slug, name, date_created) VALUES ('globex', 'Globex', 0)")
    owner = db.one("SELECT * FROM users WHERE id = (SELECT min(user_id) FROM members WHERE role = 'owner')")
    db.insert(
        "INSERT INTO members (organization_id, user_id, email, role, date_created) VALUES (?,?,?,'owner',0)",
        organization, owner["id"], owner["email"],
    )  # fmt: skip
    project = db.value("SELECT project_id FROM issues GROUP BY project_id ORDER BY count(*) DESC LIMIT 1")
    db.run("UPDATE projects SET organization_id = ? WHERE id = ?", organization, project)
    return [str(row["id"]) for row in db.all("SELECT id FROM issues WHERE project_id = ?", project)]


async def images(world: World) -> dict[str, Any]:
    """How all issues of both organizations are."""
    found: dict[str, Any] = {}
    for organization in ("acme", "globex"):
        status, _, content = await world.sandbox.request(
            "GET",
            f"/api/0/organizations/{organization}/issues/",
            "query=&limit=100",
            b"",
            (("Authorization", f"Bearer {OWNER}"),),
        )
        assert status == 200, content
        found |= {group["id"]: (organization, group["status"]) for group in msgspec.json.decode(content)}
    return found


async def test_each_organization_is_asked_for_its_own_issues_only(world: World, globex: list[str]) -> None:
    """A call in the wrong organization reaches nothing, or what is not meant."""
    before = await images(world)
    assert {organization for organization, _ in before.values()} == {"acme", "globex"}
    job = await world.applied(await world.ask(BOTH, RESOLVE, {"op": "label", "add": ["both"]}))
    items = await world.items(job)
    assert job.organization == "*"
    assert {item.state for item in items} == {"done"}
    assert {item.issue_id for item in items if item.organization == "globex"} == set(globex)
    assert {status for _, status in (await images(world)).values()} == {"resolved"}
    undo = await world.live(await world.desk.undo(job, ADA, "api"))
    assert Counter(item.state for item in await world.items(undo)) == {"done": len(items)}
    assert await images(world) == before


async def test_an_organization_out_of_reach_ends_the_job_before_it_changed_anything(world: World) -> None:
    """Half a job is worse than none: nobody saw a preview of it."""
    parts = [{"query": ""}, {"query": "", "organization": "nowhere"}]
    job = await world.live(await world.ask({"parts": parts}, RESOLVE))
    assert job.state == "failed"
    assert job.reason
    assert [call.method for call in world.calls if call.method != "GET"] == []


async def test_an_issue_that_is_in_two_parts_is_taken_once(world: World) -> None:
    """It would be told twice, and undone twice."""
    ids = await world.unresolved(4)
    job = await world.applied(await world.ask({"parts": [{"ids": ids}, {"query": ""}, {"ids": ids[:2]}]}, RESOLVE))
    assert len(await world.items(job)) == len(await world.all_ids())
