"""Changing an issue and reading all about it, over HTTP: what Sentry is asked and what the caller gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.doubles.sentry_double import JSON, FakeClock, SentryDouble, ok

from dexter.errors import TimedOut

from .test_catalog_reads import HTML, assert_problem

if TYPE_CHECKING:
    from dexter.wire import Answer, Call

    from .conftest import Visitor

ISSUE = "/api/v1/issues/7"
SENTRYS_ISSUE = "/api/0/organizations/acme/issues/7/"
ME = "/api/0/users/me/"


class Replies:
    """A Sentry that answers by path; a path it was not told of is 404."""

    def __init__(self, **by_end: Answer | Exception) -> None:
        self.by_end = by_end

    async def __call__(self, call: Call) -> Answer:
        end = call.path.removeprefix(SENTRYS_ISSUE).strip("/") or "issue"
        if end == "stats":
            end = "stats_30d" if "resolution=1d" in call.query else "stats_24h"
        answer = self.by_end.get(end, ok(b'{"detail":"The requested resource does not exist"}', status=404))
        if isinstance(answer, Exception):
            raise answer
        return answer


WHOLE: dict[str, Answer | Exception] = {
    "issue": ok(b'{"id":"7","title":"Boom","tags":[],"stats":{"24h":[[1,1]]},"activity":[{"id":"own"}]}'),
    "events": ok(b'[{"eventID":"e"}]'),
    "tags": ok(b'[{"key":"level","topValues":[]}]'),
    "activities": ok(b'{"activity":[{"id":"1"}]}'),
    "stats_24h": ok(b"[[10,2]]"),
    "stats_30d": ok(b"[[20,3]]"),
}


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_an_update_goes_to_the_one_issue_and_answers_the_issue(
    operator: Visitor, sentry: SentryDouble, method: str
) -> None:
    """Sentry's bulk address would change a thousand others when the id is out of scope."""
    sentry.will(ok(b'{"id":"7","status":"resolved"}'))
    response = await operator.send(method, ISSUE, {"status": "resolved"})
    assert (response.status, response.json()) == (200, {"id": "7", "status": "resolved"})
    (call,) = sentry.changes
    assert (call.method, call.path, call.query) == ("PUT", SENTRYS_ISSUE, "")
    assert call.body == b'{"status":"resolved"}'
    assert ("Content-Type", "application/json") in call.headers


async def test_after_an_update_nobody_gets_what_was_before(operator: Visitor, sentry: SentryDouble) -> None:
    """A list that still shows the issue as open would make the person do it twice."""
    sentry.will(ok(b'[{"id":"7","status":"unresolved"}]'), ok(b'{"id":"7","status":"unresolved"}'))
    await operator.get("/api/v1/issues")
    await operator.get(ISSUE)
    sentry.will(ok(b'{"id":"7","status":"resolved"}'))
    await operator.send("PUT", ISSUE, {"status": "resolved"})
    sentry.will(ok(b"[]"), ok(b'{"id":"7","status":"resolved"}'))
    assert (await operator.get("/api/v1/issues")).json()["data"] == []
    assert (await operator.get(ISSUE)).json()["status"] == "resolved"


async def test_me_is_the_user_behind_the_credential(operator: Visitor, sentry: SentryDouble, clock: FakeClock) -> None:
    """Sentry has no word for it in this place; the id is remembered, as the key to it is pressed often."""

    async def olive(asked: Call) -> Answer:
        return ok(b'{"id":"12","name":"Olive"}' if asked.path == ME else b'{"id":"7"}')

    sentry.will(olive)
    await operator.send("PUT", ISSUE, {"assignee": "me"})
    await operator.send("PUT", ISSUE, {"assignee": "me"})
    assert sentry.asked.count(f"GET {ME}") == 1
    assert [each.body for each in sentry.changes] == [b'{"assignedTo":"user:12"}'] * 2
    clock.pass_s(301)
    await operator.send("PUT", ISSUE, {"assignee": "me"})
    assert sentry.asked.count(f"GET {ME}") == 2


async def test_me_of_a_credential_without_a_user_is_told(operator: Visitor, sentry: SentryDouble) -> None:
    """An organization's token is nobody, and assigning to nobody would be unassigning."""
    sentry.will(ok(b"null"))
    document = assert_problem(await operator.send("PUT", ISSUE, {"assignee": "me"}), 400, "issues.update")
    assert "no user" in document["message"]
    assert sentry.changes == []


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"statuss": "resolved"}, 422, "statuss"),
        ({"status": "muted"}, 422, "status"),
        ({"status": "archived", "archive": {"mode": "for_duration"}}, 422, "archive"),
        ({}, 422, "body"),
        ([], 422, "body"),
        (b"{broken", 400, None),
        (b"", 422, "body"),
        (b'{"status": "resolved"' + b" " * 300_000 + b"}", 413, None),
        ([b'{"status": "resolved"', b" " * 300_000, b"}"], 413, None),
        (b'{"status":"\xff"}', 400, None),
        (b"[" * 100_000, 400, None),
    ],
    ids=[
        "unknown",
        "value",
        "incomplete",
        "nothing",
        "list",
        "broken",
        "empty",
        "huge",
        "huge-chunked",
        "bytes",
        "deep",
    ],
)
async def test_a_bad_body_is_told_and_sentry_not_asked(
    operator: Visitor, sentry: SentryDouble, body: Any, status: int, field: str | None
) -> None:
    """A change that was misread must not be made."""
    raw = body if isinstance(body, bytes) or (body and isinstance(body, list)) else msgspec.json.encode(body)
    response = await operator.send("PUT", ISSUE, raw)
    document = assert_problem(response, status, "issues.update")
    assert [each["field"] for each in document.get("errors", [])] == ([field] if field else [])
    assert sentry.calls == []


@pytest.mark.parametrize(
    ("body", "kind"), [(b"[]", "application/json"), (b"", "application/json"), (b"{}", "text/plain")]
)
async def test_a_body_that_is_no_object_is_told_in_words(operator: Visitor, body: bytes, kind: str) -> None:
    """The caller got a sentence of a library's about its insides: "dictionary or object to extract fields from"."""
    document = assert_problem(await operator.send("PUT", ISSUE, body, {"content-type": kind}), 422)
    assert document["detail"] == "body: must be a JSON object, sent as application/json"


async def test_an_unknown_query_parameter_is_told(operator: Visitor, sentry: SentryDouble) -> None:
    """`?org=` would otherwise be passed over and another organization's issue be changed."""
    for method, target in (("PUT", f"{ISSUE}?org=globex"), ("GET", f"{ISSUE}/context?org=globex")):
        response = await operator.send(method, target, {"status": "resolved"} if method == "PUT" else None)
        document = assert_problem(response, 400)
        assert "org" in document["message"]
    assert sentry.calls == []


async def test_sentrys_refusal_of_a_change_reaches_the_person(operator: Visitor, sentry: SentryDouble) -> None:
    """Only Sentry knows who may be assigned to what."""
    sentry.will(ok(b'{"assignedTo":["Cannot assign to non-team member"]}', status=400))
    document = assert_problem(await operator.send("PUT", ISSUE, {"assignee": "user:9"}), 400)
    assert "Cannot assign to non-team member" in document["message"]


async def test_the_context_joins_everything_about_an_issue(
    operator: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """One request instead of six, and one moment that says how old the oldest part is."""
    sentry.will(Replies(**WHOLE))
    document = (await operator.get(f"{ISSUE}/context")).json()
    assert document["title"] == "Boom"
    assert document["events"] == [{"eventID": "e"}]
    assert document["stats"] == {"24h": [[10, 2]], "30d": [[20, 3]]}
    assert document["tags"] == [{"key": "level", "topValues": []}]
    assert document["activity"] == [{"id": "1"}]
    assert document["cached_at"] == "2023-11-14T22:13:20.000Z"
    assert {part["status"] for part in document["parts"].values()} == {"ok"}
    assert set(document["parts"]) == {"issue", "events", "tags", "activity", "stats.24h", "stats.30d"}
    assert len(sentry.calls) == 6

    clock.pass_s(90)
    await operator.get(f"{ISSUE}/events/latest")
    later = (await operator.get(f"{ISSUE}/context")).json()
    assert later["cached_at"] == "2023-11-14T22:13:20.000Z"


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (ok(b"", status=503), "not available"),
        (ok(b"<html>", headers=HTML), "web page"),
        (ok(b'{"no":"list"}'), "not with the events"),
        (ok(b'{"detail":"no"}', status=404), "no"),
        (TimedOut("Sentry did not answer within 10 s."), "did not answer"),
    ],
)
async def test_a_missing_part_says_so_and_why_and_costs_no_other(
    operator: Visitor, sentry: SentryDouble, failure: Answer | Exception, reason: str
) -> None:
    """An empty list would say that there are no events; nothing is invented, and the rest is still of use."""
    sentry.will(Replies(**WHOLE | {"events": failure, "tags": failure}))
    response = await operator.get(f"{ISSUE}/context")
    document = response.json()
    assert response.status == 200
    assert (document["events"], document["tags"]) == (None, None)
    part = document["parts"]["events"]
    assert (part["status"], part["cached_at"]) == ("missing", None)
    assert reason in part["reason"]
    assert part["remedy"]
    assert document["stats"]["30d"] == [[20, 3]]
    assert document["parts"]["activity"]["status"] == "ok"


async def test_what_the_issue_carries_itself_stands_in_for_a_missing_part(
    operator: Visitor, sentry: SentryDouble
) -> None:
    """Older Sentrys have no address for these, but the issue's own answer has the same content."""
    gone = ok(b"", status=404)
    sentry.will(Replies(**WHOLE | {"stats_24h": gone, "stats_30d": gone, "activities": gone}))
    document = (await operator.get(f"{ISSUE}/context")).json()
    assert document["stats"] == {"24h": [[1, 1]], "30d": None}
    assert document["activity"] == [{"id": "own"}]
    assert document["parts"]["stats.24h"]["status"] == "ok"
    assert document["parts"]["stats.30d"]["status"] == "missing"


async def test_without_the_issue_itself_there_is_no_context(operator: Visitor, sentry: SentryDouble) -> None:
    """An earlier Dexter made an issue up here, and its users remember."""
    sentry.will(Replies(events=ok(b"[]")))
    assert_problem(await operator.get(f"{ISSUE}/context"), 404, "issues.context")


async def test_a_stale_part_is_marked(operator: Visitor, sentry: SentryDouble, clock: FakeClock) -> None:
    """Old numbers beside new ones mislead unless they say their age."""
    sentry.will(Replies(**WHOLE))
    await operator.get(f"{ISSUE}/context")
    clock.pass_s(7200)
    sentry.will(Replies(**WHOLE | {"events": TimedOut("too slow")}))
    document = (await operator.get(f"{ISSUE}/context")).json()
    assert document["parts"]["events"] == {"status": "stale", "cached_at": "2023-11-14T22:13:20.000Z"}
    assert document["parts"]["issue"]["cached_at"] == "2023-11-15T00:13:20.000Z"
    assert document["cached_at"] == "2023-11-14T22:13:20.000Z"


async def test_lone_surrogates_of_sentrys_are_no_fault(operator: Visitor, sentry: SentryDouble) -> None:
    """Event texts hold anything, and Sentry's writer lets it through."""
    sentry.will(Replies(**WHOLE | {"tags": ok(b'[{"key":"\\ud800"}]', headers=JSON)}))
    response = await operator.get(f"{ISSUE}/context")
    assert response.status == 200
