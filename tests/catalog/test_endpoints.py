from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dexter.catalog.endpoints import SAFE_METHODS, UNKNOWN, endpoint_for, sentry_router
from dexter.catalog.policies import policies
from dexter.catalog.table import components, operation, operations
from dexter.catalog.template import placeholders

if TYPE_CHECKING:
    from dexter.catalog.operation import Operation
    from dexter.wire import Endpoint

ORG = "/api/0/organizations/{organization_id_or_slug}/"
ISSUE = ORG + "issues/{issue_id}/"
PROJECT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}/"

READS = [known for known in operations() if known.method in SAFE_METHODS]
WRITES = [known for known in operations() if known.method not in SAFE_METHODS]

REVEALING = frozenset(
    [
        "secret",
        "clientSecret",
        "dsn",
        "securityToken",
        "invite_link",
        "private_key",
        "secret_key",
        "password",
        "apiKey",
        "token",
        "code",
    ]
)


def endpoint(key: str) -> Endpoint:
    return endpoint_for(operation(key))


@pytest.mark.parametrize(
    ("path", "seconds"),
    [
        (ORG + "issues/", (300, 600, 86400)),
        (ISSUE, (300, 600, 86400)),
        (PROJECT + "issues/", (300, 600, 86400)),
        (ISSUE + "events/", (60, 300, 86400)),
        (ISSUE + "events/{event_id}/", (60, 300, 86400)),
        (ISSUE + "tags/{key}/values/", (60, 300, 86400)),
        (ISSUE + "stats/", (600, 600, 86400)),
        (ORG + "stats_v2/", (600, 600, 86400)),
        (ORG + "projects/", (60, 120, 86400)),
        (ORG + "workflows/", (60, 120, 86400)),
        (PROJECT + "keys/", (0, 0, 0)),
        ("/api/0/", (0, 0, 0)),
        (PROJECT + "events/{event_id}/attachments/{attachment_id}/", (0, 0, 0)),
    ],
)
def test_times_by_subject(path: str, seconds: tuple[float, float, float]) -> None:
    """Issues move in minutes, events in seconds, counts are sums; secrets and probes are asked for every time."""
    rule = endpoint(f"GET {path}").cache
    assert (rule.fresh_s, rule.stale_s, rule.if_error_s) == seconds


@pytest.mark.parametrize("known", READS, ids=lambda known: known.key)
def test_a_stored_answer_is_filed_under_all_it_is_about(known: Operation) -> None:
    """A write that purges an organization, an issue or everything must find every answer about it."""
    found = endpoint_for(known)
    assert found.name == known.key
    assert (found.purges, found.lists) == ((), ())
    if not found.cache.fresh_s:
        assert found.cache.tags == ()
        return
    tags, names = set(found.cache.tags), placeholders(known.path)
    assert "all" in tags
    assert ("org:{org}" in tags) == ("organization_id_or_slug" in names)
    assert ("orgless" in tags) == ("organization_id_or_slug" not in names)
    if known.path.startswith(ISSUE):
        assert {"issue:{id}", "issues:{org}"} <= tags


@pytest.mark.parametrize("known", WRITES, ids=lambda known: known.key)
def test_a_write_purges_what_it_may_have_changed(known: Operation) -> None:
    """A write without a rule of its own takes the whole organization, and one without an organization everything."""
    found = endpoint_for(known)
    assert found.cache.fresh_s == 0
    if "organization_id_or_slug" not in placeholders(known.path):
        assert found.purges == ("all",)
        return
    topic = policies().topic(known.method, known.path)
    assert "orgless" in found.purges or found.purges == ("all", "orgless")
    if topic is None or topic.purges is None:
        assert "org:{org}" in found.purges
    if "issue_id" in placeholders(known.path) and known.path.startswith(ISSUE):
        assert "issue:{id}" in found.purges or "issues:{org}" in found.unless_shown


ISSUE_READS = [
    ORG + "issues/",
    PROJECT + "issues/",
    ORG + "issues-count/",
    ORG + "issues-stats/",
    ISSUE,
    ISSUE + "activities/",
    ISSUE + "comments/",
    ORG + "shortids/{issue_id}/",
    ORG + "events/",
]
ISSUE_EVENTS = [ISSUE + "events/", ISSUE + "tags/", ISSUE + "hashes/", ISSUE + "stats/", PROJECT + "events/{event_id}/"]
EVERYTHING_OF_ISSUES = [*ISSUE_READS, *ISSUE_EVENTS]


@pytest.mark.parametrize(
    ("write", "reads"),
    [
        (f"PUT {ISSUE}", ISSUE_READS),
        (f"DELETE {ISSUE}", EVERYTHING_OF_ISSUES),
        (f"PUT {ORG}issues/", EVERYTHING_OF_ISSUES),
        (f"DELETE {ORG}issues/", EVERYTHING_OF_ISSUES),
        (f"PUT {PROJECT}issues/", EVERYTHING_OF_ISSUES),
        (f"DELETE {PROJECT}issues/", EVERYTHING_OF_ISSUES),
        (f"PUT {ISSUE}hashes/", EVERYTHING_OF_ISSUES),
        (f"POST {ISSUE}comments/", [ISSUE, ISSUE + "activities/", ISSUE + "comments/", ORG + "issues/"]),
        (f"PUT {ISSUE}notes/{{note_id}}/", [ISSUE, ISSUE + "activities/", ISSUE + "comments/"]),
        (f"POST {ISSUE}integrations/{{integration_id}}/", [ISSUE, ORG + "issues/", ISSUE + "external-issues/"]),
        (f"PUT {ORG}releases/{{version}}/", [ORG + "releases/", PROJECT + "releases/", *ISSUE_READS]),
        (f"POST {PROJECT}releases/", [ORG + "releases/", ORG + "projects/", ORG + "environments/"]),
        (f"POST {ORG}teams/", [ORG + "teams/", ORG + "projects/", ORG + "members/", "/api/0/organizations/"]),
        (f"DELETE {PROJECT}", [*EVERYTHING_OF_ISSUES, ORG + "projects/", ORG + "releases/", ORG]),
        (f"PUT {ORG}", [*EVERYTHING_OF_ISSUES, ORG, "/api/0/organizations/"]),
        (f"POST {ORG}artifactbundle/assemble/", [PROJECT + "files/dsyms/", ORG + "releases/{version}/files/"]),
        (f"PUT {ORG}dashboards/{{dashboard_id}}/", [ORG + "dashboards/", ORG + "dashboards/{dashboard_id}/"]),
        ("POST /api/0/sentry-app-installations/{uuid}/external-issues/", EVERYTHING_OF_ISSUES),
    ],
)
def test_a_write_reaches_every_answer_it_changes(write: str, reads: list[str]) -> None:
    """After a write has returned, nobody may get the value from before it as fresh."""
    purges = set(endpoint(write).purges)
    for path in reads:
        assert purges & set(endpoint(f"GET {path}").cache.tags), path


@pytest.mark.parametrize("key", [f"PUT {ISSUE}", f"PUT {ORG}issues/", f"DELETE {PROJECT}issues/"])
def test_search_results_lag_behind_an_issues_write(key: str) -> None:
    """Sentry's search learns of a write seconds later; issue details come from the database and do not lag."""
    lists = set(endpoint(key).lists)
    assert lists & set(endpoint(f"GET {ORG}issues/").cache.tags)
    assert lists & set(endpoint(f"GET {PROJECT}issues/").cache.tags)
    assert not lists & set(endpoint(f"GET {ISSUE}").cache.tags)


def test_one_issue_changed_leaves_the_others_events() -> None:
    """Triage goes from issue to issue: resolving one must not throw away what was read of the next."""
    purges = set(endpoint(f"PUT {ISSUE}").purges) - {"issue:{id}"}
    assert not purges & set(endpoint(f"GET {ISSUE}events/").cache.tags)
    assert not purges & set(endpoint(f"GET {ISSUE}stats/").cache.tags)


def revealed(schema: object, seen: frozenset[str] = frozenset()) -> set[str]:
    """Names of properties in a schema, references followed."""
    if not isinstance(schema, dict):
        return set()
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return set() if name in seen else revealed(components()[name], seen | {name})
    names = set(schema.get("properties", {}))
    for inner in (*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")):
        names |= revealed(inner, seen)
    for key in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(key, ()):
            names |= revealed(inner, seen)
    return names


@pytest.mark.parametrize("known", operations(), ids=lambda known: known.key)
def test_what_reveals_a_secret_is_never_stored(known: Operation) -> None:
    """A property called `secret` in an answer is enough to keep it out of every shared place."""
    names = set[str]()
    for status, body in known.responses.items():
        if status < 300 and body is not None:
            names |= revealed(body.schema)
    found = endpoint_for(known)
    assert found.secret == known.secret
    if names & REVEALING:
        assert found.secret, names & REVEALING
    if found.secret:
        assert found.cache.fresh_s == found.cache.stale_s == found.cache.if_error_s == 0


def test_a_write_that_answers_nothing_reveals_nothing() -> None:
    """Deleting a key shows none: Dexter's own credential may be lent for it."""
    assert endpoint(f"GET {PROJECT}keys/{{key_id}}/").secret
    assert endpoint(f"PUT {PROJECT}keys/{{key_id}}/").secret
    assert not endpoint(f"DELETE {PROJECT}keys/{{key_id}}/").secret


def test_every_secret_address_exists() -> None:
    """A line with a typing error would protect nothing."""
    assert policies().secrets.keys() <= {known.path for known in operations()}


def test_every_topic_speaks_for_something() -> None:
    """A topic without an operation is a rule that somebody believes in and that never applies."""
    for topic in policies().topics:
        assert any(policies().topic(known.method, known.path) is topic for known in operations()), topic.about


@pytest.mark.parametrize(
    ("method", "path", "key"),
    [
        ("GET", "/api/0/organizations/acme/issues/", f"GET {ORG}issues/"),
        ("PUT", "/api/0/organizations/acme/groups/42/", f"PUT {ISSUE}"),
        ("GET", "/api/0/organizations/acme/groups/", f"GET {ORG}issues/"),
        ("GET", "/api/0/organizations/acme/events/shop:a1/", f"GET {ORG}events/{{project_id_or_slug}}:{{event_id}}/"),
        ("GET", "/api/0/organizations/acme/scim/v2/Users", f"GET {ORG}scim/v2/Users"),
    ],
)
def test_addresses_lead_to_endpoints(method: str, path: str, key: str) -> None:
    """`/api/0` routing rests on this table alone."""
    found = sentry_router().match(method, path)
    assert found is not None
    assert found[0].name == key


def test_an_unknown_address_is_never_stored_and_may_change_anything() -> None:
    """A private write that the catalog does not know must not leave stale answers behind."""
    assert sentry_router().match("POST", "/api/0/organizations/acme/brand-new/") is None
    assert UNKNOWN.cache.fresh_s == 0
    assert UNKNOWN.purges == ("all",)
    assert UNKNOWN.name == "*"
