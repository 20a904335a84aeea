"""The sandbox stands for Sentries of several ages and kinds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dexter.catalog.table import operations
from dexter.sandbox.profiles import Schedule, profile, profiles
from dexter.sandbox.routing import targets

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box, Clock

SETTINGS = "/_sandbox/settings"
ORG = "/api/0/organizations/acme"
EVENT = {"message": "it fell over", "level": "error"}


@pytest.fixture
def local(box: Box) -> Box:
    """The same sandbox, whose admin surface answers."""
    return replace(box, http=replace(box.http, host="127.0.0.1:9000"))


async def stand_for(local: Box, name: str, **more: Any) -> None:
    reply = await local.http.put(SETTINGS, {"profile": name, **more})
    assert reply.status == 200, reply.body


async def an_issue(local: Box) -> str:
    await local.send(EVENT)
    (row,) = local.db.all("SELECT id FROM issues")
    return str(row["id"])


SERVED = [
    # profile, path, status
    ("default", f"{ORG}/issues/", 200),
    ("default", "/api/0/issues/{issue}/", 200),
    ("selfhosted-26", f"{ORG}/issues/", 200),
    ("selfhosted-26", f"{ORG}/issues/{{issue}}/", 200),
    ("selfhosted-26", "/api/0/issues/{issue}/", 404),
    ("selfhosted-26", "/api/0/issues/{issue}/events/latest/", 404),
    ("selfhosted-26", "/api/0/projects/", 404),
    ("selfhosted-26", f"{ORG}/workflows/", 200),
    ("selfhosted-26", f"{ORG}/detectors/", 200),
    ("sentry-9.1", f"{ORG}/issues/", 404),
    ("sentry-9.1", f"{ORG}/issues/{{issue}}/", 404),
    ("sentry-9.1", f"{ORG}/groups/{{issue}}/", 404),
    ("sentry-9.1", f"{ORG}/workflows/", 404),
    ("sentry-9.1", f"{ORG}/projects/", 200),
    ("sentry-9.1", "/api/0/projects/", 200),
    ("sentry-9.1", "/api/0/projects/acme/shop-api/issues/", 200),
    ("sentry-9.1", "/api/0/issues/{issue}/", 200),
    ("sentry-9.1", "/api/0/issues/{issue}/events/latest/", 200),
    ("partial", f"{ORG}/issues/", 200),
    ("partial", "/api/0/issues/{issue}/", 200),
    ("partial", f"{ORG}/issues/{{issue}}/", 404),
    ("partial", f"{ORG}/events/", 404),
    ("partial", "/api/client-config/", 404),
]


@pytest.mark.parametrize(("name", "path", "status"), SERVED)
async def test_each_profile_serves_its_own_addresses(local: Box, name: str, path: str, status: int) -> None:
    """A client that works on one Sentry and fails on another is what the profiles exist for."""
    issue = await an_issue(local)
    await stand_for(local, name)
    assert (await local.http.get(path.format(issue=issue))).status == status


async def test_an_address_that_is_gone_answers_as_an_unknown_route_does(local: Box) -> None:
    """Clients tell a missing route (an empty 404) from a missing thing (a sentence)."""
    await stand_for(local, "sentry-9.1")
    gone = await local.http.get(f"{ORG}/issues/")
    unknown = await local.http.get(f"{ORG}/no-such-thing/")
    assert (gone.status, gone.body) == (unknown.status, unknown.body) == (404, b"")


async def test_a_partial_server_words_its_404_differently(local: Box) -> None:
    """A probe that only knows Sentry's own 404 would take this for an issue that does not exist."""
    await stand_for(local, "partial")
    assert (await local.http.get(f"{ORG}/events/")).data == {"detail": "Not Found"}


VERSIONS = [
    ("default", "26.8.0", "isSelfHosted", True),
    ("saas", "26.9.0.dev0", "isSelfHosted", False),
    ("sentry-9.1", "9.1.2", "isOnPremise", True),
]


@pytest.mark.parametrize(("name", "version", "word", "value"), VERSIONS)
async def test_client_config_tells_version_and_kind(
    local: Box, name: str, version: str, word: str, value: bool
) -> None:
    """It is what a capability probe reads first; the word for self-hosted changed with the years."""
    await stand_for(local, name)
    config = (await local.http.get("/api/client-config/")).data
    assert (config["version"]["current"], config[word]) == (version, value)


async def test_an_old_server_lacks_newer_fields_and_words(local: Box) -> None:
    """An update with a field of later years must not do there what it does today."""
    issue = await an_issue(local)
    await stand_for(local, "sentry-9.1")
    shown = (await local.http.get(f"/api/0/issues/{issue}/")).data
    assert not {"substatus", "priority", "issueType"} & set(shown)
    changed = await local.http.put(f"/api/0/issues/{issue}/", {"status": "ignored", "priority": "low"})
    assert changed.data["status"] == "ignored"
    assert local.db.value("SELECT priority FROM issues") != "low"
    listed = await local.http.get("/api/0/projects/acme/shop-api/issues/?query=is:archived")
    assert (listed.status, "archived" in listed.data["detail"]) == (400, True)
    assert (await local.http.get("/api/0/projects/acme/shop-api/issues/?query=is:ignored")).data[0]["id"] == issue


async def test_saas_brings_rate_limits_and_lag_and_leaving_it_takes_them_away(local: Box) -> None:
    """Limits stay in force when a test clears its faults, since they belong to the Sentry and not to the fault."""
    await stand_for(local, "saas")
    await local.http.delete("/_sandbox/faults")
    limited = await local.http.get(f"{ORG}/projects/")
    assert limited.headers["x-sentry-rate-limit-limit"] == "40"
    assert (await local.http.get(SETTINGS)).data["index_lag_s"] == 2
    await stand_for(local, "selfhosted-26")
    assert "x-sentry-rate-limit-limit" not in (await local.http.get(f"{ORG}/projects/")).headers
    assert (await local.http.get(SETTINGS)).data["index_lag_s"] == 0


async def test_a_retiring_address_says_since_when_and_what_comes_instead(local: Box) -> None:
    """Sentry announces with two headers; errors carry them too."""
    issue = await an_issue(local)
    await stand_for(local, "saas", brownout="off")
    for path, status in ((f"/api/0/issues/{issue}/", 200), ("/api/0/issues/999999/", 404)):
        reply = await local.http.get(path)
        assert reply.status == status
        assert reply.headers["x-sentry-deprecation-date"].startswith("2024-11-18")
        assert reply.headers["x-sentry-replacement-endpoint"].startswith("/api/0/organizations/")
    assert "x-sentry-deprecation-date" not in (await local.http.get(f"{ORG}/issues/{issue}/")).headers


async def test_a_permanent_brownout_answers_410_with_a_message(local: Box) -> None:
    """The word is `message`, not `detail`; a gateway that only reads `detail` would show nothing."""
    issue = await an_issue(local)
    await stand_for(local, "saas", brownout="permanent")
    reply = await local.http.get(f"/api/0/issues/{issue}/")
    assert (reply.status, list(reply.data)) == (410, ["message"])
    assert "x-sentry-deprecation-date" in reply.headers
    assert (await local.http.get(f"{ORG}/issues/{issue}/")).status == 200


async def test_a_scheduled_brownout_comes_and_goes(local: Box, clock: Clock) -> None:
    """It is over before anyone looks, which is why it must not be cached or believed."""
    issue = await an_issue(local)
    await stand_for(local, "saas", brownout="scheduled")
    noon = (clock.now // 86400 + 1) * 86400 + 43200
    seen = []
    for at in (noon - 1, noon, noon + 59, noon + 60):
        clock.now = at
        seen.append((await local.http.get(f"/api/0/issues/{issue}/")).status)
    assert seen == [200, 410, 410, 200]


@pytest.mark.parametrize(
    ("schedule", "off"),
    [(Schedule(7200, 120), {0, 119, 7200}), (Schedule(86400, 60, 43200), {43200, 43259, 129600})],
)
def test_schedules_are_windows_of_the_epoch(schedule: Schedule, off: set[int]) -> None:
    """Two observers must agree on when it is."""
    moments = {0, 119, 120, 7199, 7200, 43199, 43200, 43259, 43260, 129600}
    assert {at for at in moments if schedule.is_off(at)} >= off
    assert not schedule.is_off(7199)


@pytest.mark.parametrize(
    ("body", "word"),
    [({"profile": "sentry-8"}, "sentry-9.1"), ({"brownout": "sometimes"}, "permanent"), ({"colour": 1}, "profile")],
)
async def test_an_unknown_word_is_refused_with_the_permitted_ones(local: Box, body: Any, word: str) -> None:
    """A misspelt profile would make a test that cannot fail."""
    reply = await local.http.put(SETTINGS, body)
    assert (reply.status, word in reply.data["detail"]) == (400, True)
    assert (await local.http.get(SETTINGS)).data["profile"] == "default"


@pytest.mark.parametrize("name", [name for name in profiles() if name != "default"])
def test_every_pattern_of_a_profile_names_something(name: str) -> None:
    """A pattern that matches nothing is a misspelling, or an operation that the catalog lost."""
    known = [(method, template) for method, template, _ in targets(operations())]
    found = profile(name)
    patterns = [*(found.only or ()), *found.lacks, *(each for row in found.retiring for each in row.operations)]
    idle = [pattern for pattern in patterns if not any(pattern.has(*each) for each in known)]
    assert idle == []
