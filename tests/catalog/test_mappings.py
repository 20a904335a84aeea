from __future__ import annotations

import copy
from typing import Any

import pytest

from dexter.catalog.datafile import read_yaml
from dexter.catalog.mappings import (
    facades,
    frontend_router,
    mapping,
    mappings,
    read_facades,
    read_mappings,
    router_over,
)
from dexter.errors import DexterFault

LIST: dict[str, Any] = {
    "method": "GET",
    "frontend_path": "/api/v1/things/{id}",
    "sentry_path": "/api/0/organizations/{org}/issues/{id}/",
    "shape": "object",
}


def one(**changes: Any) -> dict[str, Any]:
    entry = {**LIST, **changes}
    return {"api_mappings": {"things": {"get": {name: value for name, value in entry.items() if value is not None}}}}


def test_the_brief_and_the_design_keep_their_names() -> None:
    """Scripts and documents name these entries; the design prints the first one in full."""
    row = read_yaml("api-mappings.yaml")["api_mappings"]["issues"]["list"]
    assert {
        name: row[name] for name in ("method", "frontend_path", "backend_path", "sentry_path", "cache", "shape")
    } == {
        "method": "GET",
        "frontend_path": "/api/v1/issues",
        "backend_path": "/organizations/{org}/projects/{project}/issues",
        "sentry_path": "/api/0/organizations/{org}/issues/",
        "cache": {"fresh": "5m", "stale": "10m", "if_error": "1d", "tags": ["issues:{org}"]},
        "shape": "issue_page",
    }
    assert mapping("issues.detail").frontend_path == "/api/v1/issues/{id}"


@pytest.mark.parametrize(
    ("method", "path", "name"),
    [
        ("GET", "/api/v1/issues", "issues.list"),
        ("GET", "/api/v1/organizations/acme/projects/shop/issues", "issues.list"),
        ("GET", "/api/v1/issues/42", "issues.detail"),
        ("GET", "/api/v1/organizations/acme/issues/42", "issues.detail"),
        ("PUT", "/api/v1/issues/42", "issues.update"),
        ("PATCH", "/api/v1/issues/42", "issues.patch"),
        ("GET", "/api/v1/issues/42/events", "issues.events"),
        ("GET", "/api/v1/issues/42/events/oldest", "issues.event"),
        ("GET", "/api/v1/issues/42/latest-event", "issues.latest_event"),
        ("GET", "/api/v1/issues/42/tags", "issues.tags"),
        ("GET", "/api/v1/issues/42/tags/browser/values", "issues.tag_values"),
        ("GET", "/api/v1/issues/42/stats", "issues.stats"),
        ("GET", "/api/v1/issues/42/activity", "issues.activity"),
        ("GET", "/api/v1/organizations", "organizations.list"),
        ("GET", "/api/v1/projects", "projects.list"),
        ("GET", "/api/v1/members", "members.list"),
        ("GET", "/api/v1/teams", "teams.list"),
        ("GET", "/api/v1/releases", "releases.list"),
        ("GET", "/api/v1/environments", "environments.list"),
    ],
)
def test_addresses_lead_to_mappings(method: str, path: str, name: str) -> None:
    """The contract's addresses, the older ones too."""
    found = frontend_router().match(method, path)
    assert found is not None
    assert found[0].name == name


def test_binding_gives_sentrys_path_and_its_parameters() -> None:
    """The parameters carry the operation's names, which tags and cache keys are made of."""
    assert mapping("issues.latest_event").bind({"org": "acme", "id": "42"}) == (
        "/api/0/organizations/acme/issues/42/events/latest/",
        {"organization_id_or_slug": "acme", "issue_id": "42", "event_id": "latest"},
    )


@pytest.mark.parametrize("entry", mappings(), ids=lambda entry: entry.name)
def test_a_mapping_and_its_operation_agree(entry: Any) -> None:
    """The endpoint is the operation's, with what the mapping adds; nothing of the operation's tags is lost."""
    assert entry.endpoint.name == entry.operation.key
    if entry.method == "GET":
        assert entry.endpoint.cache.fresh_s > 0
        assert "all" in entry.endpoint.cache.tags
    else:
        assert entry.endpoint.purges


def test_the_facade_joins_mappings() -> None:
    """`issues.context` is several addresses at once, each of them in this file."""
    assert [facade.name for facade in facades()] == ["issues.context"]
    with pytest.raises(DexterFault, match=r"issues\.nothing"):
        read_facades(
            {"facades": {"x": {"method": "GET", "frontend_path": "/x", "joins": ["issues.nothing"]}}}, mappings()
        )


def test_a_literal_segment_wins_over_a_placeholder() -> None:
    """`/things/latest` is an address of its own although `/things/{id}` would take it."""
    document = one()
    document["api_mappings"]["things"]["latest"] = {
        **LIST,
        "frontend_path": "/api/v1/things/latest",
        "sentry_path": "/api/0/organizations/{org}/issues/1/",
    }
    router = router_over(read_mappings(document))
    found = router.match("GET", "/api/v1/things/latest")
    assert found is not None
    assert found[0].name == "things.latest"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"sentry_path": "/api/0/organizations/{org}/nothing/{id}/"}, "no operation GET"),
        ({"sentry_path": "/api/0/organizations/{org}/issues/{id}"}, "no operation GET"),
        ({"method": "POST"}, "no operation POST"),
        ({"private": True}, "public"),
        ({"sentry_path": "/api/0/organizations/{org}/issues/{id}/stats/"}, "private: true"),
        ({"frontend_path": "/api/v1/things/{other}"}, "placeholders"),
        ({"frontend_path": "/api/v1/things"}, "placeholders"),
        ({"backend_path": "/things/{other}"}, "placeholders"),
        ({"sentry_path": "/api/0/organizations/{id}/issues/{org}/", "frontend_path": "/api/v1/{id}/{org}"}, r"\{org\}"),
        ({"method": "PUT"}, "name what it purges"),
        ({"shape": "table"}, "no shape"),
        ({"query": {"sort": "sorting"}}, "takes no sorting"),
        ({"query": {"limit": {"to": "per_page", "type": "number"}}}, "unknown type"),
        ({"cache": {"fresh": "5 minutes", "stale": "1m", "if_error": "1d"}}, "no duration"),
        (
            {
                "sentry_path": "/api/0/organizations/{org}/members/{id}/",
                "cache": {"fresh": "5m", "stale": "1m", "if_error": "1d"},
            },
            "does not stand|secret",
        ),
    ],
)
def test_a_wrong_entry_ends_the_start(changes: dict[str, Any], words: str) -> None:
    """An entry is data that people edit: a mistake in it is found when it is loaded, and says which entry."""
    with pytest.raises(DexterFault, match=words):
        read_mappings(one(**changes))


def test_two_entries_at_one_address_are_refused() -> None:
    """The names of placeholders do not tell addresses apart."""
    document = one()
    document["api_mappings"]["things"]["again"] = copy.deepcopy(LIST)
    with pytest.raises(DexterFault, match="both stand at"):
        read_mappings(document)


def test_a_mapping_adds_tags_to_its_operations() -> None:
    """A shorter list in the file must not take an answer out of the reach of purges."""
    (entry,) = read_mappings(one(cache={"fresh": "30s", "stale": "1m", "if_error": "1h", "tags": ["mine:{id}"]}))
    assert (entry.endpoint.cache.fresh_s, entry.endpoint.cache.if_error_s) == (30, 3600)
    assert {"all", "issue:{id}", "issues:{org}", "mine:{id}"} <= set(entry.endpoint.cache.tags)
