"""People over HTTP: accounts, roles, tokens for scripts, linked Sentry tokens, and what each may do on every face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import msgspec
import pytest
from tests.doubles.sentry_double import FakeClock, SentryDouble, ok

from dexter.features.people_passwords import Passwords

from .conftest import SERVICE_TOKEN, Visitor

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.doubles.asgi_client import Response

    from dexter.app import Application
    from dexter.wire import Answer, Call

PASSWORD = "a long enough one"
MAY = ok(b'{"version":"0","auth":{"scopes":["event:write"]},"user":{"id":"7","name":"Ada at Sentry","email":"a@b.c"}}')


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash with little memory: what is tested here is not how long a guess takes."""
    from argon2 import PasswordHasher

    quick = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1)
    monkeypatch.setattr(Passwords, "_hasher", lambda _: quick)


class Known(Visitor):
    """Somebody who signed in by password."""

    csrf_token = ""
    id = ""

    async def send(self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        return await super().send(method, target, body, {"x-csrf-token": self.csrf_token} | (headers or {}))


Join = "Callable[..., Awaitable[Known]]"


@pytest.fixture
def join(gateway: Application, operator: Visitor) -> Callable[..., Awaitable[Known]]:
    """Add a person, and give them signed in."""

    async def joined(name: str = "Ada", **fields: Any) -> Known:
        email = f"{name.lower()}@example.org"
        added = await operator.send(
            "POST", "/api/v1/people", {"name": name, "email": email, "password": PASSWORD} | fields
        )
        assert added.status == 201, added.body
        known = Known(gateway, {})
        opened = await Visitor.send(known, "POST", "/api/v1/session", {"email": email.upper(), "password": PASSWORD})
        assert opened.status == 200, opened.body
        known.csrf_token, known.id = opened.json()["csrf_token"], added.json()["id"]
        return known

    return joined


async def test_a_person_signs_in_by_address_and_password(join: Callable[..., Awaitable[Known]]) -> None:
    """And the workbench knows who they are and what they may."""
    ada = await join(roles={"acme": "triager"})
    document = (await ada.get("/api/v1/session")).json()
    assert document["user"] == {
        "id": ada.id,
        "name": "Ada",
        "email": "ada@example.org",
        "role": "triager",
        "is_admin": False,
        "built_in": False,
        "has_password": True,
        "linked_sentry": None,
    }


@pytest.mark.parametrize(
    "body",
    [
        {"email": "ada@example.org", "password": "wrong password"},
        {"email": "nobody@example.org", "password": PASSWORD},
        {"email": "gone@example.org", "password": PASSWORD},
        {"email": "nopassword@example.org", "password": PASSWORD},
    ],
)
async def test_whoever_guesses_learns_nothing(
    join: Callable[..., Awaitable[Known]], operator: Visitor, stranger: Visitor, body: dict[str, str]
) -> None:
    """An answer that told a wrong password from an unknown address would list who works here."""
    await join()
    gone = await join("Gone")
    await operator.send("PATCH", f"/api/v1/people/{gone.id}", {"disabled": True})
    await operator.send("POST", "/api/v1/people", {"name": "No", "email": "nopassword@example.org"})
    refused = await stranger.send("POST", "/api/v1/session", body)
    assert (refused.status, refused.json()["message"]) == (401, "The e-mail address or the password is wrong.")
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("body", [{}, {"email": "a@b.c"}, {"token": "t", "email": "a@b.c", "password": "p"}])
async def test_one_signs_in_one_way(stranger: Visitor, body: dict[str, str]) -> None:
    """Nobody could tell whose session was meant."""
    assert (await stranger.send("POST", "/api/v1/session", body)).status == 422


async def test_guessing_at_one_account_is_slowed_down_from_wherever_it_comes(
    gateway: Application, join: Callable[..., Awaitable[Known]], stranger: Visitor, clock: FakeClock
) -> None:
    """Many addresses are cheap."""
    await join()
    for _ in range(10):
        await stranger.send("POST", "/api/v1/session", {"email": "ada@example.org", "password": "guess guess"})
    right = {"email": "Ada@example.org", "password": PASSWORD}
    assert (await stranger.send("POST", "/api/v1/session", right)).status == 429
    clock.pass_s(61)
    assert (await stranger.send("POST", "/api/v1/session", right)).status == 200


async def test_a_disabled_person_is_out_at_once_and_back_when_enabled(
    join: Callable[..., Awaitable[Known]], operator: Visitor
) -> None:
    """Whoever leaves must not go on reading until a session expires; tokens come back, sessions do not."""
    ada = await join(roles={"acme": "viewer"})
    token = (await ada.send("POST", "/api/v1/tokens", {"name": "ci", "scopes": ["read"]})).json()["token"]
    script = Visitor(ada.app, {"x-dexter-token": token})
    assert (await script.get("/api/v1/session")).status == 200
    assert (await operator.send("PATCH", f"/api/v1/people/{ada.id}", {"disabled": True})).json()["disabled_at"]
    for caller in (ada, script):
        assert (await caller.get("/api/v1/session")).status == 401
    await operator.send("PATCH", f"/api/v1/people/{ada.id}", {"disabled": False})
    assert (await script.get("/api/v1/session")).status == 200
    assert (await ada.get("/api/v1/session")).status == 401


READ = ("GET", "/api/v1/issues/1", None)
CHANGE = ("PUT", "/api/v1/issues/1", {"status": "resolved"})
READ_THERE = ("GET", "/api/0/organizations/acme/issues/", None)
CHANGE_THERE = ("PUT", "/api/0/organizations/acme/issues/1/", {"status": "resolved"})
SETTINGS_THERE = ("POST", "/api/0/organizations/acme/teams/", {"name": "x"})
ELSEWHERE = ("GET", "/api/v1/issues?organization=globex", None)
ELSEWHERE_THERE = ("GET", "/api/0/organizations/globex/issues/", None)
ANYWHERE_THERE = ("GET", "/api/0/issues/1/", None)
PEOPLE = ("GET", "/api/v1/people", None)


@pytest.mark.parametrize(
    ("role", "permitted", "refused"),
    [
        (
            "viewer",
            (READ, READ_THERE),
            (CHANGE, CHANGE_THERE, SETTINGS_THERE, ELSEWHERE, ELSEWHERE_THERE, ANYWHERE_THERE, PEOPLE),
        ),
        (
            "triager",
            (READ, READ_THERE, CHANGE, CHANGE_THERE),
            (SETTINGS_THERE, ELSEWHERE, ELSEWHERE_THERE, ANYWHERE_THERE, PEOPLE),
        ),
        (
            "admin",
            (READ, READ_THERE, CHANGE, CHANGE_THERE, SETTINGS_THERE, PEOPLE),
            (ELSEWHERE, ELSEWHERE_THERE, ANYWHERE_THERE),
        ),
    ],
)
async def test_a_role_is_what_a_person_may_on_every_face(
    join: Callable[..., Awaitable[Known]],
    sentry: SentryDouble,
    role: str,
    permitted: tuple[tuple[str, str, Any], ...],
    refused: tuple[tuple[str, str, Any], ...],
) -> None:
    """The drop-in face must not do what the workbench refuses; what is refused never reaches Sentry."""
    sentry.will(ok(b'{"id":"1"}'))
    ada = await join(roles={"acme": role})
    for question in permitted:
        assert (await ada.send(*question)).status == 200, question
    sentry.calls.clear()
    for question in refused:
        answer = await ada.send(*question)
        assert answer.status == 403, question
        assert "Ada" in answer.json()["detail"], question
    assert sentry.calls == []


async def test_a_refusal_names_whom_to_ask(join: Callable[..., Awaitable[Known]]) -> None:
    """The one thing that whoever is refused can do."""
    await join("Grace", is_admin=True)
    ada = await join(roles={"acme": "viewer"})
    told = (await ada.send(*CHANGE)).json()
    assert told["message"] == "This needs the role triager in acme, where Ada is viewer."
    assert told["remedy"].startswith("Ask Grace, who can give roles in acme")


async def test_a_stored_answer_is_shared_among_people_but_not_with_those_without_a_role(
    join: Callable[..., Awaitable[Known]], operator: Visitor, sentry: SentryDouble
) -> None:
    """All ask with Dexter's credential, so what one fetched another need not; who may see it is asked each time."""
    sentry.will(ok(b"[]"))
    await operator.get("/api/v1/issues")
    ada, nemo = await join(roles={"acme": "viewer"}), await join("Nemo")
    sentry.calls.clear()
    assert (await ada.get("/api/v1/issues")).headers["cache-status"].startswith("Dexter; hit")
    assert (await nemo.get("/api/v1/issues")).status == 403
    assert sentry.calls == []


async def test_a_role_that_is_taken_away_is_gone_with_the_next_request(
    join: Callable[..., Awaitable[Known]], operator: Visitor, sentry: SentryDouble
) -> None:
    """Also for an answer that stood ready for exactly this caller."""
    sentry.will(ok(b"[]"))
    ada = await join(roles={"acme": "viewer"})
    for _ in range(3):
        assert (await ada.get("/api/v1/issues")).status == 200
    changed = await operator.send("PUT", f"/api/v1/people/{ada.id}/roles/acme", {"role": None})
    assert changed.json()["roles"] == {}
    assert (await ada.get("/api/v1/issues")).status == 403


async def test_a_token_is_shown_once_and_goes_as_far_as_its_scopes(
    join: Callable[..., Awaitable[Known]], sentry: SentryDouble, clock: FakeClock
) -> None:
    """A script gets what it needs and no more, on both faces, and its person sees when it was last used."""
    sentry.will(ok(b'{"id":"1"}'))
    ada = await join(roles={"*": "triager"})
    wanted = {"name": "ci", "scopes": ["read"], "organization": "Acme", "expires_in_days": 1}
    made = (await ada.send("POST", "/api/v1/tokens", wanted)).json()
    token = made.pop("token")
    assert token.endswith(made["hint"])
    listed = await ada.get("/api/v1/tokens")
    assert token not in listed.body.decode()
    assert listed.json()["data"] == [made]
    for headers in ({"x-dexter-token": token}, {"authorization": f"Bearer {token}"}):
        script = Visitor(ada.app, headers)
        assert (await script.send(*READ)).status == 200
        assert (await script.send(*READ_THERE)).status == 200
        assert (await script.send(*ELSEWHERE)).status == 403
        refused = await script.send(*CHANGE)
        assert "scope triage" in refused.json()["message"]
        assert (await script.send(*CHANGE_THERE)).status == 403
        assert (await script.send("POST", "/api/v1/tokens", wanted)).status == 403
        assert (await script.send("PUT", "/api/v1/me/password", {"new": "x" * 20})).status == 403
    assert {call.credential.authorization for call in sentry.calls} == {f"Bearer {SERVICE_TOKEN}"}
    clock.pass_s(60)
    await script.send(*READ)
    (used,) = (await ada.get("/api/v1/tokens")).json()["data"]
    assert used["last_used_at"] > used["created_at"]
    clock.pass_s(86_400)
    assert (await script.send(*READ)).status == 401


async def test_a_revoked_token_is_refused_and_never_sent_to_sentry(
    join: Callable[..., Awaitable[Known]], sentry: SentryDouble
) -> None:
    """A Bearer that is no longer Dexter's must not be taken for Sentry's."""
    ada, bob = await join(roles={"acme": "admin"}), await join("Bob", roles={"acme": "admin"})
    made = (await ada.send("POST", "/api/v1/tokens", {"name": "ci", "scopes": ["triage"]})).json()
    script = Visitor(ada.app, {"authorization": f"Bearer {made['token']}"})
    assert (await script.send(*READ_THERE)).status == 200
    sentry.calls.clear()
    assert (await bob.send("DELETE", f"/api/v1/tokens/{made['id']}")).status == 404
    assert (await ada.send("DELETE", f"/api/v1/tokens/{made['id']}")).status == 204
    answer = await script.send(*READ_THERE)
    assert (answer.status, "token of this Dexter" in answer.json()["detail"]) == (401, True)
    assert sentry.calls == []


async def test_who_may_administer_whom(join: Callable[..., Awaitable[Known]], operator: Visitor) -> None:
    """An organization's administrator gives roles there, and becomes nothing more by it."""
    of_acme, of_all = await join(roles={"acme": "admin"}), await join("Olga", roles={"*": "admin"})
    bob = await join("Bob")
    path = f"/api/v1/people/{bob.id}"
    assert (await of_acme.send("PUT", f"{path}/roles/acme", {"role": "viewer"})).status == 200
    for method, target, body in (
        ("PUT", f"{path}/roles/globex", {"role": "viewer"}),
        ("PUT", f"{path}/roles/*", {"role": "viewer"}),
        ("PUT", f"/api/v1/people/{of_acme.id}/roles/*", {"role": "admin"}),
        ("PATCH", path, {"password": "x" * 20}),
        ("POST", "/api/v1/people", {"name": "Eve", "is_admin": True}),
        ("DELETE", path, None),
        ("GET", f"/api/v1/sessions?person={bob.id}", None),
        ("DELETE", f"/api/v1/sessions?person={bob.id}", None),
    ):
        assert (await of_acme.send(method, target, body)).status == 403, (method, target)
        assert (await bob.send(method, target, body)).status in (403, 200 if bob.id in target else 403)
    assert (await of_all.send("PUT", f"{path}/roles/*", {"role": "triager"})).json()["roles"]["*"] == "triager"
    assert (await of_all.send("DELETE", f"/api/v1/sessions?person={bob.id}")).json()["ended"] >= 0
    assert (await of_all.send("DELETE", path)).status == 204
    assert (await of_all.send("PATCH", path, {"name": "x"})).status == 404
    names = [each["name"] for each in (await operator.get("/api/v1/people")).json()["data"]]
    assert names == ["Administrator", "Ada", "Olga"]


async def test_nobody_locks_themselves_or_the_built_in_administrator_out(
    join: Callable[..., Awaitable[Known]], operator: Visitor
) -> None:
    """Somebody must always be able to let people in again."""
    olga = await join("Olga", is_admin=True)
    built_in = (await operator.get("/api/v1/people")).json()["data"][0]
    assert built_in["built_in"]
    for person in (olga.id, built_in["id"]):
        for method, body in (("PATCH", {"disabled": True}), ("PATCH", {"is_admin": False}), ("DELETE", None)):
            assert (await olga.send(method, f"/api/v1/people/{person}", body)).status == 400, (method, body)
    assert (await operator.get("/api/v1/people")).status == 200


async def test_a_new_password_ends_every_other_session(
    join: Callable[..., Awaitable[Known]], gateway: Application
) -> None:
    """Whoever changes it because somebody else knew it must be rid of them."""
    ada = await join()
    other = Visitor(gateway, {})
    await other.send("POST", "/api/v1/session", {"email": "ada@example.org", "password": PASSWORD})
    change = {"current": "not this one", "new": "another long one"}
    assert (await ada.send("PUT", "/api/v1/me/password", change)).status == 403
    assert (await ada.send("PUT", "/api/v1/me/password", {"current": PASSWORD, "new": "short"})).status == 400
    assert (await ada.send("PUT", "/api/v1/me/password", change | {"current": PASSWORD})).status == 204
    assert (await ada.get("/api/v1/session")).status == 200
    assert (await other.get("/api/v1/session")).status == 401
    old = {"email": "ada@example.org", "password": PASSWORD}
    assert (await other.send("POST", "/api/v1/session", old)).status == 401


async def test_a_person_changes_their_own_name_and_address(join: Callable[..., Awaitable[Known]]) -> None:
    """The address signs in, so that a session alone does not change it."""
    ada, _ = await join(), await join("Bob")
    assert (await ada.send("PATCH", "/api/v1/me", {"name": "  Ada Lovelace "})).json()["name"] == "Ada Lovelace"
    assert (await ada.send("PATCH", "/api/v1/me", {"email": "new@example.org"})).status == 403
    taken = await ada.send("PATCH", "/api/v1/me", {"email": "bob@example.org", "current": PASSWORD})
    assert (taken.status, "already" in taken.json()["message"]) == (400, True)
    changed = await ada.send("PATCH", "/api/v1/me", {"email": "New@example.org", "current": PASSWORD})
    assert changed.json()["email"] == "new@example.org"
    assert (await ada.send("PATCH", "/api/v1/me", {})).status == 400


async def test_a_linked_token_changes_in_its_persons_name_and_reads_stay_shared(
    join: Callable[..., Awaitable[Known]], operator: Visitor, sentry: SentryDouble
) -> None:
    """Comments and assignments carry the person's name; what was read before is stale for everybody at once."""
    sentry.will(MAY)
    ada, bob = await join(roles={"acme": "triager"}), await join("Bob", roles={"acme": "viewer"})
    linked = await ada.send("PUT", "/api/v1/me/sentry-token", {"token": "sntryu_adas-own"})
    assert linked.json() == {"name": "Ada at Sentry", "email": "a@b.c"}
    assert (await ada.get("/api/v1/session")).json()["user"]["linked_sentry"] == linked.json()
    sentry.will(ok(b'{"id":"1"}'))
    await bob.send(*READ)
    sentry.calls.clear()
    assert (await bob.send(*READ)).headers.get("cache-status", "").startswith("Dexter; hit")
    for question in (CHANGE, CHANGE_THERE):
        assert (await ada.send(*question)).status == 200
    assert [call.credential.authorization for call in sentry.changes] == ["Bearer sntryu_adas-own"] * 2
    sentry.calls.clear()
    await bob.send(*READ)
    assert [call.credential.authorization for call in sentry.calls] == [f"Bearer {SERVICE_TOKEN}"]
    assert (await ada.send("DELETE", "/api/v1/me/sentry-token")).status == 204
    assert (await ada.send("DELETE", "/api/v1/me/sentry-token")).status == 404
    sentry.calls.clear()
    await ada.send(*CHANGE)
    assert [call.credential.authorization for call in sentry.changes] == [f"Bearer {SERVICE_TOKEN}"]
    told = (await operator.get("/api/v1/audit?person=Ada&issue=1")).json()["data"]
    assert [row["sentry_account"] for row in told] == ["Dexter's account", "a@b.c", "a@b.c"]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (ok(b'{"detail":"Invalid token"}', status=401), "does not accept"),
        (ok(b'{"version":"0","auth":null,"user":null}'), "does not know this token"),
        (ok(b'{"version":"0","auth":{"scopes":["org:read"]},"user":null}'), "stands for no person"),
        (ok(b'{"version":"0","auth":{"scopes":["event:read"]},"user":{"id":"7"}}'), "event:write"),
    ],
)
async def test_a_token_that_could_change_nothing_is_not_linked(
    join: Callable[..., Awaitable[Known]], sentry: SentryDouble, reply: Answer, said: str
) -> None:
    """Otherwise the first change would fail, long after anybody remembers why."""
    ada = await join()
    sentry.will(reply)
    refused = await ada.send("PUT", "/api/v1/me/sentry-token", {"token": "sntryu_adas-own"})
    assert (refused.status, said in refused.json()["message"]) == (400, True), refused.body
    assert (await ada.get("/api/v1/session")).json()["user"]["linked_sentry"] is None


@pytest.mark.parametrize(
    ("status", "said"), [(401, "no longer accepts the token that Ada linked"), (403, "does not let")]
)
async def test_a_dead_link_says_so_and_who_must_act(
    join: Callable[..., Awaitable[Known]], sentry: SentryDouble, status: int, said: str
) -> None:
    """A 401 of Dexter's own would sign the person out; Dexter's credential must not step in under another name."""
    sentry.will(MAY)
    ada = await join(roles={"acme": "triager"})
    await ada.send("PUT", "/api/v1/me/sentry-token", {"token": "sntryu_adas-own"})
    sentry.will(ok(b'{"detail":"You do not have permission"}', status=status))
    sentry.calls.clear()
    told = await ada.send(*CHANGE)
    assert (told.status, said in told.json()["message"]) == (403, True), told.body
    assert told.json()["remedy"].startswith("Ada must link")
    there = await ada.send(*CHANGE_THERE)
    assert there.status == 403
    if status == 401:
        assert said in there.json()["detail"]
    assert {call.credential.authorization for call in sentry.changes} == {"Bearer sntryu_adas-own"}
    sentry.will(ok(b'{"id":"1"}'))
    assert (await ada.send(*READ)).status == 200


async def test_a_linked_token_is_nowhere_to_be_read(
    join: Callable[..., Awaitable[Known]], sentry: SentryDouble, tmp_path_files: Callable[[], list[bytes]]
) -> None:
    """Whoever copies the data directory's database gets no Sentry tokens by it."""
    sentry.will(MAY)
    ada = await join(roles={"acme": "triager"})
    token = "sntryu_adas-own-secret"
    assert token not in (await ada.send("PUT", "/api/v1/me/sentry-token", {"token": token})).body.decode()
    assert token not in (await ada.get("/api/v1/session")).body.decode()
    assert not any(token.encode() in content for content in tmp_path_files())


@pytest.fixture
def tmp_path_files(tmp_path: Any) -> Callable[[], list[bytes]]:
    return lambda: [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]


async def test_me_is_the_person_and_not_dexters_credential(
    join: Callable[..., Awaitable[Known]], operator: Visitor, sentry: SentryDouble
) -> None:
    """What somebody takes must not be assigned to the service account."""
    ada = await join(roles={"acme": "triager"})
    take = ("PUT", "/api/v1/issues/1", {"assignee": "me"})
    unknown = await ada.send(*take)
    assert (unknown.status, "does not know which user of Sentry Ada is" in unknown.json()["message"]) == (400, True)
    await operator.send("PATCH", f"/api/v1/people/{ada.id}", {"sentry_user_id": "42"})
    assert (await ada.send(*take)).status == 200
    sentry.will(MAY)
    await ada.send("PUT", "/api/v1/me/sentry-token", {"token": "sntryu_adas-own"})
    sentry.will(ok(b'{"id":"1"}'))
    assert (await ada.send(*take)).status == 200
    assert [assigned(call) for call in sentry.calls if call.method == "PUT"] == ["user:42", "user:7"]


async def test_a_search_for_ones_own_is_not_answered_with_the_service_accounts(
    join: Callable[..., Awaitable[Known]], operator: Visitor, sentry: SentryDouble
) -> None:
    """ "Assigned to me" that showed another's issues would be believed."""
    ada = await join(roles={"acme": "triager"})
    sentry.will(MAY)
    await ada.send("PUT", "/api/v1/me/sentry-token", {"token": "sntryu_adas-own"})
    bob = await join("Bob", roles={"acme": "triager"})
    sentry.will(ok(b"[]"))
    sentry.calls.clear()
    for who in (ada, bob, operator):
        assert (await who.get("/api/v1/issues?query=assigned%3Ame")).status == 200
    asked = [unquote(call.query) for call in sentry.calls]
    assert ["assigned:a@b.c" in asked[0], "assigned:bob@example.org" in asked[1], "assigned:me" in asked[2]] == [
        True
    ] * 3


def assigned(call: Call) -> Any:
    assert isinstance(call.body, bytes)
    return msgspec.json.decode(call.body)["assignedTo"]


async def test_the_printed_token_is_the_built_in_administrator_everywhere(
    operator: Visitor, visitor: Callable[..., Visitor], sentry: SentryDouble
) -> None:
    """One person on a laptop notices none of it."""
    sentry.will(ok(b'{"id":"1","name":"Olive"}'))
    user = (await operator.get("/api/v1/session")).json()["user"]
    assert (user["name"], user["role"], user["is_admin"], user["built_in"]) == ("Olive", "admin", True, True)
    for question in (READ, READ_THERE, CHANGE, CHANGE_THERE, SETTINGS_THERE, ELSEWHERE, ANYWHERE_THERE, PEOPLE):
        assert (await operator.send(*question)).status not in (401, 403), question


async def test_a_sentry_token_is_nobody_here(owner: Visitor) -> None:
    """What its bearer may do is Sentry's to say; accounts are for those whom Dexter knows."""
    assert (await owner.get("/api/v1/session")).json()["user"]["id"] is None
    for target in ("/api/v1/people", "/api/v1/sessions", "/api/v1/tokens"):
        assert (await owner.get(target)).status == 403
    assert (await owner.send(*CHANGE)).status == 200
