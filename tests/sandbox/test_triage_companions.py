"""What triage leans on beside the issue itself: owners, suspects, alike issues, links, shares, tombstones."""

from __future__ import annotations

import json
import sqlite3
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from tests.sandbox.conftest import START, Box, Clock, Http
from tests.sandbox.issue_births import ISSUES, born

from dexter.errors import SettingsError
from dexter.sandbox.app import build_app
from dexter.sandbox.database import SCHEMA_VERSION, Database
from dexter.sandbox.options import SandboxOptions

if TYPE_CHECKING:
    from pathlib import Path

ORG = "/api/0/organizations/acme"
PROJECT = "/api/0/projects/acme/shop-api"
TOMBSTONES = f"{PROJECT}/tombstones/"
ID = "b" * 32


async def lagging(lag_s: float) -> Box:
    clock = Clock()
    app = build_app(SandboxOptions(owner_token="sntryu_owner", index_lag_s=lag_s), clock=clock)
    return Box(app.state.sandbox, Http(app, {"authorization": "Bearer sntryu_owner"}), clock)


class TestDiscarding:
    """Discarding deletes an issue and throws away what would make it anew."""

    async def test_events_of_a_discarded_issue_are_dropped_and_counted(self, box: Box) -> None:
        """Who discards an issue never wants to see it again, and wants to know how often that would have been."""
        issue = await born(box, "KeyError")
        assert (await box.http.put(f"{ISSUES}{issue}/", {"discard": True})).status == 204
        [stone] = (await box.http.get(TOMBSTONES)).data
        assert (stone["message"], stone["timesSeen"]) == ("KeyError: KeyError happened", 0)
        assert stone["actor"]["email"] == "owner@example.com"
        frame = {"filename": "app/shop.py", "function": "KeyError", "module": "app.shop", "in_app": True}
        value = {"type": "KeyError", "value": "KeyError happened", "stacktrace": {"frames": [frame]}}
        again = await box.send({"event_id": ID, "platform": "python", "exception": {"values": [value]}})
        assert again.status == 200
        assert box.db.value("SELECT count(*) FROM events WHERE event_id = ?", ID) == 0
        assert (await box.http.get(ISSUES, query={"query": ""})).data == []
        assert (await box.http.get(TOMBSTONES)).data[0]["timesSeen"] == 1
        dropped = box.db.one("SELECT outcome, reason FROM outcomes WHERE outcome != 'accepted'")
        assert tuple(dropped) == ("filtered", "discarded-hash")

    async def test_deleting_the_tombstone_lets_the_issue_come_back(self, box: Box) -> None:
        """A discard is taken back only so; the issue comes as a new one, since the old one is gone."""
        issue = await born(box, "KeyError")
        await box.http.put(f"{ISSUES}?id={issue}", {"discard": True})
        [stone] = (await box.http.get(TOMBSTONES)).data
        assert (await box.http.delete(f"{TOMBSTONES}{stone['id']}/")).status == 204
        assert (await box.http.delete(f"{TOMBSTONES}{stone['id']}/")).status == 404
        assert await born(box, "KeyError") != issue


class TestSharing:
    """A shared issue is for whoever has its address."""

    async def test_a_shared_issue_is_read_without_a_token_and_tells_nothing_of_people(self, box: Box) -> None:
        """The page is public: the customer who met the error must not be on it."""
        issue = await born(box, "KeyError", user={"email": "eve@example.com"}, tags={"plan": "free"})
        shared = (await box.http.put(f"{ISSUES}{issue}/", {"isPublic": True})).data["shareId"]
        stranger = Http(box.http.app)
        page = await stranger.get(f"{ORG}/shared/issues/{shared}/")
        assert page.status == 200
        assert page.data["title"] == "KeyError: KeyError happened"
        assert page.data["latestEvent"]["entries"][0]["type"] == "exception"
        assert b"eve@example.com" not in page.body
        assert (await stranger.get(f"/share/issue/{shared}/")).status == 200
        await box.http.put(f"{ISSUES}{issue}/", {"isPublic": False})
        assert (await stranger.get(f"{ORG}/shared/issues/{shared}/")).status == 404

    async def test_another_organizations_address_does_not_lead_to_it(self, box: Box) -> None:
        """The address names whose issue it is; a wrong name is no way in."""
        issue = await born(box, "KeyError")
        shared = (await box.http.put(f"{ISSUES}{issue}/", {"isPublic": True})).data["shareId"]
        assert (await box.http.get(f"/api/0/organizations/other/shared/issues/{shared}/")).status == 404


async def test_alike_issues_come_with_scores_the_most_alike_first(box: Box) -> None:
    """Who finds two issues of one cause merges them; the scores say how sure that is."""

    def failed(kind: str, text: str) -> dict[str, Any]:
        return {"exception": {"values": [{"type": kind, "value": text}]}}

    issue = await born(box, "x", **failed("KeyError", "no such basket"))
    less = await born(box, "x", **failed("KeyError", "no such customer"))
    more = await born(box, "x", **failed("KeyError", "no such basket, again"))
    await born(box, "x", **failed("Overflow", "zzzz"))
    await born(box, "x", "shop-web", **failed("KeyError", "no such basket"))
    found = (await box.http.get(f"{ISSUES}{issue}/similar/")).data
    assert [item["id"] for item, _ in found] == [str(more), str(less)]
    scores = [score["exception:message:character-shingles"] for _, score in found]
    assert 1 > scores[0] > scores[1] >= 0.1
    assert len((await box.http.get(f"{ISSUES}{issue}/similar/", query={"limit": 1})).data) == 1


async def test_related_issues_share_a_trace(box: Box) -> None:
    """One request that fails in two services leaves two issues with one cause."""
    trace = {"contexts": {"trace": {"trace_id": "c" * 32, "span_id": "d" * 16}}}
    issue = await born(box, "KeyError", **trace)
    other = await born(box, "TypeError", "shop-web", **trace)
    related = (await box.http.get(f"{ISSUES}{issue}/related-issues/", query={"type": "trace_connected"})).data
    assert (related["data"], related["meta"]["trace_id"]) == ([other], "c" * 32)
    assert (await box.http.get(f"{ISSUES}{issue}/related-issues/")).data["data"] == []


class TestOwners:
    """Who may know: the owners of the code, the authors of suspect commits."""

    async def furnished(self, box: Box) -> int:
        await box.http.put(
            f"{PROJECT}/ownership/", {"raw": "path:app/** #engineering\nmodule:app.shop owner@example.com"}
        )
        commits = [
            {"id": "1" * 40, "author_email": "owner@example.com", "patch_set": [{"path": "app/shop.py", "type": "M"}]},
            {"id": "2" * 40, "author_email": "else@example.com", "patch_set": [{"path": "docs/a.md", "type": "A"}]},
        ]
        await box.http.post(f"{ORG}/releases/", {"version": "1.0", "projects": ["shop-api"], "commits": commits})
        return await born(box, "KeyError", event_id=ID, release="1.0")

    async def test_owners_are_of_the_last_rule_that_fits_first(self, box: Box) -> None:
        """Rules go from the general to the special, as in a CODEOWNERS file."""
        await self.furnished(box)
        told = (await box.http.get(f"{PROJECT}/events/{ID}/owners/")).data
        assert [owner["type"] for owner in told["owners"]] == ["user", "team"]
        assert told["rule"] == ["module", "app.shop"]
        assert told["rules"][1] == [["path", "app/**"], [["team", "engineering"]]]

    async def test_suspects_are_who_touched_the_files_of_the_trace(self, box: Box) -> None:
        """A commit elsewhere in the release is no cause for suspicion."""
        await self.furnished(box)
        [suspect] = (await box.http.get(f"{PROJECT}/events/{ID}/committers/")).data["committers"]
        assert suspect["author"]["email"] == "owner@example.com"
        assert [(commit["id"], commit["score"]) for commit in suspect["commits"]] == [("1" * 40, 2)]
        await born(box, "TypeError", event_id="e" * 32)
        assert (await box.http.get(f"{PROJECT}/events/{'e' * 32}/committers/")).status == 404

    async def test_issues_say_whom_they_suggest(self, box: Box) -> None:
        """Lists and details tell the suggestions where they are asked to."""
        issue = await self.furnished(box)
        [item] = (await box.http.get(ISSUES, query={"expand": "owners"})).data
        assert [(owner["type"], owner["owner"]) for owner in item["owners"]] == [
            ("suspectCommit", "user:1"), ("ownershipRule", "user:1"), ("ownershipRule", "team:1"),
        ]  # fmt: skip
        detail = (await box.http.get(f"{ISSUES}{issue}/", query={"expand": "owners"})).data
        assert detail["owners"] == item["owners"]
        await born(box, "TypeError", "shop-web")
        listed = (await box.http.get(ISSUES, query={"expand": "owners", "project": "shop-web"})).data
        assert listed[0]["owners"] is None


class TestLinks:
    """Issues of other trackers, linked by an installed app."""

    async def linked(self, box: Box, issue: int, number: str = "7") -> Any:
        [app] = (await box.http.get(f"{ORG}/sentry-app-installations/")).data
        body = {"issueId": issue, "webUrl": f"https://t.example/{number}", "project": "shop", "identifier": number}
        return app["uuid"], await box.http.post(f"/api/0/sentry-app-installations/{app['uuid']}/external-issues/", body)

    async def test_a_link_is_listed_searched_for_and_removed(self, box: Box) -> None:
        """Whether somebody filed a ticket decides what triage does next."""
        issue, other = await born(box, "KeyError"), await born(box, "TypeError")
        app, reply = await self.linked(box, issue)
        assert reply.data["displayName"] == "shop#7"
        assert (await box.http.get(f"{ISSUES}{issue}/external-issues/")).data == [reply.data]
        assert (await box.http.get(f"{ISSUES}{issue}/")).data["annotations"] == [
            {"displayName": "shop#7", "url": "https://t.example/7"}
        ]
        assert [item["id"] for item in (await box.http.get(ISSUES, query={"query": "is:linked"})).data] == [str(issue)]
        assert [item["id"] for item in (await box.http.get(ISSUES, query={"query": "is:unlinked"})).data] == [
            str(other)
        ]
        gone = f"/api/0/sentry-app-installations/{app}/external-issues/{reply.data['id']}/"
        assert (await box.http.delete(gone)).status == 204
        assert (await box.http.delete(gone)).status == 404
        assert (await box.http.get(f"{ISSUES}{issue}/external-issues/")).data == []

    async def test_an_app_has_one_link_to_an_issue(self, box: Box) -> None:
        """Linking again corrects the link, as in Sentry."""
        issue = await born(box, "KeyError")
        await self.linked(box, issue)
        await self.linked(box, issue, "8")
        assert [each["displayName"] for each in (await box.http.get(f"{ISSUES}{issue}/external-issues/")).data] == [
            "shop#8"
        ]

    async def test_an_unknown_issue_or_app_is_404(self, box: Box) -> None:
        """Nothing is linked to what is not there."""
        assert (await self.linked(box, 4711))[1].status == 404
        body = {"issueId": 1, "webUrl": "https://t.example", "project": "a", "identifier": "1"}
        assert (await box.http.post("/api/0/sentry-app-installations/nobody/external-issues/", body)).status == 404


class TestMentions:
    """Comments may name people, who then hear of what follows."""

    async def test_who_is_mentioned_becomes_a_participant(self, box: Box) -> None:
        """A mention is meant to reach somebody."""
        issue = await born(box, "KeyError")
        user = box.db.insert(
            "INSERT INTO users (username, email, name, date_joined) VALUES ('dev','dev@example.com','Dev',0)"
        )
        member = box.db.insert(
            "INSERT INTO members (organization_id, user_id, email, date_created) VALUES (1,?,'dev@example.com',0)", user
        )
        box.db.run("INSERT INTO team_members (team_id, member_id) VALUES (1, ?)", member)
        reply = await box.http.post(f"{ISSUES}{issue}/comments/", {"text": "look", "mentions": [f"user:{user}"]})
        assert reply.status == 201
        people = (await box.http.get(f"{ISSUES}{issue}/")).data["participants"]
        assert {person["email"] for person in people} == {"owner@example.com", "dev@example.com"}

    @pytest.mark.parametrize(
        ("mention", "text"),
        [
            ("user:4711", "Cannot mention a non team member"),
            ("team:4711", "Mentioned team not found or not associated with project"),
            ("somebody", "Could not parse actor"),
        ],
    )
    async def test_who_cannot_be_mentioned_is_refused(self, box: Box, mention: str, text: str) -> None:
        """A mention that reaches nobody must not look as if it had."""
        issue = await born(box, "KeyError")
        reply = await box.http.post(f"{ISSUES}{issue}/comments/", {"text": "look", "mentions": [mention]})
        assert reply.status == 400
        assert reply.data["mentions"][0].startswith(text)
        assert (await box.http.get(f"{ISSUES}{issue}/comments/")).data == []

    async def test_a_server_may_have_no_comments(self) -> None:
        """Some compatible servers lack them; the bare 404 is how a client tells."""
        app = build_app(SandboxOptions(owner_token="t", profile="partial-without-comments"), clock=lambda: START)
        http = Http(app, {"authorization": "Bearer t"})
        assert (await http.get("/api/0/issues/1/comments/")).data == {"detail": "Not Found"}
        assert (await http.get(f"{ISSUES}1/comments/")).status == 404
        app.state.sandbox.db.close()


class TestLag:
    """Sentry says yes at once and merges a moment later."""

    async def test_merged_issues_are_out_of_sight_until_they_have_moved(self) -> None:
        """Who reads back too early must see neither the old state nor a finished merge."""
        box = await lagging(2)
        one, two = await born(box, "KeyError"), await born(box, "TypeError")
        box.clock.tick(5)
        reply = await box.http.put(f"{ISSUES}?id={one}&id={two}", {"merge": True})
        parent = int(reply.data["merge"]["parent"])
        [child] = map(int, reply.data["merge"]["children"])
        assert (await box.http.get(f"{ISSUES}{child}/")).status == 404
        assert [item["id"] for item in (await box.http.get(ISSUES, query={"query": ""})).data] == [str(parent)]
        assert len((await box.http.get(f"{ISSUES}{parent}/hashes/")).data) == 1
        box.clock.tick(3)
        assert (await box.http.get(f"{ISSUES}{child}/")).data["id"] == str(parent)
        assert (await box.http.get(f"{ISSUES}{parent}/")).data["count"] == "2"
        hashes = [each["id"] for each in (await box.http.get(f"{ISSUES}{parent}/hashes/")).data]
        assert len(hashes) == 2
        assert (await box.http.put(f"{ISSUES}{parent}/hashes/?id={hashes[0]}")).status == 202
        assert len((await box.http.get(f"{ISSUES}{parent}/hashes/")).data) == 2
        box.clock.tick(3)
        assert len((await box.http.get(f"{ISSUES}{parent}/hashes/")).data) == 1
        box.db.close()


async def test_views_are_ones_own(box: Box) -> None:
    """A kept view is changed and forgotten by who keeps it."""
    url = f"{ORG}/group-search-views/"
    made = (await box.http.post(url, {"name": "Mine", "query": "is:unresolved", "querySort": "freq"})).data
    assert (await box.http.get(url)).data == [made]
    changed = await box.http.put(f"{url}{made['id']}/", {"name": "Ours", "query": "is:resolved"})
    assert (changed.data["name"], changed.data["querySort"]) == ("Ours", "date")
    assert (await box.http.post(url, {"name": "Bad", "query": "is:nonsense"})).data.keys() == {"query"}
    assert (await box.http.delete(f"{url}{made['id']}/")).status == 204
    assert (await box.http.put(f"{url}{made['id']}/", {"name": "a", "query": ""})).status == 404


async def test_a_search_for_a_tag_says_how_much_of_an_issue_it_is_about(box: Box) -> None:
    """A list that is narrowed to one browser must not show the counts of all of them as its own."""
    for browser, times in (("Firefox", 3), ("Chrome", 1)):
        for _ in range(times):
            await born(box, "KeyError", tags={"browser.name": browser}, user={"id": browser})
    [whole] = (await box.http.get(ISSUES, query={"query": "is:unresolved"})).data
    assert (whole["count"], whole["filtered"]) == ("4", None)
    for query, count in (("browser.name:Firefox", "3"), ("!browser.name:Firefox", "1"), ("browser.name:F*", "3")):
        [item] = (await box.http.get(ISSUES, query={"query": query, "statsPeriod": "24h"})).data
        assert (item["count"], item["filtered"]["count"]) == ("4", count)
        assert sum(number for _, number in item["filtered"]["stats"]["24h"]) == int(count)


async def test_a_body_that_is_no_text_is_the_callers_mistake(box: Box) -> None:
    """It used to be a fault of the sandbox's."""
    issue = await born(box, "KeyError")
    reply = await box.http.request("PUT", f"{ISSUES}{issue}/", body=b'{"status":"\x80"}')
    assert (reply.status, reply.data["detail"][:16]) == (400, "JSON parse error")


class TestOlderFiles:
    """A memory of an earlier version."""

    def test_a_file_of_version_1_is_brought_up_with_what_is_in_it(self, tmp_path: Path) -> None:
        """After an update `dexter up` must start, and still hold what people sent to their sandbox."""
        path = str(tmp_path / "box.sqlite")
        schema = resources.files("dexter.sandbox").joinpath("schema.sql").read_text("utf-8")
        with sqlite3.connect(path) as older:
            older.executescript(f"{schema};PRAGMA user_version=1;")
            older.execute("INSERT INTO organizations (slug, name, date_created) VALUES ('kept', 'Kept', 0)")
        older.close()
        db = Database(path, lambda: 0.0)
        assert db.value("SELECT slug FROM organizations") == "kept"
        assert db.value("PRAGMA user_version") == SCHEMA_VERSION
        assert db.all("SELECT * FROM tombstones") == []
        db.close()

    def test_a_file_of_a_later_version_is_refused_in_words(self, tmp_path: Path) -> None:
        """An older Dexter must not half understand what a newer one wrote."""
        path = str(tmp_path / "box.sqlite")
        with sqlite3.connect(path) as newer:
            newer.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
        newer.close()
        with pytest.raises(SettingsError, match="knows up to"):
            Database(path, lambda: 0.0)


def test_the_seeded_organization_has_owners_and_suspects() -> None:
    """The demo's assignee picker has somebody to suggest for most issues."""
    app = build_app(SandboxOptions(owner_token="t", issues=40), clock=lambda: START)
    db = app.state.sandbox.db
    from dexter.sandbox.issue_owners import suggested

    ids = [row["id"] for row in db.all("SELECT id FROM issues")]
    told = suggested(db, ids)
    kinds = json.dumps(list(told.values()))
    assert len(told) > len(ids) / 2
    assert "suspectCommit" in kinds
    assert "team:" in kinds
    db.close()
