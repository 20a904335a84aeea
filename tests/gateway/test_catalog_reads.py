"""Plain reads of /api/v1: what Sentry is asked, what the caller gets, and what becomes of what goes wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest
from tests.doubles.sentry_double import JSON, FakeClock, SentryDouble, ok

from dexter.catalog.mappings import mappings
from dexter.errors import TimedOut, Unreachable
from dexter.gateway.openapi import document
from dexter.policy.freshness import ABSENT_FRESH_S

from .conftest import SERVICE_TOKEN, Visitor

if TYPE_CHECKING:
    from tests.doubles.asgi_client import Response

    from dexter.wire import Answer

HTML = (("Content-Type", "text/html; charset=utf-8"),)
ISSUES = "/api/v1/issues"


def asked(sentry: SentryDouble, index: int = -1) -> dict[str, list[str]]:
    """Give the query of a call to Sentry."""
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(sentry.calls[index].query, keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return query


def page_of(results: str, cursor: str = "0:25:0") -> Answer:
    """A page whose Link header says whether there is another."""
    url = "https://sentry.example/api/0/organizations/acme/issues/"
    link = (
        f'<{url}?&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", '
        f'<{url}?&cursor={cursor}>; rel="next"; results="{results}"; cursor="{cursor}"'
    )
    return ok(b'[{"id":"1"}]', headers=(*JSON, ("Link", link), ("X-Hits", "312")))


async def test_a_page_has_data_pagination_and_meta(operator: Visitor, sentry: SentryDouble, clock: FakeClock) -> None:
    """The workbench reads all three; the age is what it shows while Sentry is away."""
    sentry.will(page_of("true"))
    response = await operator.get(f"{ISSUES}?limit=25")
    assert response.status == 200
    assert response.json() == {
        "data": [{"id": "1"}],
        "pagination": {"next": {"cursor": "0:25:0"}, "prev": None},
        "meta": {
            "cached_at": "2023-11-14T22:13:20.000Z",
            "age_s": 0.0,
            "stale": False,
            "source": "miss",
            "hits": 312,
            "query": "is:unresolved",
        },
    }
    clock.pass_s(12)
    again = await operator.get(f"{ISSUES}?limit=25")
    assert again.json()["meta"] | {"query": "", "hits": 0} == {
        "cached_at": "2023-11-14T22:13:20.000Z",
        "age_s": 12.0,
        "stale": False,
        "source": "hit",
        "hits": 0,
        "query": "",
    }
    assert len(sentry.calls) == 1


async def test_an_exhausted_list_ends(operator: Visitor, sentry: SentryDouble) -> None:
    """Sentry names a next cursor on the last page too; whoever followed it would never stop."""
    sentry.will(page_of("true", "0:25:0"), page_of("true", "0:50:0"), page_of("false", "0:75:0"))
    cursor, pages = "", 0
    while pages < 10:
        response = await operator.get(f"{ISSUES}?cursor={cursor}")
        pages += 1
        following = response.json()["pagination"]["next"]
        if following is None:
            break
        cursor = following["cursor"]
    assert pages == 3
    assert [asked(sentry, index).get("cursor") for index in range(3)] == [None, ["0:25:0"], ["0:50:0"]]


@pytest.mark.parametrize("link", ["nonsense", "<https://x", '<a>; rel="next"; results="true"; cursor=""', "<>,<>,"])
async def test_a_page_whose_link_cannot_be_read_is_refused_and_not_kept(
    operator: Visitor, sentry: SentryDouble, link: str
) -> None:
    """A guessed next page could loop, and a list that ends early looks like a whole one, for as long as it is kept."""
    sentry.will(ok(b"[]", headers=(*JSON, ("Link", link))), page_of("true", "0:25:0"))
    refused = await operator.get(ISSUES)
    assert (refused.status, "Link header" in refused.json()["detail"]) == (502, True)
    assert (await operator.get(ISSUES)).json()["pagination"]["next"] == {"cursor": "0:25:0"}
    assert len(sentry.calls) == 2


async def test_an_empty_link_header_is_none(operator: Visitor, sentry: SentryDouble) -> None:
    """Nothing is said of other pages, as where the header lacks."""
    sentry.will(ok(b"[]", headers=(*JSON, ("Link", ""))))
    response = await operator.get(ISSUES)
    assert (response.status, response.json()["pagination"]) == (200, {"next": None, "prev": None})


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("", {"query": ["is:unresolved"], "sort": ["date"], "limit": ["25"], "groupStatsPeriod": ["14d"]}),
        ("status=all", {"query": [""]}),
        ("status=archived", {"query": ["is:archived"]}),
        ("status=for_review", {"query": ["is:unresolved is:for_review"]}),
        ("query=is:resolved&status=unresolved", {"query": ["is:resolved"]}),
        ("query=TypeError+browser:Chrome", {"query": ["is:unresolved TypeError browser:Chrome"]}),
        ("level=error", {"query": ["is:unresolved level:error"]}),
        ("level=error&level=fatal", {"query": ["is:unresolved level:[error, fatal]"]}),
        ("period=24h", {"statsPeriod": ["24h"], "groupStatsPeriod": ["24h"]}),
        ("period=30d", {"statsPeriod": ["30d"], "groupStatsPeriod": ["14d"]}),
        ("environment=prod&environment=stage", {"environment": ["prod", "stage"]}),
        ("project=shop&project=2", {"project": ["shop", "2"]}),
        ("status=for_review&sort=inbox", {"sort": ["inbox"]}),
        ("query=SHOP-1A", {"query": ["SHOP-1A"], "shortIdLookup": ["1"]}),
        ("query=+SHOP-API-1A+&status=resolved", {"query": ["SHOP-API-1A"], "shortIdLookup": ["1"]}),
        ("query=NullPointer-x", {"query": ["is:unresolved NullPointer-x"]}),
        ("limit=100", {"limit": ["100"]}),
        ("query=%C3%A9%20%26%20%23", {"query": ["is:unresolved é & #"]}),
    ],
)
async def test_the_workbenchs_words_become_sentrys(
    operator: Visitor, sentry: SentryDouble, query: str, sent: dict[str, list[str]]
) -> None:
    """What people choose in the filters must be what Sentry is asked, and nothing else."""
    sentry.will(ok(b"[]"))
    response = await operator.get(f"{ISSUES}?{query}")
    assert response.status == 200, response.body
    assert sentry.calls[0].path == "/api/0/organizations/acme/issues/"
    got = asked(sentry)
    assert {name: got[name] for name in sent} == sent
    assert response.json()["meta"]["query"] == got["query"][0]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("limit=abc", "limit"),
        ("limit=1000", "limit"),
        ("limit=0", "limit"),
        ("limit=-1", "limit"),
        ("limit=", "limit"),
        ("limit=1&limit=2", "limit"),
        ("status=open", "status"),
        ("sort=random", "sort"),
        ("sort=inbox", "sort=inbox"),
        ("period=2w", "period"),
        ("level=loud", "level"),
        ("organization=a/b", "organization"),
        ("organization=", "organization"),
        ("statistics=14d", "statistics"),
        ("pages=2", "pages"),
        ("query=%ff", "UTF-8"),
        ("&".join(f"project={number}" for number in range(300)), "200"),
    ],
)
async def test_a_bad_query_is_told_and_sentry_not_asked(
    operator: Visitor, sentry: SentryDouble, query: str, named: str
) -> None:
    """A mistake that is passed over finds the wrong issues, or none, without a word."""
    response = await operator.get(f"{ISSUES}?{query}")
    assert_problem(response, 400, "issues.list")
    assert named in response.json()["message"]
    assert sentry.calls == []


def assert_problem(response: Response, status: int, context: str | None = None) -> dict[str, Any]:
    """Check everything that Dexter promises of a failure, and that it says no more."""
    document: dict[str, Any] = response.json()
    assert response.status == status, document
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    assert document["status"] == status
    assert document["detail"] == document["message"]
    for promised in ("type", "title", "message", "context", "timestamp", "remedy", "request_id"):
        assert document[promised], promised
    if context is not None:
        assert document["context"] == context
    for leaked in (SERVICE_TOKEN, "Traceback", "sntryu_own", "site-packages"):
        assert leaked.encode() not in response.body
    return document


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        (ok(b'{"detail":"Invalid cursor parameter."}', status=400), 400, "Invalid cursor parameter."),
        (ok(b'{"query":["bad term"]}', status=400), 400, "query: bad term"),
        (ok(b'{"detail":"The requested resource does not exist"}', status=404), 404, "does not exist"),
        (ok(b"", status=404), 404, "does not know"),
        (ok(b"<html>" + b"x" * 70_000, status=404, headers=HTML), 404, "does not know"),
        (ok(b'{"detail":"Conflict"}', status=409), 409, "Conflict"),
        (ok(b'{"message":"This API no longer exists."}', status=410), 502, "switched this address off"),
        (ok(b'{"detail":"Internal Error","errorId":"1"}', status=500), 502, "500"),
        (ok(b"upstream connect error", status=502, headers=HTML), 502, "could not reach"),
        (ok(b"", status=503), 503, "not available"),
        (ok(b"", status=504), 504, "in time"),
        (ok(b"<html>sign in</html>", headers=HTML), 502, "web page"),
        (ok(b'[{"id":"1"'), 502, "JSON"),
        (ok(b""), 502, "JSON"),
        (ok(b'{"id":"1"}'), 502, "list"),
        (ok(b"hello", headers=(("Content-Type", "text/plain"),)), 502, "JSON"),
        (ok(b"", status=302, headers=(("Location", "https://evil.example/login"),)), 502, "another origin"),
    ],
)
async def test_what_sentry_answers_instead_becomes_a_clear_problem(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock, answer: Answer, status: int, says: str
) -> None:
    """Each says what happened and who can do what about it; none is kept as if it were good."""
    sentry.will(answer)
    for _ in range(2):
        document = assert_problem(await operator.get(ISSUES), status, "issues.list")
        assert says in document["message"]
    sentry.will(ok(b"[]"))
    # "Not found" alone is given again, for a moment.
    clock.pass_s(ABSENT_FRESH_S)
    assert (await operator.get(ISSUES)).status == 200


@pytest.mark.parametrize(
    ("error", "status"), [(Unreachable("Sentry could not be connected to."), 502), (TimedOut("Too slow."), 504)]
)
async def test_a_sentry_that_does_not_answer_becomes_a_problem(
    operator: Visitor, sentry: SentryDouble, error: Exception, status: int
) -> None:
    """A gateway that hangs with its upstream would be one more thing that is down."""
    sentry.will(error)
    assert_problem(await operator.get(ISSUES), status, "issues.list")


async def test_a_rate_limit_says_until_when(operator: Visitor, sentry: SentryDouble, clock: FakeClock) -> None:
    """Sentry's limiter sends no Retry-After; whoever waits needs one."""
    reset = str(int(clock.now()) + 7)
    body = b'{"detail":"You are attempting to use this endpoint too frequently."}'
    sentry.will(ok(body, status=429, headers=(("X-Sentry-Rate-Limit-Reset", reset),)))
    response = await operator.get(ISSUES)
    assert_problem(response, 429)
    assert response.headers["retry-after"] == "7"


async def test_who_must_act_depends_on_whose_credential_it_was(
    operator: Visitor, owner: Visitor, sentry: SentryDouble
) -> None:
    """A person at the workbench cannot mend Dexter's own token, and is not signed out because of it."""
    sentry.will(ok(b'{"detail":"Invalid token"}', status=401))
    document = assert_problem(await operator.get(ISSUES), 502)
    assert "SENTRY_API_TOKEN" in document["remedy"]
    assert document["upstream_status"] == 401
    document = assert_problem(await owner.get(ISSUES), 401)
    assert "SENTRY_API_TOKEN" not in document["remedy"]


async def test_a_mistyped_project_is_not_blamed_on_whoever_runs_dexter(
    operator: Visitor, owner: Visitor, sentry: SentryDouble
) -> None:
    """`?project=99` answered 502 and sent people to check SENTRY_API_TOKEN, which was in order."""
    sentry.will(ok(b'{"detail":"You do not have permission to perform this action."}', status=403))
    document = assert_problem(await operator.get(f"{ISSUES}?project=99"), 403)
    assert document["remedy"].startswith("Check the names in the request")
    assert "SENTRY_API_TOKEN" not in assert_problem(await owner.get(ISSUES), 403)["remedy"]


async def test_while_sentry_is_away_the_last_answer_stands_in_and_says_so(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Stale beats blank, as long as it does not pass for fresh."""
    sentry.will(page_of("true"))
    await operator.get(ISSUES)
    clock.pass_s(3600)
    sentry.will(Unreachable("away"))
    response = await operator.get(ISSUES)
    meta = response.json()["meta"]
    assert (meta["stale"], meta["source"], meta["age_s"]) == (True, "fallback", 3600.0)
    assert response.headers["age"] == "3600"
    assert "fallback" in response.headers["cache-status"]


async def test_headers_tell_where_an_answer_came_from(operator: Visitor, sentry: SentryDouble) -> None:
    """Whoever tunes or debugs reads them without a dashboard."""
    quota = ("X-Sentry-Rate-Limit-Remaining", "39")
    sentry.will(ok(b'[{"id":"1"}]', headers=(*JSON, quota)))
    first, second = await operator.get(ISSUES), await operator.get(ISSUES)
    assert first.headers["cache-status"] == "Dexter; fwd=miss"
    assert "upstream;dur=" in first.headers["server-timing"]
    assert first.headers["server-timing"].startswith("cache;desc=miss;dur=")
    assert first.headers["x-sentry-rate-limit-remaining"] == "39"
    assert second.headers["cache-status"] == "Dexter; hit; ttl=300"
    assert second.headers["server-timing"].startswith("cache;desc=hit;dur=")
    assert "upstream" not in second.headers["server-timing"]
    assert second.headers["age"] == "0"
    assert "x-sentry-rate-limit-remaining" not in second.headers


@pytest.mark.parametrize("directive", ["no-cache", "max-age=0"])
async def test_a_reload_asks_sentry_itself(operator: Visitor, sentry: SentryDouble, directive: str) -> None:
    """Somebody who presses reload wants Sentry's word."""
    sentry.will(ok(b"[]"))
    await operator.get(ISSUES)
    await operator.get(ISSUES, {"cache-control": directive})
    assert len(sentry.calls) == 2


async def test_one_question_has_one_entry_however_it_is_written(operator: Visitor, sentry: SentryDouble) -> None:
    """The order of parameters is chance; each order with an entry of its own would halve the hits."""
    sentry.will(ok(b"[]"))
    await operator.get(f"{ISSUES}?limit=25&sort=date&project=b")
    await operator.get(f"{ISSUES}?project=b&sort=date&limit=25")
    await operator.get(f"{ISSUES}?project=b")
    assert len(sentry.calls) == 1


async def test_an_organization_may_be_named(operator: Visitor, sentry: SentryDouble) -> None:
    """One gateway may serve a token that sees several."""
    sentry.will(ok(b"[]"))
    await operator.get(f"{ISSUES}?organization=globex")
    assert sentry.calls[0].path == "/api/0/organizations/globex/issues/"


@pytest.mark.parametrize("environment", [{"SENTRY_ORG": None}], indirect=True)
async def test_without_an_organization_anywhere_the_caller_is_asked_for_one(
    operator: Visitor, sentry: SentryDouble
) -> None:
    """Guessing one would show the wrong issues."""
    document = assert_problem(await operator.get(ISSUES), 400)
    assert "SENTRY_ORG" in document["remedy"]
    sentry.will(ok(b"[]"))
    assert (await operator.get("/api/v1/organizations")).status == 200


@pytest.mark.parametrize("environment", [{"SENTRY_API_TOKEN": None}], indirect=True)
async def test_service_mode_without_a_credential_tells_the_operator(
    operator: Visitor, owner: Visitor, sentry: SentryDouble
) -> None:
    """Pass-through alone needs only an address; the workbench needs Dexter's own token."""
    document = assert_problem(await operator.get(ISSUES), 503)
    assert "SENTRY_API_TOKEN" in document["remedy"]
    assert (await operator.get("/api/0/organizations/acme/issues/")).status == 503
    assert sentry.calls == []
    sentry.will(ok(b"[]"))
    assert (await owner.get(ISSUES)).status == 200


async def test_nobody_gets_nothing(stranger: Visitor, sentry: SentryDouble) -> None:
    """An open gateway would lend Dexter's credential to everybody who can reach it."""
    for entry in mappings():
        target = entry.frontend_path.replace("{id}", "1").replace("{event_id}", "latest").replace("{key}", "level")
        response = await stranger.send(entry.method, target, {} if entry.method != "GET" else None)
        assert_problem(response, 401, entry.name)
        assert response.headers["www-authenticate"] == "Bearer"
    assert sentry.calls == []


@pytest.mark.parametrize(
    "entry", [entry for entry in mappings() if entry.method == "GET"], ids=lambda entry: entry.name
)
async def test_every_read_of_the_catalog_is_answered_in_its_shape(
    operator: Visitor, sentry: SentryDouble, entry: Any
) -> None:
    """A new read is one entry; this is the test that it comes with."""
    sentry.will(ok(b"[1,2]" if entry.shape != "object" else b'{"a":1}'))
    values = {"id": "1", "event_id": "latest", "key": "level", "slug": "shop"}
    response = await operator.get(entry.frontend_path.format(**values))
    assert response.status == 200, response.body
    (call,) = sentry.calls
    assert call.path == entry.bind({"org": "acme", **values})[0]
    document = response.json()
    if entry.shape != "object":
        assert (document["data"], set(document)) == ([1, 2], {"data", "pagination", "meta"})
    elif entry.name == "issues.stats":
        assert (document["data"], set(document)) == ({"a": 1}, {"data", "meta"})
    else:
        assert document == {"a": 1}


@pytest.mark.parametrize(
    "entry",
    [entry for entry in mappings() if entry.backend_path and entry.method == "GET"],
    ids=lambda entry: entry.name,
)
async def test_older_addresses_answer_too(operator: Visitor, sentry: SentryDouble, entry: Any) -> None:
    """Scripts and bookmarks of an earlier Dexter keep working."""
    sentry.will(ok(b"[]" if entry.shape != "object" else b"{}"))
    target = entry.backend_path.replace("{org}", "globex").replace("{project}", "shop").replace("{id}", "1")
    response = await operator.get(target.replace("{event_id}", "latest"))
    assert response.status == 200, response.body
    assert sentry.calls[0].path.startswith("/api/0/organizations/globex/")
    if "{project}" in entry.backend_path:
        assert asked(sentry)["project"] == ["shop"]


@pytest.mark.parametrize(
    ("period", "steps", "span_s"), [("1h", "10s", 3600), ("24h", "1h", 86_400), ("30d", "1d", 2_592_000)]
)
async def test_stats_ask_for_whole_steps(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock, period: str, steps: str, span_s: int
) -> None:
    """A series that ended at this very second would never be asked for twice, and so never be cached."""
    sentry.will(ok(b"[[1700000000,3]]"))
    await operator.get(f"/api/v1/issues/1/stats?period={period}")
    query = asked(sentry)
    assert query["resolution"] == [steps]
    assert int(query["until"][0]) - int(query["since"][0]) == span_s
    clock.pass_s(5)
    again = await operator.get(f"/api/v1/issues/1/stats?period={period}")
    assert (again.json()["meta"]["source"], len(sentry.calls)) == ("hit", 1)


@pytest.mark.parametrize(
    "target", ["/api/v1/none", "/api/v1", "/api/v1/", "/api/v1/issues/", "/api/2/issues", "/api/v1/issues/1%2F2"]
)
async def test_an_unknown_address_is_a_problem(operator: Visitor, target: str) -> None:
    """Not the workbench's page, which a script would take for an answer."""
    assert_problem(await operator.get(target), 404)


async def test_a_method_that_an_address_does_not_take_is_told_with_those_it_does(operator: Visitor) -> None:
    """405 without Allow leaves the caller guessing."""
    response = await operator.send("POST", "/api/v1/issues/1")
    assert_problem(response, 405)
    assert response.headers["allow"] == "DELETE, GET, PATCH, PUT"


@pytest.mark.parametrize("identifier", ["..", "%2e%2e", ".", "a%5Cb", "a%0Ab", "a%00b"])
async def test_an_identifier_cannot_lead_elsewhere(operator: Visitor, sentry: SentryDouble, identifier: str) -> None:
    """A path that its readers understand differently is how one operation passes for another."""
    response = await operator.get(f"/api/v1/issues/{identifier}/events")
    assert response.status in (400, 404)
    assert sentry.calls == []


@pytest.mark.parametrize("asked", ["fresh=1", "no_cache=true", "limit=5&fresh=true"])
async def test_who_asks_anew_gets_sentrys_own_word(operator: Visitor, sentry: SentryDouble, asked: str) -> None:
    """Scripts that cannot set a header; and those of the older Dexter."""
    rest = asked.replace("fresh=1", "").replace("no_cache=true", "").replace("&fresh=true", "")
    sentry.will(ok(b"[1]"), ok(b"[2]"))
    await operator.get(f"{ISSUES}?{rest}")
    assert (await operator.get(f"{ISSUES}?{rest}")).json()["data"] == [1]
    assert (await operator.get(f"{ISSUES}?{asked}")).json()["data"] == [2]
    assert "fresh" not in sentry.calls[-1].query


async def test_who_does_not_ask_anew_gets_what_is_kept(operator: Visitor, sentry: SentryDouble) -> None:
    """`fresh=0` is a default that some clients spell out."""
    sentry.will(ok(b"[1]"), ok(b"[2]"))
    for _ in range(2):
        assert (await operator.get(f"{ISSUES}?fresh=0")).json()["data"] == [1]


def test_every_read_of_sentrys_data_says_how_to_ask_anew() -> None:
    """What the document does not name, nobody finds."""
    for path, operations in document()["paths"].items():
        names = {each["name"] for each in operations.get("get", {}).get("parameters", ()) if each["in"] == "query"}
        reads_sentry = "organization" in names or path == "/api/v1/organizations"
        assert ({"fresh", "no_cache"} <= names) is reads_sentry, path
