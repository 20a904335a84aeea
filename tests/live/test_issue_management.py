"""Managing issues over real sockets: a real SDK's errors, a gateway and a sandbox as processes of their own."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from bench.stand import Gateway, Sandbox, request

APPLICATION = """
import sys
import sentry_sdk

sentry_sdk.init(dsn=sys.argv[1], release="managed@1.0.0", environment="production", default_integrations=False)
scope = sentry_sdk.get_isolation_scope()
scope.add_attachment(bytes=b"\\x00\\x01" * 40_000, filename="core.bin", content_type="application/x-core")

for name in sys.argv[2:]:
    failure = type(name, (Exception,), {})
    try:
        raise failure(f"{name}: the parcel of order 17 was never picked up")
    except failure:
        sentry_sdk.capture_exception()
sentry_sdk.flush(10)
"""
PATIENCE_S = 20


def fail(sandbox: Sandbox, *names: str) -> None:
    """Have an application fail in some ways, each of which makes an issue."""
    arguments = [sys.executable, "-c", APPLICATION, sandbox.dsn("shop-api"), *names]
    subprocess.run(arguments, check=True, timeout=60)


def issue_of(gateway: Gateway, name: str) -> dict[str, Any]:
    def look() -> Any:
        reply = gateway.v1("GET", "/issues", query=f"error.type:{name}", status="all", fresh="1")
        assert reply.status == 200, reply.body
        return reply.json()["data"]

    found: dict[str, Any] = eventually(look)[0]
    return found


def eventually(look: Callable[[], Any]) -> Any:
    limit = time.monotonic() + PATIENCE_S
    while not (seen := look()):
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.1)
    return seen


def done(gateway: Gateway, method: str, path: str, body: Any = None, *, status: int = 200, **query: Any) -> Any:
    reply = gateway.v1(method, path, body=body, **query)
    assert reply.status == status, reply.body
    return reply.json() if reply.body else None


@pytest.fixture(scope="module")
def issues(sandbox: Sandbox, gateway: Gateway) -> dict[str, str]:
    """Numbers of issues by the names of the errors that made them."""
    names = ("Commented", "Labelled", "MergedOne", "MergedTwo", "Deleted", "Discarded", "Shared", "Filed", "Untouched")
    fail(sandbox, *names)
    return {name: str(issue_of(gateway, name)["id"]) for name in names}


def test_a_comment_is_written_edited_and_mentions_a_colleague(gateway: Gateway, issues: dict[str, str]) -> None:
    """Comments live in Sentry, so that whoever looks there reads them too."""
    address = f"/issues/{issues['Commented']}"
    # The owner is in every team of the seeded organization, so that Sentry takes the mention.
    people = [member["user"] for member in done(gateway, "GET", "/members", limit=100)["data"] if member.get("user")]
    owner = next(person for person in people if person["username"] == "owner")
    comment = done(gateway, "POST", f"{address}/comments", {"text": f"@{owner['name']} please look"}, status=201)
    assert (comment["mentioned"], comment["unreached"]) == ([f"user:{owner['id']}"], [])
    assert owner["id"] in [person["id"] for person in done(gateway, "GET", address, fresh="1")["participants"]]
    done(gateway, "PUT", f"{address}/comments/{comment['id']}", {"text": "Never mind"})
    (shown,) = done(gateway, "GET", f"{address}/comments")["data"]
    assert (shown["data"]["text"], shown["may_change"]) == ("Never mind", True)
    assert "note" in [entry["type"] for entry in done(gateway, "GET", f"{address}/activity")["activity"]]
    again = gateway.v1("POST", f"{address}/comments", body={"text": "Never mind"})
    assert (again.status, "already posted" in again.json()["message"]) == (400, True)
    done(gateway, "DELETE", f"{address}/comments/{comment['id']}", status=204)
    assert done(gateway, "GET", f"{address}/comments")["data"] == []


def test_labels_notes_and_views_are_kept_beside_sentry(gateway: Gateway, issues: dict[str, str]) -> None:
    """What Sentry has no place for is found again by label, by note and by view."""
    issue, other = issues["Labelled"], issues["Untouched"]
    done(gateway, "POST", "/labels", {"name": "needs info", "color": "#0f8a8a"}, status=201)
    done(gateway, "PUT", f"/issues/{issue}/labels/{quote('needs info')}", {})
    note = done(gateway, "POST", f"/issues/{issue}/notes", {"body": "asked the courier", "pinned": True}, status=201)
    marks = done(gateway, "GET", "/issues/marks", id=[issue, other])["data"]
    assert [(label["name"], label["color"]) for label in marks[issue]["labels"]] == [("needs info", "#0f8a8a")]
    assert (marks[issue]["notes"], marks[other]) == (1, {"labels": [], "notes": 0, "pinned": 0})
    query = 'label:"needs info" error.type:Labelled'
    assert [one["id"] for one in done(gateway, "GET", "/issues", query=query)["data"]] == [issue]
    query = '!label:"needs info" error.type:[Labelled, Untouched]'
    assert [one["id"] for one in done(gateway, "GET", "/issues", query=query)["data"]] == [other]
    done(gateway, "PUT", f"/issues/{issue}/notes/{note['id']}", {"body": "the courier knows", "version": 1})
    (kept,) = done(gateway, "GET", f"/issues/{issue}/notes")["data"]
    assert (kept["body"], kept["version"], kept["author"]["name"]) == ("the courier knows", 2, "Administrator")
    form = {"name": "Waiting", "address": {"query": 'label:"needs info"'}, "visibility": "shared"}
    view = done(gateway, "POST", "/views", form, status=201)
    assert [one["id"] for one in done(gateway, "GET", "/views")["data"]] == [view["id"]]


def test_issues_are_merged_and_parted_although_sentry_takes_its_time(
    sandbox: Sandbox, gateway: Gateway, issues: dict[str, str]
) -> None:
    """Sentry says yes at once and moves events a moment later; the answer tells which of the two it is."""
    one, two = issues["MergedOne"], issues["MergedTwo"]
    done(gateway, "PUT", f"/issues/{one}/labels/courier", {})
    sandbox.settings(index_lag_s=1)
    try:
        merged = done(gateway, "POST", f"/issues/{one}/merge", {"ids": [two]})
        assert {merged["parent"], *merged["children"]} == {one, two}
        parent, (child,) = merged["parent"], merged["children"]
        survivor = eventually(lambda: _or_none(gateway, child))
        assert (survivor["id"], survivor["count"]) == (parent, "2")
        marks = done(gateway, "GET", "/issues/marks", id=[parent])["data"][parent]
        assert [label["name"] for label in marks["labels"]] == ["courier"]
        hashes = done(gateway, "GET", f"/issues/{parent}/merged", fresh="1")["data"]
        assert len(hashes) == 2
        parted = done(gateway, "POST", f"/issues/{parent}/unmerge", {"hashes": [hashes[0]["id"]]})
        assert parted["state"] in ("done", "pending")
        eventually(lambda: len(done(gateway, "GET", f"/issues/{parent}/merged", fresh="1")["data"]) == 1)
        if parted["state"] == "done":
            assert done(gateway, "GET", f"/issues/{parted['issue']}")["count"] == "1"
    finally:
        sandbox.settings(index_lag_s=0)


def _or_none(gateway: Gateway, issue: str) -> Any:
    reply = gateway.v1("GET", f"/issues/{issue}", fresh="1")
    return reply.json() if reply.status == 200 else None


def test_ids_that_sentry_does_not_know_change_nothing(
    sandbox: Sandbox, gateway: Gateway, issues: dict[str, str]
) -> None:
    """Sentry's address for many issues falls through to a search, and would merge a thousand others."""
    before = sandbox.api("GET", "/api/0/organizations/acme/issues/?query=&limit=100&statsPeriod=90d").json()
    sandbox.forget_calls()
    for others in (["99999999"], ["99999998", "99999999"], ["NOPE-1"]):
        reply = gateway.v1("POST", f"/issues/{issues['Untouched']}/merge", body={"ids": others})
        assert reply.status == 404, reply.body
    for issue in ("99999999", "NOPE-1"):
        assert gateway.v1("DELETE", f"/issues/{issue}").status == 404
        assert gateway.v1("POST", f"/issues/{issue}/discard").status == 404
    writes = {name: count for name, count in sandbox.calls().items() if not name.startswith("GET")}
    assert writes == {}
    after = sandbox.api("GET", "/api/0/organizations/acme/issues/?query=&limit=100&statsPeriod=90d").json()
    assert [(one["id"], one["status"]) for one in after] == [(one["id"], one["status"]) for one in before]


def test_a_discarded_issue_stays_away_and_a_deleted_one_comes_back(
    sandbox: Sandbox, gateway: Gateway, issues: dict[str, str]
) -> None:
    """The two ends of an issue differ in what its next event does."""
    assert done(gateway, "DELETE", f"/issues/{issues['Deleted']}", status=202)["state"] == "done"
    assert done(gateway, "POST", f"/issues/{issues['Discarded']}/discard", status=202)["state"] == "done"
    for name in ("Deleted", "Discarded"):
        assert gateway.v1("GET", f"/issues/{issues[name]}").status == 404
    fail(sandbox, "Deleted", "Discarded")
    assert issue_of(gateway, "Deleted")["id"] != issues["Deleted"]
    stones = done(gateway, "GET", "/projects/shop-api/tombstones", fresh="1")["data"]
    stone = next(stone for stone in stones if stone["message"].startswith("Discarded"))
    assert stone["timesSeen"] == 1
    done(gateway, "DELETE", f"/projects/shop-api/tombstones/{stone['id']}", status=204)
    fail(sandbox, "Discarded")
    assert issue_of(gateway, "Discarded")["id"] != issues["Discarded"]


def test_a_shared_issue_is_open_to_whoever_has_its_address(
    sandbox: Sandbox, gateway: Gateway, issues: dict[str, str]
) -> None:
    """And closed again the moment that it is not shared any more."""
    address = f"/issues/{issues['Shared']}"
    shared = done(gateway, "PUT", address, {"public": True})["shareId"]
    page = f"{sandbox.url}/api/0/organizations/acme/shared/issues/{shared}/"
    assert json.loads(request("GET", page).body)["id"] == issues["Shared"]
    assert done(gateway, "PUT", address, {"public": False, "reviewed": True})["isPublic"] is False
    assert request("GET", page).status == 404


def test_a_file_that_an_sdk_sent_along_is_read_and_deleted(gateway: Gateway, issues: dict[str, str]) -> None:
    """Byte for byte what the application sent, through Sentry and the gateway."""
    address = f"/issues/{issues['Filed']}/attachments"
    (file,) = done(gateway, "GET", address)["data"]
    assert (file["name"], file["size"]) == ("core.bin", 80_000)
    reply = gateway.v1("GET", f"{address}/{file['id']}")
    assert (reply.status, reply.body) == (200, b"\x00\x01" * 40_000)
    assert reply.headers["content-disposition"] == 'attachment; filename="core.bin"'
    done(gateway, "DELETE", f"{address}/{file['id']}", status=204)
    assert done(gateway, "GET", address)["data"] == []


def test_a_seeded_issue_has_somebody_to_suggest_and_others_like_it(gateway: Gateway) -> None:
    """The picker of assignees and the dialog for merging are of use on the first day."""
    found = done(gateway, "GET", "/issues", limit=50, period="90d")["data"]
    told = [done(gateway, "GET", f"/issues/{issue['id']}/owners") for issue in found[:15]]
    reasons = {each["reason"] for answer in told for each in answer["suggested"]}
    assert {"owners", "committer"} <= reasons
    assert all(answer["missing"] == [] for answer in told)
    assert all(answer["me"]["assignee"] for answer in told)
    alike = [done(gateway, "GET", f"/issues/{issue['id']}/similar", limit=3)["data"] for issue in found[:15]]
    assert any(alike)
    assert all(0 < each["score"] <= 1 for found in alike for each in found)


def test_an_issue_is_linked_to_a_ticket(gateway: Gateway, issues: dict[str, str]) -> None:
    """Who triages must see that somebody filed it already."""
    address = f"/issues/{issues['Untouched']}/external-issues"
    form = {"url": "https://tickets.example/browse/SHOP-7", "project": "SHOP", "identifier": "7"}
    link = done(gateway, "POST", address, form, status=201)
    assert [one["displayName"] for one in done(gateway, "GET", address)] == ["SHOP#7"]
    (linked,) = done(gateway, "GET", "/issues", query="is:linked error.type:Untouched")["data"]
    assert linked["annotations"] == [{"displayName": "SHOP#7", "url": form["url"]}]
    done(gateway, "DELETE", f"{address}/{link['id']}", status=204)
    assert done(gateway, "GET", address) == []
