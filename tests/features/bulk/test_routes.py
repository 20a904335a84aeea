"""Bulk jobs over HTTP: who may ask for them, what may be asked, and in which shape the answers are."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import TypeAdapter
from tests.doubles.sandbox_transport import BASE, OWNER, SandboxTransport
from tests.gateway.conftest import ACCESS_TOKEN, Visitor
from tests.gateway.test_people import PASSWORD, Known, quick_passwords  # noqa: F401 - the fixture

from dexter.app import Application, create_app
from dexter.database.bulk_jobs import BulkJobs
from dexter.database.engine import Database
from dexter.gateway.bulk_shapes import ItemPage, JobPage, JobShape
from dexter.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

RESOLVE = {"op": "status", "status": "resolved"}
BY_QUERY = {"selection": {"query": "TypeError"}, "operations": [RESOLVE]}


class Stand:
    """A gateway before a sandbox; nothing works on its jobs, so that they stay as they were asked for."""

    def __init__(self, app: Application, database: Database, transport: SandboxTransport) -> None:
        self.app = app
        self.transport = transport
        self.jobs = BulkJobs(database, lambda: 0.0)
        self.operator = Visitor(app, {"x-dexter-token": ACCESS_TOKEN})

    async def v1(
        self, method: str, path: str, body: Any = None, *, expect: int = 200, by: Visitor | None = None
    ) -> Any:
        response = await (by or self.operator).send(method, f"/api/v1{path}", body)
        assert response.status == expect, (response.status, response.body)
        return response.json() if response.body else None

    async def joined(self, name: str, **roles: str) -> Known:
        """Add a person, and give them signed in."""
        email = f"{name.lower()}@example.org"
        form = {"name": name, "email": email, "password": PASSWORD, "roles": roles}
        await self.v1("POST", "/people", form, expect=201)
        known = Known(self.app, {})
        opened = await known.send("POST", "/api/v1/session", {"email": email, "password": PASSWORD})
        known.csrf_token = opened.json()["csrf_token"]
        return known


@pytest.fixture
async def stand(tmp_path: Path, sqlite_template: Path) -> AsyncIterator[Stand]:
    shutil.copy(sqlite_template, tmp_path / "dexter.sqlite3")
    settings = read_settings(
        {
            "DEXTER_DATA_DIR": str(tmp_path),
            "DEXTER_ACCESS_TOKEN": ACCESS_TOKEN,
            "SENTRY_BASE_URL": BASE,
            "SENTRY_API_TOKEN": OWNER,
            "SENTRY_ORG": "acme",
        }
    )
    transport = SandboxTransport()
    app = create_app(settings, transport=transport)
    database = Database(settings.database)
    yield Stand(app, database, transport)
    await database.aclose()
    await app.aclose()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"selection": {}, "operations": [RESOLVE]}, "neither ids nor a query"),
        ({"selection": {"ids": []}, "operations": [RESOLVE]}, "at least 1"),
        ({"selection": {"ids": ["*"]}, "operations": [RESOLVE]}, "pattern"),
        ({"selection": {"ids": ["1"], "query": ""}, "operations": [RESOLVE]}, "exclude each other"),
        ({"selection": {"parts": [{"ids": ["1"]}], "query": ""}, "operations": [RESOLVE]}, "parts stand alone"),
        ({"selection": {"status": "all"}, "operations": [RESOLVE]}, "neither ids nor a query"),
        ({"selection": {"query": ""}, "operations": []}, "at least 1"),
        ({"selection": {"query": ""}, "operations": [RESOLVE, RESOLVE]}, "named twice"),
        ({"selection": {"query": ""}, "operations": [{"op": "explode"}]}, "explode"),
        ({"selection": {"query": ""}, "operations": [{"op": "delete"}, RESOLVE]}, "goes alone"),
        ({"selection": {"query": ""}, "operations": [{"op": "discard"}, {"op": "seen"}]}, "goes alone"),
        ({"selection": {"query": ""}, "operations": [{"op": "label"}]}, "no label is named"),
        ({"selection": {"query": ""}, "operations": [{"op": "label", "add": ["A"], "remove": ["a"]}]}, "both added"),
        ({"selection": {"query": ""}, "operations": [RESOLVE], "apply": True}, "look at the preview first"),
        ({"selection": {"ids": ["1"]}, "operations": [{"op": "delete"}], "apply": True}, "look at the preview first"),
        ({"selection": {"ids": [str(n) for n in range(101)]}, "operations": [RESOLVE], "apply": True}, "at most 100"),
    ],
)
async def test_what_is_not_a_job_is_refused_and_said(stand: Stand, body: Any, said: str) -> None:
    """A job that means something else than its author thought changes ten thousand issues."""
    problem = await stand.v1("POST", "/bulk", body, expect=422)
    assert said in str(problem["errors"]) + problem["message"], problem
    assert (await stand.v1("GET", "/bulk"))["data"] == []


async def test_a_job_and_its_items_are_of_the_shape_that_the_document_says(stand: Stand) -> None:
    """The workbench's types are made of it."""
    response = await stand.operator.send("POST", "/api/v1/bulk", BY_QUERY)
    job = TypeAdapter(JobShape).validate_json(response.body)
    assert (response.status, response.headers["location"]) == (202, f"/api/v1/bulk/{job.id}")
    assert (job.state, job.created_by.name, job.organization) == ("resolving", "Administrator", "acme")
    for path, shape in ((f"/bulk/{job.id}", JobShape), ("/bulk", JobPage), (f"/bulk/{job.id}/items", ItemPage)):
        response = await stand.operator.send("GET", f"/api/v1{path}")
        TypeAdapter(shape).validate_json(response.body)


async def test_jobs_are_listed_the_latest_first_page_by_page(stand: Stand) -> None:
    """Whoever looks for theirs finds it at the top, and each once."""
    asked = [(await stand.v1("POST", "/bulk", BY_QUERY, expect=202))["id"] for _ in range(5)]
    found: list[str] = []
    path = "/bulk?limit=2"
    while path:
        page = await stand.v1("GET", path)
        found += [job["id"] for job in page["data"]]
        following = page["pagination"]["next"]
        path = f"/bulk?limit=2&cursor={following['cursor'].replace('+', '%2B')}" if following else ""
    assert found == asked[::-1]
    await stand.v1("GET", "/bulk?cursor=nonsense", expect=400)


async def test_only_triagers_of_an_organization_ask_for_jobs_in_it(stand: Stand) -> None:
    """Each part of a selection counts, not only the first."""
    ada = await stand.joined("Ada", acme="triager", other="viewer")
    eve = await stand.joined("Eve", acme="viewer")
    job = await stand.v1("POST", "/bulk", BY_QUERY, expect=202, by=ada)
    assert job["created_by"]["name"] == "Ada"
    await stand.v1("POST", "/bulk", BY_QUERY, expect=403, by=eve)
    parts = [{"query": ""}, {"query": "", "organization": "other"}]
    await stand.v1("POST", "/bulk", {**BY_QUERY, "selection": {"parts": parts}}, expect=403, by=ada)
    assert (await stand.v1("GET", f"/bulk/{job['id']}", by=eve))["id"] == job["id"]
    for verb in ("apply", "pause", "resume", "cancel", "undo"):
        await stand.v1("POST", f"/bulk/{job['id']}/{verb}", expect=403, by=eve)


async def test_nobody_sees_the_jobs_of_an_organization_they_have_no_role_in(stand: Stand) -> None:
    """They hold its issues' titles."""
    zoe = await stand.joined("Zoe", other="admin")
    job = await stand.v1("POST", "/bulk", BY_QUERY, expect=202)
    parts = [{"query": ""}, {"query": "", "organization": "other"}]
    both = await stand.v1("POST", "/bulk", {**BY_QUERY, "selection": {"parts": parts}}, expect=202)
    assert (await stand.v1("GET", "/bulk", by=zoe))["data"] == []
    for each in (job, both):
        for path in ("", "/items", "/stream"):
            await stand.v1("GET", f"/bulk/{each['id']}{path}", expect=403, by=zoe)


async def test_a_sentry_token_of_ones_own_is_not_kept_for_a_job(stand: Stand) -> None:
    """It would have to lie in the database for as long as the job runs."""
    owner = Visitor(stand.app, {"authorization": f"Bearer {OWNER}"})
    for method, path, body in (("POST", "/bulk", BY_QUERY), ("GET", "/bulk", None)):
        problem = await stand.v1(method, path, body, expect=403, by=owner)
        assert "Sentry token" in problem["message"]


async def test_there_is_no_job_of_an_unknown_id(stand: Stand) -> None:
    """And the answer says where to look."""
    problem = await stand.v1("GET", f"/bulk/{'0' * 32}", expect=404)
    assert "GET /api/v1/bulk" in problem["remedy"]


async def test_a_job_that_is_not_previewed_cannot_be_applied(stand: Stand) -> None:
    """Nothing is known of its issues yet."""
    job = await stand.v1("POST", "/bulk", BY_QUERY, expect=202)
    problem = await stand.v1("POST", f"/bulk/{job['id']}/apply", {}, expect=409)
    assert problem["message"] == "The job is resolving, and only a previewed one can be applied."
    await stand.v1("POST", f"/bulk/{job['id']}/resume", expect=409)
    await stand.v1("POST", f"/bulk/{job['id']}/undo", expect=409)
    assert (await stand.v1("POST", f"/bulk/{job['id']}/cancel", expect=202))["wish"] == "cancel"


@pytest.mark.parametrize("query", ["label:flaky", "!label:flaky", "label:[a, b] TypeError"])
async def test_labels_never_reach_sentry_as_tags(stand: Stand, query: str) -> None:
    """`!label:x` as a tag is true of every issue: a job on those would change them all."""
    job = await stand.v1("POST", "/bulk", {**BY_QUERY, "selection": {"query": query}}, expect=202)
    kept = await stand.jobs.find(job["id"])
    assert kept is not None
    (asked,) = kept.selection["asked"]
    assert "label" not in str(asked["pairs"])
    assert asked["labelled"] == query


async def test_a_selection_is_asked_in_sentrys_words(stand: Stand) -> None:
    """A job finds what the list of issues showed."""
    selection = {
        "query": "boom", "status": "resolved", "period": "24h", "project": ["web", "api"], "environment": ["prod"],
        "level": ["error"],
    }  # fmt: skip
    job = await stand.v1("POST", "/bulk", {**BY_QUERY, "selection": selection}, expect=202)
    assert job["selection"] == selection
    kept = await stand.jobs.find(job["id"])
    assert kept is not None
    assert kept.selection["asked"] == [
        {
            "organization": "acme",
            "pairs": [
                ["query", "is:resolved boom level:error"], ["statsPeriod", "24h"], ["environment", "prod"],
                ["project", "web"], ["project", "api"],
            ],
        }
    ]  # fmt: skip
