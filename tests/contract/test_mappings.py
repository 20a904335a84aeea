"""Every address of /api/v1 that stands in api-mappings.yaml: what Sentry is asked, and what the caller gets.

Each mapping has a case that says in full which request it becomes, and a twin in which Sentry's reply is corrupted.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
from tests.contract.cases import OWN_HOST
from tests.contract.gateway_under_test import ACCESS_TOKEN, SERVICE_TOKEN, GatewayUnderTest, started, stopped
from tests.contract.recording_sentry import Headers, Reply, Request

from dexter.catalog.mappings import mappings
from dexter.catalog.table import operation

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

Pairs = list[tuple[str, str]]

ORG = "/api/0/organizations/acme/"
ISSUE = f"{ORG}issues/1042/"
LINK = (
    '<{base}{path}?&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", '
    '<{base}{path}?&cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"'
)
DATA = [{"id": "1042", "title": "Ü / é", "count": "7"}]


@dataclass(frozen=True)
class Case:
    """A request to an address of Dexter's, and the one it becomes."""

    name: str
    target: str
    path: str
    query: Pairs
    older: bool = False
    body: Any = None
    asked_body: Any = None


CASES = [
    Case(
        "issues.list",
        "/api/v1/issues?query=timeout&status=resolved&sort=freq&period=24h&environment=prod&environment=dev"
        "&project=2&project=3&level=error&limit=50&cursor=0:100:0",
        f"{ORG}issues/",
        [
            ("query", "is:resolved timeout level:error"),
            ("sort", "freq"),
            ("statsPeriod", "24h"),
            ("groupStatsPeriod", "24h"),
            ("environment", "prod"),
            ("environment", "dev"),
            ("project", "2"),
            ("project", "3"),
            ("limit", "50"),
            ("cursor", "0:100:0"),
        ],
    ),
    Case(
        "issues.list",
        "/api/v1/organizations/acme/projects/shop/issues",
        f"{ORG}issues/",
        [
            ("query", "is:unresolved"),
            ("sort", "date"),
            ("groupStatsPeriod", "14d"),
            ("project", "shop"),
            ("limit", "25"),
        ],
        older=True,
    ),
    Case("issues.detail", "/api/v1/issues/1042?environment=prod", ISSUE, [("environment", "prod")]),
    Case("issues.detail", "/api/v1/organizations/acme/issues/1042", ISSUE, [], older=True),
    Case(
        "issues.update",
        "/api/v1/issues/1042",
        ISSUE,
        [],
        body={"status": "archived", "archive": {"mode": "forever"}, "assignee": "team:2", "seen": True},
        asked_body={
            "status": "ignored",
            "statusDetails": {},
            "substatus": "archived_forever",
            "assignedTo": "team:2",
            "hasSeen": True,
        },
    ),
    Case(
        "issues.patch",
        "/api/v1/issues/1042",
        ISSUE,
        [],
        body={"status": "resolved"},
        asked_body={"status": "resolved"},
    ),
    Case(
        "issues.events",
        "/api/v1/issues/1042/events?environment=prod&full=1&limit=10&cursor=0:10:0",
        f"{ISSUE}events/",
        [("environment", "prod"), ("full", "true"), ("per_page", "10"), ("cursor", "0:10:0")],
    ),
    Case(
        "issues.events",
        "/api/v1/organizations/acme/issues/1042/events",
        f"{ISSUE}events/",
        [("per_page", "25")],
        older=True,
    ),
    Case("issues.event", "/api/v1/issues/1042/events/oldest", f"{ISSUE}events/oldest/", []),
    Case(
        "issues.event",
        "/api/v1/organizations/acme/issues/1042/events/recommended",
        f"{ISSUE}events/recommended/",
        [],
        older=True,
    ),
    Case("issues.latest_event", "/api/v1/issues/1042/latest-event", f"{ISSUE}events/latest/", []),
    Case(
        "issues.latest_event",
        "/api/v1/organizations/acme/issues/1042/latest-event?environment=prod",
        f"{ISSUE}events/latest/",
        [("environment", "prod")],
        older=True,
    ),
    Case("issues.tags", "/api/v1/issues/1042/tags?environment=prod", f"{ISSUE}tags/", [("environment", "prod")]),
    Case(
        "issues.tag_values",
        "/api/v1/issues/1042/tags/browser.name/values?sort=count&cursor=0:10:0",
        f"{ISSUE}tags/browser.name/values/",
        [("sort", "count"), ("cursor", "0:10:0")],
    ),
    Case("issues.activity", "/api/v1/issues/1042/activity", f"{ISSUE}activities/", []),
    Case(
        "issues.merged",
        "/api/v1/issues/1042/merged?cursor=0:10:0",
        f"{ISSUE}hashes/",
        [("full", "false"), ("cursor", "0:10:0")],
    ),
    Case(
        "issues.user_reports",
        "/api/v1/issues/1042/user-reports?environment=prod",
        f"{ISSUE}user-reports/",
        [("environment", "prod")],
    ),
    Case(
        "issues.attachments",
        "/api/v1/issues/1042/attachments?screenshot=1",
        f"{ISSUE}attachments/",
        [("screenshot", "true")],
    ),
    Case("issues.external_issues", "/api/v1/issues/1042/external-issues", f"{ISSUE}external-issues/", []),
    Case(
        "projects.tombstones",
        "/api/v1/projects/shop/tombstones?limit=5",
        "/api/0/projects/acme/shop/tombstones/",
        [("per_page", "5")],
    ),
    Case(
        "organizations.list",
        "/api/v1/organizations?query=ac&limit=5",
        "/api/0/organizations/",
        [("query", "ac"), ("per_page", "5")],
    ),
    *(
        Case(
            f"{kind}.list",
            f"/api/v1/{kind}?query=a&limit=100&cursor=0:100:0",
            f"{ORG}{kind}/",
            [("query", "a"), ("per_page", "100"), ("cursor", "0:100:0")],
        )
        for kind in ("projects", "members", "teams", "releases")
    ),
    Case("environments.list", "/api/v1/environments?visibility=all", f"{ORG}environments/", [("visibility", "all")]),
    Case(
        "projects.list",
        "/api/v1/projects?organization=other",
        "/api/0/organizations/other/projects/",
        [("per_page", "25")],
    ),
]

STATS = "/api/v1/issues/1042/stats?period=24h"
"""Not among the cases: what it asks depends on the clock."""

SHAPES = {entry.name: entry.shape for entry in mappings()}
METHODS = {entry.name: entry.method for entry in mappings()}

pytestmark = [pytest.mark.breadth, pytest.mark.asyncio(loop_scope="session")]
each = pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name} {case.target.partition('?')[0]}")


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(tmp_path: Path) -> AsyncIterator[GatewayUnderTest]:
    """A gateway of its own for each case: all of them share the service's credential, and so its stored answers."""
    running = await started(tmp_path)
    yield running
    await stopped(running)


@each
async def test_an_address_becomes_sentrys(gateway: GatewayUnderTest, case: Case) -> None:
    """Callers of Dexter know its names only; the catalog knows Sentry's."""
    said = reply(case, gateway.sentry.base_url)
    gateway.sentry.will_answer(said)
    got = await gateway.ask(request(case))
    check(case, asked(gateway), said, got)


@each
async def test_a_corrupted_reply_is_noticed(gateway: GatewayUnderTest, case: Case) -> None:
    """A check that another body or an error of Sentry's passes would prove nothing about this address."""
    said = reply(case, gateway.sentry.base_url)
    other = with_body(said, b'{"other": 1}' if said.body[:1] == b"{" else b"[]")
    # The refusal comes first, since it is not stored.
    for wrong in (replace(said, status=403), other):
        gateway.sentry.will_answer(wrong)
        got = await gateway.ask(request(case))
        assert asked(gateway)
        with pytest.raises(AssertionError):
            check(case, asked(gateway), said, got)


@each
async def test_a_corrupted_request_is_noticed(gateway: GatewayUnderTest, case: Case) -> None:
    """A check that Sentry may have been asked something else would prove nothing either."""
    said = reply(case, gateway.sentry.base_url)
    gateway.sentry.will_answer(said)
    got = await gateway.ask(request(case))
    (seen,) = asked(gateway)
    separator = "&" if "?" in seen.target else "?"
    for changed in (
        replace(seen, method="POST"),
        replace(seen, target=seen.target.replace("/?", "?") if "?" in seen.target else seen.target.rstrip("/")),
        replace(seen, target=f"{seen.target}{separator}more=1"),
        replace(seen, body=b"{}" if seen.body else b"[]"),
        replace(seen, headers=tuple(pair for pair in seen.headers if pair[0].lower() != "authorization")),
        replace(seen, headers=(*seen.headers, ("X-Dexter-Token", ACCESS_TOKEN))),
    ):
        with pytest.raises(AssertionError):
            check(case, (changed,), said, got)


async def test_every_mapping_has_a_case() -> None:
    """An address that is added to the file must be proven before it is trusted."""
    names = {case.name for case in CASES} | {"issues.stats"}
    assert names == {entry.name for entry in mappings()}
    older = {case.name for case in CASES if case.older}
    assert older == {entry.name for entry in mappings() if entry.backend_path is not None}


async def test_stats_become_a_span_of_time(gateway: GatewayUnderTest) -> None:
    """Sentry takes moments and a resolution where Dexter takes a period."""
    series = [[1787000000, 3], [1787003600, 5]]
    gateway.sentry.will_answer(as_json(series))
    got = await gateway.ask(Request("GET", STATS, HEADERS))
    (seen,) = gateway.sentry.seen
    path, _, query = seen.target.partition("?")
    asked = dict(parse_qsl(query))
    assert (seen.method, path) == ("GET", f"{ISSUE}stats/")
    assert asked.keys() == {"since", "until", "resolution"}
    assert 23 * 3600 <= float(asked["until"]) - float(asked["since"]) <= 25 * 3600
    answer = json.loads(got.body)
    assert (got.status, answer["data"]) == (200, series)
    assert answer["meta"]["source"] == "miss"


HEADERS: Headers = (("Host", OWN_HOST), ("X-Dexter-Token", ACCESS_TOKEN), ("Accept", "application/json"))


def request(case: Case) -> Request:
    """Give the case's request."""
    if case.body is None:
        return Request(METHODS[case.name], case.target, HEADERS)
    body = json.dumps(case.body).encode()
    headers = (*HEADERS, ("Content-Type", "application/json"), ("Content-Length", str(len(body))))
    return Request(METHODS[case.name], case.target, headers, body)


def reply(case: Case, base: str) -> Reply:
    """Give what Sentry says to it: a page where the address is a list."""
    if SHAPES[case.name] == "object":
        return as_json(DATA[0])
    link = LINK.format(base=base, path=case.path)
    return as_json(DATA, ("Link", link), ("X-Hits", "7"))


def as_json(value: Any, *headers: tuple[str, str]) -> Reply:
    """Give a reply of 200 with a JSON body."""
    body = json.dumps(value, ensure_ascii=False).encode()
    return Reply(200, (("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers), body)


def with_body(said: Reply, body: bytes) -> Reply:
    """Give the reply with another body, and its length."""
    headers = tuple((n, str(len(body)) if n == "Content-Length" else v) for n, v in said.headers)
    return replace(said, headers=headers, body=body)


def asked(gateway: GatewayUnderTest) -> tuple[Request, ...]:
    """Give what Sentry was asked for the caller; before a change the gateway looks at what is there, for its audit."""
    seen = tuple(gateway.sentry.seen)
    return tuple(each for each in seen if each.method != "GET") or seen


def check(case: Case, seen: tuple[Request, ...], said: Reply, got: Reply) -> None:
    """Fail unless Sentry was asked what the case says, once, and the caller got its answer in the mapping's shape."""
    assert len(seen) == 1
    check_asked(case, seen[0])
    assert got.status == 200
    assert dict(got.headers)["content-type"].startswith("application/json")
    if SHAPES[case.name] == "object":
        assert got.body == said.body
        return
    answer = json.loads(got.body)
    assert answer["data"] == json.loads(said.body)
    assert answer["pagination"] == {"next": {"cursor": "0:100:0"}, "prev": None}
    assert (answer["meta"]["source"], answer["meta"]["stale"], answer["meta"]["hits"]) == ("miss", False, 7)
    if SHAPES[case.name] == "issue_page":
        assert answer["meta"]["query"] == dict(case.query)["query"]


def check_asked(case: Case, seen: Request) -> None:
    """Fail unless Sentry was asked what the case says, with Dexter's own credential and nothing of the caller's."""
    entry = next(entry for entry in mappings() if entry.name == case.name)
    assert seen.method == operation(entry.endpoint.name).method
    path, _, query = seen.target.partition("?")
    assert path == case.path
    assert sorted(parse_qsl(query, keep_blank_values=True)) == sorted(case.query)
    assert (json.loads(seen.body) if seen.body else None) == case.asked_body
    headers = {name.lower(): value for name, value in seen.headers}
    assert headers.get("authorization") == f"Bearer {SERVICE_TOKEN}"
    assert not any(name.startswith("x-dexter") for name in headers)
