"""The door: hosts, origins, sizes, headers on every answer, and what becomes of an error nobody expected."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.asgi_client import request
from tests.doubles.sentry_double import SentryDouble, ok

from dexter.catalog.table import operations
from dexter.errors import Forbidden
from dexter.gateway.entrance import is_passed_through
from dexter.gateway.guard import Misdirected, check_host, check_origin, host_name

if TYPE_CHECKING:
    from dexter.app import Application

    from .conftest import Visitor


@pytest.mark.parametrize(
    ("host", "bound_to", "allowed", "passes"),
    [
        ("localhost:8000", "127.0.0.1", (), True),
        ("localhost", "127.0.0.1", (), True),
        ("dexter.localhost:8000", "127.0.0.1", (), True),
        ("127.0.0.1:8000", "127.0.0.1", (), True),
        ("127.8.8.8", "127.0.0.1", (), True),
        ("[::1]:8000", "127.0.0.1", (), True),
        ("LOCALHOST:8000", "127.0.0.1", (), True),
        ("evil.example:8000", "127.0.0.1", (), False),
        ("localhost.evil.example", "127.0.0.1", (), False),
        ("127.0.0.1.evil.example", "127.0.0.1", (), False),
        ("10.0.0.5:8000", "127.0.0.1", (), False),
        ("10.0.0.5:8000", "0.0.0.0", (), True),
        ("evil.example", "0.0.0.0", (), False),
        ("dexter.corp.example", "0.0.0.0", ("dexter.corp.example",), True),
        ("Dexter.Corp.Example:443", "127.0.0.1", ("dexter.corp.example",), True),
        ("gateway", "gateway", (), True),
        ("", "127.0.0.1", (), False),
        (None, "127.0.0.1", (), False),
        ("localhost:8000@evil.example", "127.0.0.1", (), False),
        ("localhost/evil", "127.0.0.1", (), False),
        ("localhost:port", "127.0.0.1", (), False),
    ],
)
def test_the_gateway_answers_to_its_own_names_only(
    host: str | None, bound_to: str, allowed: tuple[str, ...], passes: bool
) -> None:
    """A page elsewhere can point a name of its own at this machine, but not choose these names."""
    with nullcontext() if passes else pytest.raises(Misdirected):
        check_host(host, bound_to=bound_to, allowed=allowed)


@pytest.mark.parametrize(
    ("origin", "host", "passes"),
    [
        (None, "localhost:8000", True),
        ("http://localhost:8000", "localhost:8000", True),
        ("https://dexter.example", "dexter.example", True),
        ("http://localhost:5173", "localhost:8000", False),
        ("http://evil.example", "localhost:8000", False),
        ("null", "localhost:8000", False),
        ("", "localhost:8000", False),
        ("null", "null", False),
    ],
)
def test_only_the_gateways_own_pages_may_call_it(origin: str | None, host: str, passes: bool) -> None:
    """Other clients send no Origin at all; a browser always does when another page calls."""
    with nullcontext() if passes else pytest.raises(Forbidden):
        check_origin(origin, host)


BEHIND_A_PROXY = {"DEXTER_PUBLIC_URL": "https://dexter.example"}


@pytest.mark.parametrize("environment", [BEHIND_A_PROXY], indirect=True)
@pytest.mark.parametrize("host", ["dexter.example", "localhost:8000"])
async def test_behind_a_proxy_the_public_address_is_the_gateways_own(
    stranger: Visitor, owner: Visitor, sentry: SentryDouble, host: str
) -> None:
    """The proxy ends TLS and may pass on a name of its own; the browser and every link know the public one."""
    headers = {"host": host, "origin": "https://dexter.example"}
    signed_in = await stranger.send("POST", "/api/v1/session", {"token": "dexter-access-token"}, headers)
    assert signed_in.status == 200
    assert "Secure" in signed_in.headers["set-cookie"]
    refused = await stranger.send(
        "POST", "/api/v1/session", {"token": "x"}, headers | {"origin": "https://evil.example"}
    )
    assert refused.status == 403
    link = '<https://sentry.example/api/0/organizations/acme/issues/?&cursor=0:1:0>; rel="next"; results="true"'
    sentry.will(ok(b"[]", headers=(("Content-Type", "application/json"), ("Link", link))))
    answer = await owner.get("/api/0/organizations/acme/issues/", {"host": host})
    assert answer.headers["link"].startswith("<https://dexter.example/api/0/")


@pytest.mark.parametrize(("host", "name"), [("a:80", "a"), ("[::1]", "::1"), ("a b", None), ("a@b", None), ("[", None)])
def test_a_host_header_is_a_name_and_perhaps_a_port(host: str, name: str | None) -> None:
    """Two readers of one header that disagree are how checks are passed by."""
    assert host_name(host) == name


async def test_a_foreign_host_or_origin_reaches_no_face(operator: Visitor, sentry: SentryDouble) -> None:
    """Each face answers the refusal in its own form."""
    for target in ("/api/v1/issues", "/api/0/organizations/acme/issues/", "/", "/health"):
        for headers, status in (({"host": "evil.example"}, 421), ({"origin": "http://evil.example"}, 403)):
            refused = await operator.get(target, headers)
            assert refused.status == status
            assert refused.json()["detail"]
            assert ("remedy" in refused.json()) == (not target.startswith("/api/0"))
    assert sentry.calls == []


@pytest.mark.parametrize("target", ["/", "/health", "/api/v1/issues", "/api/v1/none", "/docs", "/none.js"])
async def test_every_answer_of_dexters_own_carries_the_security_headers(stranger: Visitor, target: str) -> None:
    """One page without them is the page that gets framed or sniffed."""
    headers = (await stranger.get(target)).headers
    policy = headers["content-security-policy"]
    for rule in ("default-src 'none'", "script-src 'self';", "frame-ancestors 'none'", "base-uri 'none'"):
        assert rule in f"{policy};"
    assert headers["x-content-type-options"] == "nosniff"
    assert not [name for name in headers if name.startswith("access-control-")]


async def test_what_passes_through_is_inert_in_a_browser(owner: Visitor, sentry: SentryDouble) -> None:
    """A file that anybody attached to an event would otherwise run as a page of the gateway's."""
    sentry.will(ok(b"<svg onload=alert(1)>", headers=(("Content-Type", "image/svg+xml"),)))
    answer = await owner.get("/api/0/projects/acme/shop/events/1/attachments/2/?download")
    assert (answer.status, answer.body) == (200, b"<svg onload=alert(1)>")
    assert answer.headers["content-security-policy"].startswith("sandbox;")


async def test_a_request_keeps_its_id_everywhere(operator: Visitor, sentry: SentryDouble) -> None:
    """Whoever reports a failure has this one word to find it by."""
    problem = await operator.get("/api/v1/none", {"x-request-id": "mine-1"})
    assert problem.headers["x-request-id"] == problem.json()["request_id"] == "mine-1"
    sentry.will(ok(b"[]"))
    await operator.get("/api/v1/issues", {"x-request-id": "mine-2"})
    passed = await operator.get("/api/0/organizations/acme/projects/", {"x-request-id": "mine-3"})
    assert passed.headers["x-request-id"] == "mine-3"
    assert [call.request_id for call in sentry.calls] == ["mine-2", "mine-3"]
    forged = await operator.get("/api/v1/none", {"x-request-id": 'x"}\n{"forged'})
    assert forged.headers["x-request-id"] != 'x"}\n{"forged'


async def test_a_fault_of_dexters_tells_nothing_but_its_id(operator: Visitor, sentry: SentryDouble) -> None:
    """A stack trace or a message of an unknown error may hold anything."""
    sentry.will(ZeroDivisionError("secret detail"))
    for target in ("/api/v1/issues", "/api/v1/issues/1/context", "/api/0/organizations/acme/issues/"):
        answer = await operator.get(target)
        assert answer.status == 500
        assert b"secret detail" not in answer.body
        assert b"Traceback" not in answer.body
        assert b"ZeroDivision" not in answer.body
    assert (await operator.get("/api/v1/issues")).json()["request_id"]


async def test_a_web_socket_where_there_is_none_is_refused(gateway: Application) -> None:
    """A client that tries must not hang."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    fields = [(b"host", b"localhost:8000"), (b"x-dexter-token", b"dexter-access-token")]
    extensions = {"websocket.http.response": {}}
    scope = {
        "type": "websocket",
        "path": "/elsewhere",
        "query_string": b"",
        "headers": fields,
        "extensions": extensions,
    }
    await gateway(scope, receive, send)
    assert sent[0]["type"] in ("websocket.http.response.start", "websocket.close")
    assert sent[0].get("status", 404) >= 400


async def test_a_long_address_is_refused_before_it_is_read(operator: Visitor, sentry: SentryDouble) -> None:
    """Two megabytes of query mean nothing and cost memory at every step."""
    for target in ("/api/v1/issues?query=" + "a" * 2_000_000, "/" + "a" * 20_000):
        answer = await operator.get(target)
        assert (answer.status, answer.json()["status"]) == (414, 414)
    assert sentry.calls == []


async def test_the_gateway_starts_and_ends_with_its_server(gateway: Application) -> None:
    """A server that speaks lifespan waits for both answers."""
    incoming = ["lifespan.startup", "lifespan.shutdown"]
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": incoming.pop(0)}

    async def send(message: dict[str, str]) -> None:
        sent.append(message["type"])

    await gateway({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
async def test_pages_take_get_and_head_only(stranger: Visitor, method: str) -> None:
    """A method that means nothing is said to mean nothing."""
    assert (await stranger.send(method, "/health")).status == 405
    assert (await stranger.send(method, "/anything")).status in (404, 405)


async def test_head_is_get_without_a_body(operator: Visitor, sentry: SentryDouble) -> None:
    """Probes and link checkers ask so."""
    sentry.will(ok(b"[]"))
    for target in ("/health", "/docs", "/api/v1/issues"):
        answer = await operator.send("HEAD", target)
        assert (answer.status, answer.body) == (200, b"")


async def test_the_address_in_answers_is_the_one_the_client_used(gateway: Application, sentry: SentryDouble) -> None:
    """A client that is sent elsewhere walks round the gateway."""
    link = '<https://sentry.example/api/0/organizations/acme/issues/?&cursor=0:1:0>; rel="next"; results="true"'
    sentry.will(ok(b"[]", headers=(("Content-Type", "application/json"), ("Link", link))))
    for host, scheme in (("localhost:8000", "http"), ("127.0.0.1:9", "https")):
        headers = {"authorization": "Bearer t", "host": host}
        answer = await request(gateway, "GET", "/api/0/organizations/acme/issues/", headers, scheme=scheme)
        assert answer.headers["link"].startswith(f"<{scheme}://{host}/api/0/")


async def test_every_operation_of_the_catalog_has_a_way_in(stranger: Visitor, sentry: SentryDouble) -> None:
    """A client that asks a self-hosted server for its version got "no such address", since it is not below /api/0."""
    assert [known.path for known in operations() if not is_passed_through(known.path)] == []
    sentry.will(ok(b'{"version":{"current":"26.8.0"}}'))
    answer = await stranger.get("/api/client-config/")
    assert (answer.status, answer.body) == (200, b'{"version":{"current":"26.8.0"}}')
