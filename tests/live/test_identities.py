"""Two callers with different rights never see each other's answers."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from bench.stand import Gateway, Sandbox, request

LIST = "/api/0/organizations/acme/issues/?limit=100"
READ = ["org:read", "project:read", "event:read"]


@pytest.fixture(scope="module")
def narrow(sandbox: Sandbox) -> str:
    """A token that reaches one project only."""
    return sandbox.new_token(scopes=READ, projects=["shop-api"])


def projects_seen(gateway: Gateway, token: str) -> set[str]:
    reply = gateway.api0("GET", LIST, token=token)
    assert reply.status == 200, reply.body
    return {issue["project"]["slug"] for issue in reply.json()}


def test_a_warm_list_is_not_shared_between_two_tokens(sandbox: Sandbox, gateway: Gateway, narrow: str) -> None:
    """The wide answer lies in the cache when the narrow token asks for the same address, and the other way round."""
    for _ in range(2):
        assert len(projects_seen(gateway, sandbox.token)) > 1
        assert projects_seen(gateway, narrow) == {"shop-api"}


def test_a_crowd_of_two_tokens_is_never_coalesced_across_them(sandbox: Sandbox, gateway: Gateway, narrow: str) -> None:
    """Calls on their way at the same time share a flight only within one identity."""
    sandbox.faults(latency_ms=200)
    tokens = [sandbox.token, narrow] * 10
    with ThreadPoolExecutor(len(tokens)) as pool:
        answers = list(pool.map(lambda token: gateway.api0("GET", LIST + "&sort=new", token=token).json(), tokens))
    for token, issues in zip(tokens, answers, strict=True):
        seen = {issue["project"]["slug"] for issue in issues}
        assert (seen == {"shop-api"}) == (token == narrow)


def test_a_strangers_token_gets_401_on_a_warm_list(sandbox: Sandbox, gateway: Gateway) -> None:
    """A kept answer must not outlive the question whether its reader may have it."""
    assert gateway.api0("GET", LIST, token=sandbox.token).status == 200
    assert gateway.api0("GET", LIST, token="sntryu_" + "0" * 64).status == 401


def test_a_token_without_the_scope_gets_403_on_a_warm_list(sandbox: Sandbox, gateway: Gateway) -> None:
    """The right token for something else is not the right token for this."""
    releases_only = sandbox.new_token(scopes=["project:releases"])
    assert gateway.api0("GET", LIST, token=sandbox.token).status == 200
    assert gateway.api0("GET", LIST, token=releases_only).status == 403


def test_no_credential_gets_401_in_each_faces_own_form(gateway: Gateway) -> None:
    """Sentry's clients read `detail`; Dexter's read problem+json."""
    for address, form in (("/api/0/organizations/acme/issues/", "detail"), ("/api/v1/issues", "remedy")):
        reply = request("GET", gateway.url + address)
        assert reply.status == 401
        assert form in reply.json()


def test_a_slip_in_a_script_changes_nothing_with_dexters_rights(sandbox: Sandbox, gateway: Gateway) -> None:
    """Sentry would resolve, or delete, whatever its search finds; a change that says what it is about goes through."""
    before = sandbox.api("GET", f"{LIST}&query=is:unresolved").json()
    number, path = before[0]["id"], "/api/0/organizations/acme/issues/"
    slips = [("PUT", ""), ("PUT", f"?id[]={number}"), ("PUT", "?id=999999999"), ("DELETE", ""), ("DELETE", "?query=x")]
    refused = [
        gateway.api0(method, path + said, token=gateway.token, body={"status": "resolved"}) for method, said in slips
    ]
    assert [reply.status for reply in refused] == [400, 400, 404, 400, 400]
    assert all("detail" in reply.json() for reply in refused)
    assert len(sandbox.api("GET", f"{LIST}&query=is:unresolved").json()) == len(before)
    done = gateway.api0("PUT", f"{path}?id={number}", token=gateway.token, body={"status": "resolved"})
    assert (done.status, done.json()["status"]) == (200, "resolved")
    within = f"/api/0/projects/acme/{before[0]['project']['slug']}/issues/?id={number}"
    again = gateway.api0("PUT", within, token=gateway.token, body={"status": "unresolved"})
    assert (again.status, again.json()["status"]) == (200, "unresolved")
