"""The drop-in face: what Sentry is asked, and what its client gets."""

from __future__ import annotations

import asyncio
import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from tests.doubles.asgi_client import Response, request
from tests.doubles.sentry_double import BASE, JSON, ONE_ATTEMPT, FakeClock, SentryDouble, ok

from dexter.catalog.endpoints import sentry_router
from dexter.errors import Forbidden, TimedOut, Unauthenticated, Unreachable
from dexter.gateway.passthrough import PassthroughOptions, build_passthrough
from dexter.observe.records import AnswerServed, Record
from dexter.stores.memory import MemoryStore
from dexter.upstream.bodies import BodyStream
from dexter.upstream.stack import build_stack
from dexter.wire import Answer, Credential, Endpoint, Headers, Identity, header

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from dexter.gateway.asgi import AsgiApp

OWN = "http://localhost:8000"
ISSUES = "/api/0/organizations/acme/issues/"
HTML = (("Content-Type", "text/html; charset=utf-8"),)
LIMITED = (*HTML, ("X-Sentry-Rate-Limit-Reset", "1700000099"))
TOKEN = {"authorization": "Bearer sntryu_abc"}
SERVICE = {"x-dexter-token": "dexter-access"}


@dataclass(frozen=True)
class Someone:
    """A caller."""

    identity: Identity
    told_apart_by = ""
    credential: Credential

    def refused(self, status: int) -> None:
        """Nothing is said in the place of Sentry's answers."""


def admit(method: str, headers: Headers, endpoint: Endpoint, params: Mapping[str, str]) -> Someone:
    """Dexter's token is service mode, which the catalog bounds; a Bearer is its own; nothing is refused."""
    if header(headers, "x-dexter-token") == "dexter-access":
        if endpoint.name == "*" or endpoint.secret:
            raise Forbidden("Dexter's token does not open this.")
        return Someone(Identity("service", "service"), Credential("Bearer the-services"))
    authorization = header(headers, "authorization")
    if authorization is None:
        raise Unauthenticated("No credential.")
    return Someone(Identity(f"token-{authorization}", "token"), Credential(authorization))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sentry() -> SentryDouble:
    return SentryDouble()


@pytest.fixture
def records() -> list[Record]:
    return []


@pytest.fixture
async def app(sentry: SentryDouble, clock: FakeClock, records: list[Record]) -> AsyncIterator[AsgiApp]:
    stack = build_stack(sentry, MemoryStore(), clock, ONE_ATTEMPT)
    yield build_passthrough(
        stack,
        sentry.upstream,
        sentry_router(),
        admit,
        lambda scope: OWN,
        clock,
        PassthroughOptions(largest_upload_bytes=1000),
        (records.append,),
    )
    await stack.aclose()


async def get(app: AsgiApp, target: str = ISSUES, **headers: str) -> Response:
    return await request(app, "GET", target, {**TOKEN, **headers})


async def test_sentry_is_asked_exactly_what_the_client_asked(app: AsgiApp, sentry: SentryDouble) -> None:
    """Bytes of path and query mean something to Sentry: encoded slashes, repeated names, order."""
    target = "/api/0/organizations/acme/events/?field=title&field=count%28%29&query=a+b%2Fc&per_page=5"
    await get(app, target, accept="application/json", **{"user-agent": "sentry-cli/2"})
    asked = sentry.calls[0]
    assert f"{asked.path}?{asked.query}" == target
    assert asked.credential.authorization == "Bearer sntryu_abc"
    assert header(asked.headers, "user-agent") == "sentry-cli/2"


@pytest.mark.parametrize("path", ["/api/0/organizations/acme/issues", "/api/0/no/such/thing", "/api/0/x//y/"])
async def test_an_address_the_catalog_does_not_know_is_passed_on(app: AsgiApp, sentry: SentryDouble, path: str) -> None:
    """Sentry has 700 private routes, and says itself what is wrong with a missing slash."""
    sentry.will(ok(b'{"info":"try: .../"}', status=404))
    response = await get(app, path)
    assert (sentry.calls[0].path, response.status, response.body) == (path, 404, b'{"info":"try: .../"}')


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_arrives_with_its_body(app: AsgiApp, sentry: SentryDouble, method: str) -> None:
    """The plain case of everything that changes something."""
    response = await request(app, method, ISSUES, {**TOKEN, "content-type": "application/json"}, b'{"a":1}')
    asked = sentry.calls[0]
    assert (asked.method, asked.body, header(asked.headers, "content-type")) == (method, b'{"a":1}', "application/json")
    assert response.status == 200


async def test_an_upload_streams(app: AsgiApp, sentry: SentryDouble) -> None:
    """A debug file of a gigabyte must not be held in memory."""
    seen: list[bytes] = []

    async def reads(call: Any) -> Answer:
        assert not isinstance(call.body, bytes)
        seen.extend([chunk async for chunk in call.body])
        return ok()

    sentry.will(reads)
    await request(app, "POST", "/api/0/organizations/acme/chunk-upload/", TOKEN, [b"one", b"two"])
    assert seen == [b"one", b"two"]


async def test_what_identifies_the_browser_or_dexter_stays_here(app: AsgiApp, sentry: SentryDouble) -> None:
    """Sentry refuses a foreign Origin, and neither cookies nor Dexter's token are its business."""
    await request(
        app,
        "GET",
        ISSUES,
        {
            **SERVICE,
            "cookie": "dexter_session=1",
            "origin": OWN,
            "forwarded": "for=1",
            "x-forwarded-for": "1",
            "connection": "keep-alive, x-hop",
            "x-hop": "1",
            "accept": "*/*",
        },
    )
    assert dict(sentry.calls[0].headers) == {"accept": "*/*", "Accept-Encoding": "gzip"}
    assert sentry.calls[0].credential.authorization == "Bearer the-services"


async def test_sentrys_headers_arrive_but_not_its_origins_policies(app: AsgiApp, sentry: SentryDouble) -> None:
    """Rate limits and hits are for the client; cookies and CORS would speak for the gateway's origin."""
    sentry.will(
        ok(
            headers=(
                *JSON,
                ("X-Hits", "12"),
                ("X-Sentry-Rate-Limit-Remaining", "39"),
                ("Set-Cookie", "sentrysid=1"),
                ("Access-Control-Allow-Origin", "*"),
                ("Transfer-Encoding", "chunked"),
                ("Strict-Transport-Security", "max-age=1"),
            )
        )
    )
    headers = (await get(app)).headers
    assert (headers["x-hits"], headers["x-sentry-rate-limit-remaining"]) == ("12", "39")
    unwanted = {"set-cookie", "access-control-allow-origin", "transfer-encoding", "strict-transport-security"}
    assert not unwanted & set(headers)
    assert headers["content-length"] == "10"


async def test_the_second_answer_says_that_it_is_stored(app: AsgiApp, clock: FakeClock) -> None:
    """Clients and people must be able to see how old what they look at is."""
    first = await get(app)
    clock.pass_s(12)
    second = await get(app)
    assert first.headers["cache-status"] == "Dexter; fwd=miss"
    assert "age" not in first.headers
    assert second.headers["cache-status"] == "Dexter; hit; ttl=288"
    assert second.headers["age"] == "12"
    assert second.headers["x-request-id"] != first.headers["x-request-id"]


async def test_no_cache_goes_to_sentry(app: AsgiApp, sentry: SentryDouble) -> None:
    """A browser's reload, and a script that must know."""
    await get(app)
    await get(app, **{"cache-control": "no-cache"})
    assert len(sentry.calls) == 2


@pytest.mark.parametrize("asked", ["fresh=1", "no_cache=true", "limit=5&fresh=true"])
async def test_who_asks_anew_in_the_address_gets_sentrys_own_word(
    app: AsgiApp, sentry: SentryDouble, asked: str
) -> None:
    """A script that can set no header; Sentry never sees how it said so."""
    rest = asked.replace("fresh=1", "").replace("no_cache=true", "").replace("&fresh=true", "")
    for query in (rest, rest, asked, rest):
        assert (await get(app, f"{ISSUES}?{query}")).status == 200
    assert [call.query for call in sentry.calls] == [rest, rest]


async def test_what_an_unknown_address_means_by_such_a_name_is_its_own(app: AsgiApp, sentry: SentryDouble) -> None:
    """Dexter speaks for the catalog only; a plugin's own parameter reaches the plugin."""
    await get(app, "/api/0/plugins/of/ours/?fresh=1")
    assert sentry.calls[-1].query == "fresh=1"


async def test_gzip_passes_to_who_takes_it_and_is_unpacked_for_who_does_not(app: AsgiApp, sentry: SentryDouble) -> None:
    """One stored body serves both."""
    packed = gzip.compress(b'{"id":"1"}')
    sentry.will(ok(packed, headers=(*JSON, ("Content-Encoding", "gzip"))))
    as_it_came = await get(app, **{"accept-encoding": "gzip, br"})
    plain = await get(app)
    assert (as_it_came.body, as_it_came.headers["content-encoding"]) == (packed, "gzip")
    assert (plain.body, plain.headers["content-length"]) == (b'{"id":"1"}', "10")
    assert "content-encoding" not in plain.headers
    assert len(sentry.calls) == 1


async def test_service_mode_is_bound_by_the_catalog(app: AsgiApp, sentry: SentryDouble) -> None:
    """Dexter lends its credential for what it knows, and answers in Sentry's form where it does not."""
    for path in ("/api/0/no/such/thing/", "/api/0/projects/acme/shop/keys/"):
        response = await request(app, "GET", path, SERVICE)
        assert response.status == 403
        assert response.json().keys() == {"detail"}
    assert sentry.calls == []


@pytest.mark.parametrize("path", ["/api/0/../admin/", "/api/0/organizations/%2e%2e/x/", "/api/0/./x/"])
async def test_a_path_that_leads_elsewhere_is_not_passed_on(app: AsgiApp, sentry: SentryDouble, path: str) -> None:
    """A proxy on the way might normalize it into an address that nobody admitted."""
    assert (await get(app, path)).status == 404
    assert sentry.calls == []


async def test_options_of_a_known_address_is_open_to_the_service(app: AsgiApp, sentry: SentryDouble) -> None:
    """Sentry describes its addresses under OPTIONS."""
    assert (await request(app, "OPTIONS", ISSUES, SERVICE)).status == 200
    assert sentry.calls[0].method == "OPTIONS"


async def test_head_has_the_length_and_no_body(app: AsgiApp, sentry: SentryDouble) -> None:
    """HEAD asks for the head that GET would get."""
    sentry.will(ok(b"", headers=(*JSON, ("Content-Length", "4711"))))
    response = await request(app, "HEAD", ISSUES, TOKEN)
    assert (response.headers["content-length"], response.body, sentry.calls[0].method) == ("4711", b"", "HEAD")


async def test_trace_is_refused(app: AsgiApp, sentry: SentryDouble) -> None:
    """It would echo credentials."""
    assert (await request(app, "TRACE", ISSUES, TOKEN)).status == 405
    assert sentry.calls == []


async def test_an_invented_method_makes_no_new_label(app: AsgiApp, records: list[Record]) -> None:
    """A series per invented word fills the metrics' memory."""
    await request(app, "XYZZY", ISSUES, TOKEN)
    assert [record.method for record in records if isinstance(record, AnswerServed)] == ["other"]


async def test_a_client_that_leaves_in_its_body_is_not_answered(app: AsgiApp, sentry: SentryDouble) -> None:
    """Nobody is there; and half a body must not reach Sentry as a whole one."""
    started: list[object] = []

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        started.append(message)

    headers = [(b"authorization", b"Bearer x"), (b"content-length", b"5")]
    scope = {"type": "http", "method": "POST", "path": ISSUES, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    assert (started, sentry.calls) == ([], [])


async def test_a_download_ends_when_the_client_leaves(app: AsgiApp, sentry: SentryDouble) -> None:
    """Sentry must not send a gigabyte to nobody."""
    closed: list[bool] = []

    async def endless() -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield b"x"

    async def close() -> None:
        closed.append(True)

    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    async def send(message: object) -> None:
        pass

    sentry.will(Answer(200, (("Content-Type", "application/octet-stream"),), BodyStream(endless(), close)))
    path = "/api/0/projects/acme/shop/events/1/attachments/2/"
    headers = [(b"authorization", b"Bearer x")]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers}
    await asyncio.wait_for(app(scope, receive, send), 5)
    assert closed == [True]


async def test_an_upload_beyond_the_limit_is_refused(app: AsgiApp) -> None:
    """Declared or not, in Sentry's form."""
    declared = await request(app, "POST", ISSUES, TOKEN, b"x" * 1001)
    assert (declared.status, declared.json().keys()) == (413, {"detail"})


async def test_an_undeclared_upload_beyond_the_limit_is_refused(app: AsgiApp, sentry: SentryDouble) -> None:
    """A chunked body says no length beforehand."""

    async def reads(call: Any) -> Answer:
        async for _ in call.body:
            pass
        return ok()

    sentry.will(reads)
    assert (await request(app, "POST", ISSUES, TOKEN, [b"x" * 600] * 2)).status == 413


@pytest.mark.parametrize("method", ["GET", "PUT"])
@pytest.mark.parametrize("packed", [False, True])
async def test_the_rate_limiters_own_words_reach_the_client(
    app: AsgiApp, sentry: SentryDouble, method: str, packed: bool
) -> None:
    """It declares its JSON as HTML, and was replaced by "429 with a web page" where a client looks for the limit."""
    said = b'{"detail":"You are attempting to use this endpoint too frequently."}'
    body = gzip.compress(said) if packed else said
    sentry.will(ok(body, status=429, headers=(*LIMITED, *((("Content-Encoding", "gzip"),) if packed else ()))))
    response = await request(app, method, f"{ISSUES}4/", {**TOKEN, "accept-encoding": "gzip"})
    assert (response.status, response.body) == (429, body)


async def test_an_endless_query_is_refused(app: AsgiApp, sentry: SentryDouble) -> None:
    """Two megabytes of query never mean anything."""
    assert (await get(app, f"{ISSUES}?query={'x' * 2_000_000}")).status == 414
    assert sentry.calls == []


@pytest.mark.parametrize(
    ("trouble", "status"),
    [
        (Unreachable("Sentry could not be connected to."), 502),
        (TimedOut("Sentry did not answer within 10 s."), 504),
        (ok(b"<html>sign in</html>", headers=HTML), 502),
        (ok(b'[{"id":'), 502),
        (ok(b"<html>" + b"x" * 70_000, status=404, headers=HTML), 404),
        (ok(b"<html>bad gateway", status=502, headers=HTML), 502),
        (ok(b"upstream connect error", status=503, headers=(("Content-Type", "text/plain"),)), 503),
        (ok(b"", status=500, headers=()), 500),
    ],
)
async def test_trouble_is_said_in_sentrys_form_and_not_kept(
    app: AsgiApp, sentry: SentryDouble, trouble: Answer | Exception, status: int
) -> None:
    """Sentry's clients read `detail`; a web page makes them crash, and a kept one makes them crash for minutes."""
    sentry.will(trouble)
    response = await get(app)
    assert response.status == status
    assert response.json().keys() == {"detail"}
    assert response.headers["content-type"] == "application/json"
    assert len(response.body) < 500
    sentry.will(ok())
    assert (await get(app)).status == 200


@pytest.mark.parametrize(
    "answer",
    [
        ok(b"", status=404, headers=()),
        ok(b'"Invalid origin"', status=400),
        ok(b'{"detail":"slow down"}', status=429, headers=(("X-Sentry-Rate-Limit-Reset", "1700000009"),)),
        ok(b'"too frequently"', status=429, headers=LIMITED),
        ok(b'{"field":["no"]}', status=400),
        ok(b'{"detail":"Internal Error","errorId":"1"}', status=500),
        ok(b"Route not found", status=404, headers=(("Content-Type", "text/plain"),)),
        ok(b"", status=204, headers=()),
        ok(b"", status=200, headers=(("Content-Type", "text/plain"),)),
    ],
)
async def test_what_sentry_says_arrives_unchanged(app: AsgiApp, sentry: SentryDouble, answer: Answer) -> None:
    """Its error bodies come in many forms, and its clients know them."""
    sentry.will(answer)
    response = await request(app, "POST", ISSUES, TOKEN, b"{}")
    assert (response.status, response.body) == (answer.status, answer.body)


async def test_without_a_credential_the_answer_is_in_sentrys_form(app: AsgiApp) -> None:
    """sentry-cli shows `detail` to its user."""
    response = await request(app, "GET", ISSUES)
    assert response.status == 401
    assert "No credential." in response.json()["detail"]
    assert response.headers["www-authenticate"] == 'Bearer realm="api"'


async def test_links_lead_back_to_the_gateway(app: AsgiApp, sentry: SentryDouble) -> None:
    """A client that follows Sentry's own next link would walk round the cache."""
    sentry.will(
        ok(headers=(*JSON, ("Link", f'<{BASE}{ISSUES}?&cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"')))
    )
    assert (await get(app)).headers["link"] == (
        f'<{OWN}{ISSUES}?&cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"'
    )


async def test_a_page_whose_link_cannot_be_read_is_refused(app: AsgiApp, sentry: SentryDouble) -> None:
    """A client that takes it for the last page misses what follows; one that guesses may loop."""
    sentry.will(ok(headers=(*JSON, ("Link", "<https://sentry.example; rel=next"))), ok())
    response = await get(app)
    assert (response.status, "Link header" in response.json()["detail"]) == (502, True)
    assert (await get(app)).status == 200, "nothing of it was kept"


async def test_the_region_of_an_organization_is_the_gateway(app: AsgiApp, sentry: SentryDouble) -> None:
    """sentry-cli asks this address for everything that follows; the permalink is for people."""
    body = f'{{"links":{{"organizationUrl":"{BASE}/acme","regionUrl":"{BASE}"}},"slug":"acme"}}'
    packed = (*JSON, ("Content-Encoding", "gzip"))
    for headers, sent in ((JSON, body.encode()), (packed, gzip.compress(body.encode()))):
        sentry.will(ok(sent, headers=headers))
        request_headers = {**TOKEN, "accept-encoding": "gzip", "cache-control": "no-cache"}
        response = await request(app, "GET", "/api/0/organizations/acme/", request_headers)
        assert response.json() == {"links": {"organizationUrl": f"{BASE}/acme", "regionUrl": OWN}, "slug": "acme"}
        assert response.headers["content-length"] == str(len(response.body))


async def test_a_redirect_is_the_clients_to_follow_through_the_gateway(app: AsgiApp, sentry: SentryDouble) -> None:
    """A renamed project: the client sees Sentry's 302, pointing to the gateway."""
    target = f"{BASE}/api/0/projects/acme/new/"
    sentry.will(ok(b'{"slug":"new"}', status=302, headers=(*JSON, ("Location", target))))
    response = await get(app, "/api/0/projects/acme/old/")
    assert (response.status, response.headers["location"]) == (302, f"{OWN}/api/0/projects/acme/new/")
    assert len(sentry.calls) == 1


async def test_a_redirect_elsewhere_is_not_given_to_who_carries_dexters_token(
    app: AsgiApp, sentry: SentryDouble
) -> None:
    """A client that follows sends its headers along."""
    sentry.will(ok(b"", status=302, headers=(("Location", "https://evil.example/"),)))
    assert (await request(app, "GET", ISSUES, SERVICE)).status == 502


async def test_a_file_streams_with_its_length(app: AsgiApp, sentry: SentryDouble) -> None:
    """An attachment is whatever somebody sent to Sentry; also a web page is a file when it says so."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"<script>"
        yield b"alert(1)"

    headers = (("Content-Type", "text/html"), ("Content-Disposition", "attachment"), ("Content-Length", "16"))
    sentry.will(Answer(200, headers, chunks()))
    response = await get(app, "/api/0/projects/acme/shop/events/1/attachments/2/")
    assert (response.status, response.body, response.complete) == (200, b"<script>alert(1)", True)
    assert response.headers["content-length"] == "16"


async def test_a_stream_that_breaks_off_is_seen_to_break_off(app: AsgiApp, sentry: SentryDouble) -> None:
    """After the head there is no status left to tell it by; an end that looks whole would be a lie."""

    async def chunks() -> AsyncIterator[bytes]:
        yield b"half"
        raise Unreachable("gone")

    sentry.will(Answer(200, (("Content-Type", "application/octet-stream"),), chunks()))
    response = await get(app, "/api/0/projects/acme/shop/events/1/attachments/2/")
    assert (response.body, response.complete) == (b"half", False)


async def test_the_request_id_is_the_gateways(app: AsgiApp) -> None:
    """One id for the log line, the answer and the error."""
    response = await request(app, "GET", ISSUES, TOKEN, state={"request_id": "req-1"})
    assert response.headers["x-request-id"] == "req-1"


async def test_every_answer_is_told_to_the_observers(app: AsgiApp, records: list[Record]) -> None:
    """Metrics and logs live on this."""
    await get(app)
    await request(app, "GET", ISSUES)
    served = [record for record in records if isinstance(record, AnswerServed)]
    assert [record.status for record in served] == [200, 401]
    assert {record.endpoint for record in served} == {"GET /api/0/organizations/{organization_id_or_slug}/issues/"}


async def test_a_bug_is_an_error_in_sentrys_form(
    sentry: SentryDouble, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    """No stack trace reaches a client."""

    async def broken(call: object) -> Answer:
        raise ZeroDivisionError("secret detail")

    def own_base(scope: object) -> str:
        return OWN

    app = build_passthrough(broken, sentry.upstream, sentry_router(), admit, own_base, clock)
    response = await get(app)
    assert (response.status, response.json().keys()) == (500, {"detail"})
    assert b"secret" not in response.body
    assert "passthrough_failed" in caplog.text
