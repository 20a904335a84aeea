"""What is changed through an older address: only what is named, in its order, and written down as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.gateway.legacy.conftest import Client


async def audited(client: Client, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await client.get(f"/api/v1/audit?{query}")).json()["data"]
    return rows


async def with_role(client: Client, role: str) -> dict[str, str]:
    """Add a person with a role and give the headers that they come with."""
    password = "correct horse battery staple"
    person = {"name": role, "email": f"{role}@example.org", "password": password, "roles": {"acme": role}}
    assert (await client.send("POST", "/api/v1/people", person)).status == 201
    opened = await client.send(
        "POST", "/api/v1/session", {"email": person["email"], "password": password}, {"x-dexter-token": ""}
    )
    cookie = opened.headers["set-cookie"].split(";")[0]
    return {"cookie": cookie, "x-csrf-token": opened.json()["csrf_token"], "x-dexter-token": ""}


async def test_an_issue_of_another_project_is_not_changed_by_a_projects_address(client: Client) -> None:
    """Its address names the project: whatever is not of it is out of its scope."""
    target = f"/api/v1/acme/projects/no-such-project/issues?id={client.issue}"
    told = (await client.send("PUT", target, {"status": "resolved"})).json()
    assert (told["succeeded"], told["errors"][0]["status"]) == (0, 404)
    assert client.upstream_writes() == []


async def test_several_changes_of_one_issue_are_done_in_their_order(client: Client) -> None:
    """They went side by side, and the last one written won."""
    wanted = ["resolved", "unresolved"] * 4 + ["resolved"]
    changes = [{"issue_id": client.issue, "operation_type": "status", "data": {"status": status}} for status in wanted]
    told = (await client.send("POST", "/api/v1/issues/bulk", changes)).json()
    assert [each["result"]["status"] for each in told["results"]] == wanted


async def test_the_audit_log_has_each_issue_of_a_bulk_change_with_what_it_was_and_is(client: Client) -> None:
    """It said that the issue `bulk` had been changed, from nothing to nothing."""
    changes = [
        {"issue_id": client.issue, "operation_type": "status", "data": {"status": "resolved"}},
        {"issue_id": "999999999", "operation_type": "status", "data": {"status": "resolved"}},
    ]
    await client.send("POST", "/api/v1/issues/bulk", changes)
    changed = (await audited(client, f"issue={client.issue}"))[0]
    assert (changed["action"], changed["face"], changed["outcome"]) == ("issues.update", "legacy", "done")
    assert (changed["before"]["status"], changed["after"]["status"]) == ("unresolved", "resolved")
    assert (await audited(client, "issue=999999999"))[0]["outcome"] == "refused"
    whole = (await audited(client, "action=legacy.bulk"))[0]
    assert (whole["target"], whole["after"]) == (None, {"succeeded": 1, "failed": 1})


async def test_the_audit_log_has_the_issue_and_not_the_words_of_an_old_address(client: Client) -> None:
    """It said that the `acme` with the id `issues` had been changed."""
    await client.send("PUT", f"/api/v1/acme/issues/{client.issue}/status", {"status": "resolved"})
    row = (await audited(client, "action=legacy.raw_status"))[0]
    assert row["target"] == {"kind": "issue", "id": client.issue}
    assert (row["before"]["status"], row["after"]["status"]) == ("unresolved", "resolved")


async def test_who_may_only_look_is_refused_as_a_whole(client: Client) -> None:
    """It was 200 with every change refused, and the audit log called that done."""
    viewer = await with_role(client, "viewer")
    change = {"issue_id": client.issue, "operation_type": "status", "data": {"status": "resolved"}}
    for method, target, body in (
        ("POST", "/api/v1/issues/bulk", [change]),
        ("PUT", f"/api/v1/acme/projects/{client.project}/issues?id={client.issue}", {"status": "resolved"}),
        ("POST", f"/api/v1/acme/issues/{client.issue}/tags", {"tags": ["a"]}),
    ):
        assert (await client.send(method, target, body, viewer)).status == 403, target
    assert {row["outcome"] for row in await audited(client, "person=viewer&face=legacy")} == {"refused"}
    assert client.upstream_writes() == []
