"""Replies about issues and events validate against Sentry's schemas, over a whole believable organization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.sandbox.conftest import START, Box, Clock, Http
from tests.sandbox.json_schema import faults_in

from dexter.catalog.table import operation
from dexter.sandbox.app import build_app
from dexter.sandbox.options import SandboxOptions
from dexter.sandbox.search.short_id import format_short_id

if TYPE_CHECKING:
    from collections.abc import Iterator

ORG = "/api/0/organizations/{organization_id_or_slug}"
PROJECT = "/api/0/projects/{organization_id_or_slug}/{project_id_or_slug}"
EXPANDED = "?" + "&".join(
    f"expand={name}"
    for name in ("inbox", "integrationIssues", "latestEventHasAttachments", "owners", "sentryAppIssues", "sessions")
)
NULL_IN_TRUTH = ("/sessionCount: None", "/inbox: None")
"""What Sentry's document calls an object or a number although it is null where there is nothing to say."""
LIST_IN_TRUTH = "/owners: "
"""Sentry's document shows one owner where there is a list of them, or null."""
COMMIT_IN_TRUTH = "/statusDetails/inCommit:"

CASES = [
    (f"GET {ORG}/issues/", "/api/0/organizations/acme/issues/" + EXPANDED + "&query="),
    (f"GET {ORG}/issues/{{issue_id}}/", "/api/0/organizations/acme/issues/{issue}/"),
    (f"GET {ORG}/issues/{{issue_id}}/events/", "/api/0/organizations/acme/issues/{issue}/events/"),
    (f"GET {ORG}/issues/{{issue_id}}/events/{{event_id}}/", "/api/0/organizations/acme/issues/{issue}/events/latest/"),
    (f"GET {ORG}/issues/{{issue_id}}/hashes/", "/api/0/organizations/acme/issues/{issue}/hashes/"),
    (f"GET {ORG}/issues/{{issue_id}}/tags/{{key}}/", "/api/0/organizations/acme/issues/{issue}/tags/level/"),
    (
        f"GET {ORG}/issues/{{issue_id}}/tags/{{key}}/values/",
        "/api/0/organizations/acme/issues/{issue}/tags/level/values/?sort=count",
    ),
    (f"GET {ORG}/tags/", "/api/0/organizations/acme/tags/"),
    (f"GET {ORG}/eventids/{{event_id}}/", "/api/0/organizations/acme/eventids/{event}/"),
    (f"GET {ORG}/shortids/{{issue_id}}/", "/api/0/organizations/acme/shortids/{short}/"),
    (f"GET {ORG}/events/", "/api/0/organizations/acme/events/?field=title&field=count()&dataset=errors"),
    (f"GET {ORG}/events-timeseries/", "/api/0/organizations/acme/events-timeseries/?statsPeriod=24h&yAxis=count()"),
    (f"GET {PROJECT}/events/", "/api/0/projects/acme/{project}/events/"),
    (f"GET {PROJECT}/events/{{event_id}}/", "/api/0/projects/acme/{project}/events/{event}/"),
    (f"GET {PROJECT}/tags/{{key}}/values/", "/api/0/projects/acme/{project}/tags/environment/values/"),
]  # fmt: skip


@pytest.fixture(scope="module")
def grown() -> Iterator[Box]:
    app = build_app(SandboxOptions(owner_token="sntryu_owner", issues=60), clock=(clock := Clock(START)))
    yield Box(app.state.sandbox, Http(app, {"authorization": "Bearer sntryu_owner"}), clock)
    app.state.sandbox.db.close()


@pytest.mark.parametrize(("key", "url"), CASES, ids=[key for key, _ in CASES])
async def test_reply_validates_for_many_issues(grown: Box, key: str, url: str) -> None:
    """Typed clients are generated from these schemas: one null too many and they fail on somebody's real data."""
    promised = operation(key).responses[200]
    assert promised
    assert promised.schema
    chosen = grown.db.all(
        "SELECT i.id, i.short_number, p.slug, (SELECT event_id FROM events e WHERE e.issue_id = i.id LIMIT 1) AS event"
        " FROM issues i JOIN projects p ON p.id = i.project_id ORDER BY i.id"
    )
    for row in chosen[::4] if "{" in url else chosen[:1]:
        short = format_short_id(row["slug"], row["short_number"])
        reply = await grown.http.get(url.format(issue=row["id"], event=row["event"], short=short, project=row["slug"]))
        assert reply.status == 200, reply.body
        faults = [
            fault
            for fault in faults_in(reply.data, promised.schema)
            if not any(known in f"/{fault}" for known in (*NULL_IN_TRUTH, LIST_IN_TRUTH, COMMIT_IN_TRUTH))
        ]
        assert faults == []
