"""Managing one issue through a whole gateway, in front of a sandbox in this process that remembers what was done."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import msgspec
import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter
from tests.doubles.sandbox_transport import BASE, OWNER, SandboxTransport

from dexter.app import create_app
from dexter.features import issue_merging
from dexter.gateway import issue_routes, mark_routes, view_routes
from dexter.settings import read_settings

from .conftest import ACCESS_TOKEN, Visitor
from .test_catalog_reads import assert_problem

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ORG = "/api/0/organizations/acme"


class Stand:
    """A gateway in front of a sandbox, and a visitor who shows Dexter's own token."""

    def __init__(self, transport: SandboxTransport, app: Any) -> None:
        self.transport = transport
        self.visitor = Visitor(app, {"x-dexter-token": ACCESS_TOKEN})
        self.app = app

    async def born(self, kind: str, project: str = "shop-api", **event: Any) -> str:
        """Send an event as an SDK does, and give the number of its issue."""
        row = self.transport.db.one(
            "SELECT p.id, k.public_key FROM projects p JOIN project_keys k ON k.project_id = p.id WHERE p.slug = ?",
            project,
        )
        frames = [{"filename": "app/shop.py", "function": kind, "module": "app.shop", "in_app": True}]
        value = {"type": kind, "value": f"{kind} happened", "stacktrace": {"frames": frames}}
        event_id = event.setdefault("event_id", uuid4().hex)
        body = {"platform": "python", "exception": {"values": [value]}, **event}
        query = f"sentry_key={row['public_key']}&sentry_version=7"
        status, _, said = await self.transport.request(
            "POST", f"/api/{row['id']}/store/", query, msgspec.json.encode(body)
        )
        assert status == 200, said
        return str(self.transport.db.value("SELECT issue_id FROM events WHERE event_id = ?", event_id))

    async def v1(self, method: str, path: str, body: Any = None, *, expect: int = 200) -> Any:
        response = await self.visitor.send(method, f"/api/v1{path}", body)
        assert response.status == expect, (response.status, response.body)
        if response.status < 300:
            check_shape(method, f"/api/v1{path}".partition("?")[0], response.body)
        return response.json() if response.body else None


def check_shape(method: str, path: str, body: bytes) -> None:
    """What an address answers must be what the document says, which the workbench's types are made of."""
    for each in (mark_routes, issue_routes, view_routes):
        for route in each.routes.routes:
            if isinstance(route, APIRoute) and method in route.methods and route.path_regex.fullmatch(path):
                if route.response_model is not None:
                    TypeAdapter(route.response_model).validate_json(body)
                return


@pytest.fixture
async def stand(tmp_path: Path, kept_in: dict[str, str], request: pytest.FixtureRequest) -> AsyncIterator[Stand]:
    transport = SandboxTransport(profile=getattr(request, "param", None))
    settings = kept_in | {
        "DEXTER_DATA_DIR": str(tmp_path),
        "DEXTER_ACCESS_TOKEN": ACCESS_TOKEN,
        "SENTRY_BASE_URL": BASE,
        "SENTRY_API_TOKEN": OWNER,
        "SENTRY_ORG": "acme",
    }
    app = create_app(read_settings(settings), transport=transport)
    yield Stand(transport, app)
    await app.aclose()


class TestWhatTheAuditLogSays:
    """Who changed what, from which value to which."""

    async def audited(self, stand: Stand, issue: str) -> Any:
        return (await stand.v1("GET", f"/audit?issue={issue}&action=issues.update"))["data"]

    async def test_a_change_is_told_of_with_what_was_and_what_is(self, stand: Stand) -> None:
        """The row had neither, though that is what somebody opens the log for."""
        issue = await stand.born("KeyError")
        await stand.v1("PUT", f"/issues/{issue}", {"status": "resolved", "assignee": "user:1"})
        row = (await self.audited(stand, issue))[0]
        was, now = row["before"], row["after"]
        assert (was["status"], was["assignee"]) == ("unresolved", None)
        assert (now["status"], now["assignee"]["id"]) == ("resolved", "1")
        assert "priority" not in was, "it was not about that"

    async def test_an_issue_named_by_its_short_id_is_found_by_its_number(self, stand: Stand) -> None:
        """Who looks for the history of an issue names it as Sentry does."""
        issue = await stand.born("KeyError")
        short = (await stand.v1("GET", f"/issues/{issue}"))["shortId"]
        await stand.v1("PUT", f"/issues/{short}", {"reviewed": True})
        row = (await self.audited(stand, issue))[0]
        assert row["after"] == {"for_review": False}

    async def test_what_was_said_and_merged_is_told_of(self, stand: Stand) -> None:
        """The log said that somebody had commented or merged, and not what."""
        one, other = [await stand.born(kind) for kind in ("KeyError", "ValueError")]
        made = await stand.v1("POST", f"/issues/{one}/comments", {"text": "I look into it"}, expect=201)
        await stand.v1("DELETE", f"/issues/{one}/comments/{made['id']}", expect=204)
        merged = await stand.v1("POST", f"/issues/{one}/merge", {"ids": [other]})
        rows = (await stand.v1("GET", f"/audit?issue={one}"))["data"]
        told = {row["action"]: (row["before"], row["after"]) for row in rows}
        assert told["issues.comment"] == (None, {"comment": made["id"], "text": "I look into it"})
        assert told["issues.delete_comment"] == ({"comment": made["id"]}, None)
        assert set(told["issues.merge"][0]["issues"]) == {one, other}
        assert told["issues.merge"][1] == {"merged_into": merged["parent"]}

    async def test_it_says_whose_account_sentry_knows_it_by(self, stand: Stand) -> None:
        """Sentry shows Dexter's account for everybody who linked none; only the log says on whose behalf it was."""
        issue = await stand.born("KeyError")
        await stand.v1("PUT", f"/issues/{issue}", {"priority": "low"})
        await stand.v1("PUT", f"/issues/{issue}/labels/flaky")
        rows = (await stand.v1("GET", f"/audit?issue={issue}"))["data"]
        told = {row["action"]: (row["person"]["name"], row["sentry_account"]) for row in rows}
        assert told == {
            "issues.update": ("Administrator", "Dexter's account"),
            "issues.label": ("Administrator", None),
        }
        exported = await stand.visitor.get(f"/api/v1/audit/export?issue={issue}&action=issues.update")
        assert ",Dexter's account,api,issues.update," in exported.body.decode()

    async def test_an_issue_that_is_not_there_is_refused_and_has_no_values(self, stand: Stand) -> None:
        """Nothing was there, and nothing came of it."""
        await stand.v1("PUT", "/issues/999999999", {"status": "resolved"}, expect=404)
        row = (await self.audited(stand, "999999999"))[0]
        assert (row["outcome"], row["before"], row["after"]) == ("refused", None, None)


class TestComments:
    """What people say about an issue, kept by Sentry."""

    async def test_a_comment_is_written_rewritten_and_taken_back(self, stand: Stand) -> None:
        """The whole life of a comment, each step seen by whoever reads next."""
        issue = await stand.born("KeyError")
        made = await stand.v1("POST", f"/issues/{issue}/comments", {"text": "I look into it"}, expect=201)
        assert (made["data"]["text"], made["may_change"]) == ("I look into it", True)
        listed = (await stand.v1("GET", f"/issues/{issue}/comments"))["data"]
        assert [each["id"] for each in listed] == [made["id"]]
        await stand.v1("PUT", f"/issues/{issue}/comments/{made['id']}", {"text": "Found it"})
        listed = (await stand.v1("GET", f"/issues/{issue}/comments"))["data"]
        assert [each["data"]["text"] for each in listed] == ["Found it"]
        await stand.v1("DELETE", f"/issues/{issue}/comments/{made['id']}", expect=204)
        assert (await stand.v1("GET", f"/issues/{issue}/comments"))["data"] == []

    async def test_names_become_mentions_and_unknown_ones_are_told(self, stand: Stand) -> None:
        """Who writes a name expects that somebody hears of it, and must know if nobody does."""
        issue = await stand.born("KeyError")
        text = "@Olive Owner and @#engineering, see `@nobody` and ask @somebody"
        # The owner has to be in the project's team for Sentry to take the mention.
        made = await stand.v1("POST", f"/issues/{issue}/comments", {"text": text}, expect=201)
        assert made["mentioned"] == ["user:1", "team:1"]
        assert made["unreached"] == ["@somebody"]
        assert made["data"]["mentions"] == ["user:1", "team:1"]

    async def test_a_mention_that_sentry_refuses_does_not_cost_the_comment(self, stand: Stand) -> None:
        """Somebody of another team is named often enough; the words are worth keeping all the same."""
        issue = await stand.born("KeyError")
        db = stand.transport.db
        user = db.insert("INSERT INTO users (username, email, name, date_joined) VALUES ('zoe','z@x.example','Zoe',0)")
        db.insert(
            "INSERT INTO members (organization_id, user_id, email, date_created) VALUES (1,?,'z@x.example',0)", user
        )
        made = await stand.v1("POST", f"/issues/{issue}/comments", {"text": "ask @zoe"}, expect=201)
        assert (made["mentioned"], made["unreached"]) == ([], [f"user:{user}"])

    @pytest.mark.parametrize("stand", ["partial-without-comments"], indirect=True)
    async def test_a_server_without_comments_is_said_to_have_none(self, stand: Stand) -> None:
        """A 404 would look as if the issue were gone."""
        issue = await stand.born("KeyError")
        for method, body in (("GET", None), ("POST", {"text": "hello"})):
            response = await stand.visitor.send(method, f"/api/v1/issues/{issue}/comments", body)
            assert response.status == 501, response.body
            assert "no comments" in response.json()["message"]
            assert "/notes" in response.json()["remedy"]


class TestMerging:
    """Several issues of one cause become one, and part again."""

    async def test_issues_are_merged_and_parted_with_what_dexter_knows_of_them(self, stand: Stand) -> None:
        """Labels and notes of an issue that is merged must not be lost with its number."""
        one, two = await stand.born("KeyError"), await stand.born("TypeError")
        await stand.born("TypeError")
        await stand.v1("PUT", f"/issues/{one}/labels/flaky", {})
        await stand.v1("POST", f"/issues/{one}/notes", {"body": "runbook 7"}, expect=201)
        merged = await stand.v1("POST", f"/issues/{one}/merge", {"ids": [two]})
        assert merged == {"parent": two, "children": [one], "state": "done", "marks_moved": True}
        marks = (await stand.v1("GET", f"/issues/marks?id={two}"))["data"][two]
        assert ([label["name"] for label in marks["labels"]], marks["notes"]) == (["flaky"], 1)
        hashes = (await stand.v1("GET", f"/issues/{two}/merged"))["data"]
        mine = next(each["id"] for each in hashes if each["latestEvent"]["title"].startswith("KeyError"))
        parted = await stand.v1("POST", f"/issues/{two}/unmerge", {"hashes": [mine]})
        assert parted["state"] == "done"
        assert (await stand.v1("GET", f"/issues/{parted['issue']}"))["title"].startswith("KeyError")
        assert len((await stand.v1("GET", f"/issues/{two}/merged"))["data"]) == 1

    async def test_labels_follow_an_issue_that_was_merged_behind_dexters_back(self, stand: Stand) -> None:
        """They stayed under the old number, where nobody looks any more."""
        one, two = await stand.born("KeyError"), await stand.born("TypeError")
        await stand.born("TypeError")
        await stand.v1("PUT", f"/issues/{one}/labels/flaky")
        await stand.v1("POST", f"/issues/{one}/notes", {"body": "runbook 7"}, expect=201)
        headers = (("Authorization", f"Bearer {OWNER}"), ("Content-Type", "application/json"))
        query = f"id={one}&id={two}"
        status, _, said = await stand.transport.request("PUT", f"{ORG}/issues/", query, b'{"merge":1}', headers)
        assert status == 200, said
        assert (await stand.v1("GET", f"/issues/{one}/context"))["id"] == two
        marks = (await stand.v1("GET", f"/issues/marks?id={one}&id={two}"))["data"]
        assert [(len(marks[each]["labels"]), marks[each]["notes"]) for each in (one, two)] == [(0, 0), (1, 1)]

    async def test_a_merge_that_sentry_is_not_through_with_is_said_to_be_under_way(
        self, stand: Stand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Sentry says yes at once; whoever then reads the numbers of before must not take them for the result."""
        monkeypatch.setattr(issue_merging, "LOOKS_S", (0.0,))
        one, two = await stand.born("KeyError"), await stand.born("TypeError")
        sandbox = stand.transport.sandbox
        sandbox.options = replace(sandbox.options, index_lag_s=3600)
        merged = await stand.v1("POST", f"/issues/{one}/merge", {"ids": [two]})
        assert merged["state"] == "pending"

    @pytest.mark.parametrize("others", [["4711"], ["4711", "4712"]])
    async def test_an_unknown_issue_stops_a_merge_before_anything_is_sent(
        self, stand: Stand, others: list[str]
    ) -> None:
        """Sentry's address for many issues falls through to a search when it knows none of the ids."""
        one = await stand.born("KeyError")
        response = await stand.visitor.send("POST", f"/api/v1/issues/{one}/merge", {"ids": others})
        assert "4711" in assert_problem(response, 404, "issues.merge")["message"]
        assert not [asked for asked in stand.transport.asked if asked.startswith("PUT")]

    async def test_issues_of_two_projects_are_not_merged(self, stand: Stand) -> None:
        """Sentry answers 200 to this and does nothing, which reads like success."""
        one, two = await stand.born("KeyError"), await stand.born("TypeError", "shop-web")
        response = await stand.visitor.send("POST", f"/api/v1/issues/{one}/merge", {"ids": [two]})
        assert "shop-api, shop-web" in assert_problem(response, 400, "issues.merge")["message"]
        assert not [asked for asked in stand.transport.asked if asked.startswith("PUT")]

    async def test_hashes_that_are_not_the_issues_or_all_of_them_are_refused(self, stand: Stand) -> None:
        """Sentry accepts both and does nothing."""
        one = await stand.born("KeyError")
        [own] = (await stand.v1("GET", f"/issues/{one}/merged"))["data"]
        for hashes, said in ((["0" * 32], "no hash"), ([own["id"]], "nothing would be left")):
            response = await stand.visitor.send("POST", f"/api/v1/issues/{one}/unmerge", {"hashes": hashes})
            assert said in assert_problem(response, 400, "issues.unmerge")["message"]
        assert not [asked for asked in stand.transport.asked if asked.startswith("PUT")]

    async def test_a_merged_issues_number_is_not_taken_for_its_survivor(self, stand: Stand) -> None:
        """Deleting the number of an issue that was merged would delete the one it went into."""
        one, two = await stand.born("KeyError"), await stand.born("TypeError")
        await stand.born("TypeError")
        await stand.v1("POST", f"/issues/{two}/merge", {"ids": [one]})
        assert_problem(await stand.visitor.send("DELETE", f"/api/v1/issues/{one}"), 404, "issues.delete")
        assert (await stand.v1("GET", f"/issues/{two}"))["id"] == two


@pytest.mark.parametrize("stand", ["sentry-9.1"], indirect=True)
async def test_an_old_server_is_asked_for_each_issue_by_itself(stand: Stand) -> None:
    """Servers of 2019 list no issues by number, and have all that Dexter keeps beside them nevertheless."""
    one, two = await stand.born("KeyError"), await stand.born("TypeError")
    await stand.v1("PUT", f"/issues/{one}/labels/flaky", {})
    await stand.v1("POST", f"/issues/{one}/notes", {"body": "old"}, expect=201)
    assert [issue["id"] for issue in (await stand.v1("GET", "/issues?query=label:flaky"))["data"]] == [one]
    assert (await stand.v1("GET", f"/issues/{one}/owners"))["me"]["assignee"] == "user:1"
    assert await stand.v1("DELETE", f"/issues/{two}", expect=202) == {"id": two, "state": "done"}


class TestEnd:
    """Deleting and discarding."""

    async def test_a_deleted_issue_is_gone_with_its_marks(self, stand: Stand) -> None:
        """What Dexter knows of an issue ends with it."""
        one = await stand.born("KeyError")
        await stand.v1("PUT", f"/issues/{one}/labels/flaky", {})
        assert await stand.v1("DELETE", f"/issues/{one}", expect=202) == {"id": one, "state": "done"}
        await stand.v1("GET", f"/issues/{one}", expect=404)
        assert (await stand.v1("GET", "/labels"))["data"][0]["issues"] == 0
        assert await stand.born("KeyError") != one

    async def test_a_discarded_issue_comes_back_only_when_the_tombstone_is_lifted(self, stand: Stand) -> None:
        """The one way to take a discard back."""
        one = await stand.born("KeyError")
        assert await stand.v1("POST", f"/issues/{one}/discard", expect=202) == {"id": one, "state": "done"}
        [stone] = (await stand.v1("GET", "/projects/shop-api/tombstones"))["data"]
        assert stone["message"] == "KeyError: KeyError happened"
        await stand.v1("DELETE", f"/projects/shop-api/tombstones/{stone['id']}", expect=204)
        assert (await stand.v1("GET", "/projects/shop-api/tombstones"))["data"] == []
        assert await stand.born("KeyError") != one


class TestCompanions:
    """Owners, alike issues, files, links, shares."""

    async def test_suggestions_say_who_and_why(self, stand: Stand) -> None:
        """An assignee picker that knows the author of the suspect commit saves a search through the history."""
        commit = {
            "id": "1" * 40,
            "message": "Faster\n\nmore",
            "author_email": "owner@example.com",
            "repository": "shop",
        }
        body = {"version": "1.0", "projects": ["shop-api"]}
        body["commits"] = [{**commit, "patch_set": [{"path": "app/shop.py", "type": "M"}]}]
        status, _, said = await stand.transport.request(
            "POST", f"{ORG}/releases/", "", msgspec.json.encode(body), (("Authorization", f"Bearer {OWNER}"),)
        )
        assert status < 300, said
        issue = await stand.born("KeyError", release="1.0")
        told = await stand.v1("GET", f"/issues/{issue}/owners")
        assert told["suggested"] == [
            {
                "type": "user", "id": "1", "name": "Olive Owner", "email": "owner@example.com",
                "reason": "committer", "detail": "Faster", "assignee": "user:1",
            }
        ]  # fmt: skip
        assert (told["me"]["assignee"], told["missing"]) == ("user:1", [])

    async def test_alike_issues_have_scores(self, stand: Stand) -> None:
        """What is alike is a candidate for merging."""
        one = await stand.born("KeyError", exception={"values": [{"type": "KeyError", "value": "no basket"}]})
        two = await stand.born("KeyError", exception={"values": [{"type": "KeyError", "value": "no baskets"}]})
        [found] = (await stand.v1("GET", f"/issues/{one}/similar"))["data"]
        assert found["issue"]["id"] == two
        assert 0.5 < found["score"] <= 1

    async def test_sharing_and_review_are_updates(self, stand: Stand) -> None:
        """Both are one click in Sentry, and one field here."""
        issue = await stand.born("KeyError")
        shown = await stand.v1("PUT", f"/issues/{issue}", {"public": True, "reviewed": True})
        assert shown["isPublic"] is True
        assert len(shown["shareId"]) == 32
        kinds = [each["type"] for each in (await stand.v1("GET", f"/issues/{issue}/activity"))["activity"]]
        assert "mark_reviewed" in kinds
        assert (await stand.v1("PUT", f"/issues/{issue}", {"public": False}))["shareId"] is None

    async def test_a_file_is_passed_on_as_it_is_and_never_shown(self, stand: Stand) -> None:
        """What a crashed app sent along may be a script; a browser must save it."""
        event_id = uuid4().hex
        issue = await stand.born("KeyError", event_id=event_id)
        project = stand.transport.db.value("SELECT id FROM projects WHERE slug = 'shop-api'")
        content = b"<script>alert(1)</script>" * 10_000
        file = stand.transport.db.insert(
            "INSERT INTO attachments (event_id, project_id, name, content_type, size, sha1, content, date_created)"
            " VALUES (?,?,?,?,?,?,?,0)",
            event_id, project, 'a"b.html', "text/html", len(content), "0" * 40, content,
        )  # fmt: skip
        listed = (await stand.v1("GET", f"/issues/{issue}/attachments"))["data"]
        assert [each["id"] for each in listed] == [str(file)]
        response = await stand.visitor.get(f"/api/v1/issues/{issue}/attachments/{file}")
        assert (response.status, response.body) == (200, content)
        assert response.headers["content-type"] == "application/octet-stream"
        assert response.headers["content-disposition"] == 'attachment; filename="ab.html"'
        assert response.headers["x-content-type-options"] == "nosniff"
        await stand.v1("DELETE", f"/issues/{issue}/attachments/{file}", expect=204)
        assert (await stand.v1("GET", f"/issues/{issue}/attachments"))["data"] == []
        assert_problem(await stand.visitor.get(f"/api/v1/issues/{issue}/attachments/{file}"), 404, "issues.attachment")

    async def test_links_to_a_tracker_come_and_go(self, stand: Stand) -> None:
        """Where one app is installed nobody has to name it."""
        issue = await stand.born("KeyError")
        form = {"url": "https://t.example/7", "project": "shop", "identifier": "7"}
        link = await stand.v1("POST", f"/issues/{issue}/external-issues", form, expect=201)
        assert [each["displayName"] for each in await stand.v1("GET", f"/issues/{issue}/external-issues")] == ["shop#7"]
        refused = await stand.visitor.send("POST", f"/api/v1/issues/{issue}/external-issues", {**form, "app": "jira"})
        assert "ticketdesk" in assert_problem(refused, 400, "issues.link")["message"]
        await stand.v1("DELETE", f"/issues/{issue}/external-issues/{link['id']}", expect=204)
        assert await stand.v1("GET", f"/issues/{issue}/external-issues") == []


class TestOwnData:
    """Labels, notes, views and searches, which Dexter keeps."""

    async def test_labels_are_made_renamed_and_taken_away(self, stand: Stand) -> None:
        """A label is one thing, whatever its case, and its new name is on all its issues."""
        issue = await stand.born("KeyError")
        label = await stand.v1("POST", "/labels", {"name": "needs info", "color": "#1a76d2"}, expect=201)
        assert_problem(await stand.visitor.send("POST", "/api/v1/labels", {"name": "Needs Info"}), 409, "labels.make")
        marked = await stand.v1("PUT", f"/issues/{issue}/labels/NEEDS%20INFO", {})
        assert [each["name"] for each in marked["labels"]] == ["needs info"]
        await stand.v1("PATCH", f"/labels/{label['id']}", {"name": "waiting"})
        marks = (await stand.v1("GET", f"/issues/marks?id={issue}&id=99"))["data"]
        assert [each["name"] for each in marks[issue]["labels"]] == ["waiting"]
        assert marks["99"] == {"labels": [], "notes": 0, "pinned": 0}
        assert (await stand.v1("DELETE", f"/issues/{issue}/labels/waiting"))["labels"] == []
        await stand.v1("DELETE", f"/labels/{label['id']}", expect=204)
        assert (await stand.v1("GET", "/labels"))["data"] == []

    @pytest.mark.parametrize("name", ['a"b', "a\tb", " ", "x" * 65])
    async def test_a_label_that_no_search_could_name_is_refused(self, stand: Stand, name: str) -> None:
        """`label:"..."` must be able to say it."""
        await stand.v1("POST", "/labels", {"name": name}, expect=422)

    async def test_an_issue_that_is_not_there_gets_no_label_and_no_note(self, stand: Stand) -> None:
        """Marks on nothing would never be seen again."""
        await stand.v1("PUT", "/issues/4711/labels/flaky", {}, expect=404)
        await stand.v1("POST", "/issues/4711/notes", {"body": "x"}, expect=404)
        assert (await stand.v1("GET", "/labels"))["data"] == []

    async def test_notes_are_pinned_and_a_change_in_between_is_told(self, stand: Stand) -> None:
        """Two people write into one note more often than they think."""
        issue = await stand.born("KeyError")
        short = (await stand.v1("GET", f"/issues/{issue}"))["shortId"]
        first = await stand.v1("POST", f"/issues/{short}/notes", {"body": "one"}, expect=201)
        await stand.v1("POST", f"/issues/{issue}/notes", {"body": "two"}, expect=201)
        path = f"/issues/{issue}/notes/{first['id']}"
        await stand.v1("PUT", path, {"pinned": True, "version": 1})
        notes = (await stand.v1("GET", f"/issues/{issue}/notes"))["data"]
        assert [(note["body"], note["pinned"]) for note in notes] == [("one", True), ("two", False)]
        late = await stand.visitor.send("PUT", f"/api/v1{path}", {"body": "mine", "version": 1})
        assert_problem(late, 409, "issues.change_note")
        await stand.v1("PUT", path, {"body": "ours", "version": 2})
        await stand.v1("DELETE", path, expect=204)
        assert [note["body"] for note in (await stand.v1("GET", f"/issues/{issue}/notes"))["data"]] == ["two"]

    async def test_views_and_searches_are_kept(self, stand: Stand) -> None:
        """A triage rota begins at the same view every morning."""
        address = {"query": "label:flaky", "status": "unresolved", "project": ["2"]}
        view = await stand.v1(
            "POST", "/views", {"name": "Rota", "address": address, "visibility": "shared"}, expect=201
        )
        assert view["address"]["project"] == ["2"]
        await stand.v1("PUT", f"/views/{view['id']}", {"name": "Morning"})
        assert [each["name"] for each in (await stand.v1("GET", "/views"))["data"]] == ["Morning"]
        await stand.v1("DELETE", f"/views/{view['id']}", expect=204)
        for query in ("is:unresolved", "timeout", "is:unresolved"):
            await stand.v1("POST", "/searches/recent", {"query": query}, expect=204)
        recent = (await stand.v1("GET", "/searches/recent"))["data"]
        assert [each["query"] for each in recent] == ["is:unresolved", "timeout"]
        await stand.v1("DELETE", f"/searches/recent/{recent[0]['id']}", expect=204)
        await stand.v1("DELETE", "/searches/recent", expect=204)
        assert (await stand.v1("GET", "/searches/recent"))["data"] == []

    async def test_labels_narrow_the_list_with_all_else_that_is_asked(self, stand: Stand) -> None:
        """`label:` and Sentry's own words in one search, page by page."""
        issues = [await stand.born(kind) for kind in ("KeyError", "TypeError", "OSError", "ValueError")]
        for issue in issues[:3]:
            await stand.v1("PUT", f"/issues/{issue}/labels/flaky", {})
        await stand.v1("PUT", f"/issues/{issues[0]}/labels/slow", {})
        await stand.v1("PUT", f"/issues/{issues[2]}", {"status": "resolved"})

        async def listed(query: str, **more: str) -> list[str]:
            parameters = urlencode({"query": query, **more})
            return [issue["id"] for issue in (await stand.v1("GET", f"/issues?{parameters}"))["data"]]

        assert set(await listed("label:flaky")) == set(issues[:2])
        assert set(await listed("label:flaky", status="all")) == set(issues[:3])
        assert await listed("label:flaky label:slow") == [issues[0]]
        assert set(await listed("label:[slow, nothing]")) == {issues[0]}
        assert await listed("label:FLAKY TypeError") == [issues[1]]
        assert set(await listed("!label:flaky")) == {issues[3]}
        assert await listed("label:nothing") == []
        first = await stand.v1("GET", "/issues?query=label:flaky&limit=1")
        cursor = quote(first["pagination"]["next"]["cursor"])
        second = await stand.v1("GET", f"/issues?query=label:flaky&limit=1&cursor={cursor}")
        assert {first["data"][0]["id"], second["data"][0]["id"]} == set(issues[:2])
        assert (first["meta"]["hits"], second["pagination"]["next"]) == (2, None)
        await stand.v1("DELETE", f"/issues/{issues[1]}/labels/flaky")
        assert await listed("label:flaky") == [issues[0]]

    @pytest.mark.parametrize("refusal", [400, 200])
    async def test_a_sentry_that_takes_no_numbers_in_a_search_is_looked_through(
        self, stand: Stand, monkeypatch: pytest.MonkeyPatch, refusal: int
    ) -> None:
        """One that refuses the term, and one that passes over it, must both give no issue without the label."""
        issues = [await stand.born(kind) for kind in ("KeyError", "TypeError", "OSError")]
        await stand.v1("PUT", f"/issues/{issues[0]}/labels/flaky", {})
        send = stand.transport.request

        async def strict(method: str, path: str, query: str = "", *more: Any) -> Any:
            if path.endswith("/issues/") and "issue.id" in query:
                if refusal == 400:
                    return 400, (("content-type", "application/json"),), b'{"detail":"Invalid key: issue.id"}'
                query = re.sub(r"issue\.id%3A%5B.*?%5D(%20)?", "", query)
            return await send(method, path, query, *more)

        monkeypatch.setattr(stand.transport, "request", strict)
        found, cursor, pages = [], "", 0
        while True:
            page = await stand.v1("GET", f"/issues?query=label:flaky&limit=1{cursor}")
            found += [issue["id"] for issue in page["data"]]
            pages += 1
            if page["pagination"]["next"] is None:
                break
            cursor = f"&cursor={quote(page['pagination']['next']['cursor'])}"
        assert found == [issues[0]]
        assert pages <= 2

    async def test_a_sentry_token_opens_none_of_dexters_own(self, stand: Stand) -> None:
        """Who Dexter does not know has no labels; and may not read what its people wrote."""
        stranger = Visitor(stand.app, {"authorization": f"Bearer {OWNER}"})
        for path in (
            "/labels",
            "/views",
            "/searches/recent",
            "/issues/marks?id=1",
            "/issues/1/notes",
            "/issues?query=label:x",
        ):
            response = await stranger.get(f"/api/v1{path}")
            assert response.status == 403, path
