"""The fast path says what the usual way says, and says nothing where that would say something else."""

from __future__ import annotations

import asyncio
import gzip
import re
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.doubles.connection import DATE, Connection, Said, get
from tests.doubles.sentry_double import JSON, FakeClock, SentryDouble, ok
from tests.gateway.conftest import ACCESS_TOKEN, Visitor

from dexter.gateway import fast_path as fast_path_module
from dexter.gateway.logins import LEASE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from dexter.app import Application

ISSUES = "/api/0/organizations/acme/issues/?limit=25"
STREAM = "/api/v1/issues?limit=25"
SERVICE = ("X-Dexter-Token", ACCESS_TOKEN)
BEARER = ("Authorization", f"Bearer {ACCESS_TOKEN}")
OWN = ("Authorization", "Bearer sntryu_own")
# Long enough to be worth packing.
LIST = b'[{"id":"1","title":"TypeError"},{"id":"2"}%b]' % b"".join(b',{"id":"%d"}' % n for n in range(3, 150))
LINK = (
    '<https://sentry.example/api/0/organizations/acme/issues/?cursor=0:0:1>; rel="previous"; results="false"; '
    'cursor="0:0:1", <https://sentry.example/api/0/organizations/acme/issues/?cursor=0:25:0>; rel="next"; '
    'results="true"; cursor="0:25:0"'
)
HEADERS = (*JSON, ("Link", LINK), ("X-Hits", "2"))
PACKED = ok(gzip.compress(LIST), headers=(*HEADERS, ("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")))

_DIFFERS = {b"x-request-id": rb"[0-9a-f]{32}", b"server-timing": rb"(cache;desc=hit;dur=\d+\.\d, )?total;dur=\d+\.\d"}
"""Header fields that differ from answer to answer whichever way it went, and their form."""


@pytest.fixture
def sentry() -> SentryDouble:
    return SentryDouble([ok(LIST, headers=HEADERS)])


@pytest.fixture
async def fast(gateway: Application) -> AsyncIterator[Connection]:
    connection = Connection(gateway)
    yield connection
    connection.lost()


@pytest.fixture
async def usual(gateway: Application) -> AsyncIterator[Connection]:
    connection = Connection(gateway, fast=False)
    yield connection
    connection.lost()


def comparable(said: Said) -> tuple[bytes, list[tuple[bytes, bytes]], bytes]:
    """Give an answer without what is each answer's own, whose form is checked instead."""
    for name, form in _DIFFERS.items():
        for value in (value for key, value in said.headers if key == name):
            assert re.fullmatch(form, value), (name, value)
    return said.status, sorted((k, b"" if k in _DIFFERS else v) for k, v in said.headers), said.body


async def stand_ready(fast: Connection, request: bytes) -> None:
    """Ask until an answer stands ready: the first brings it into the store, the second is made of it."""
    for _ in range(2):
        await fast.ask(request)


REQUESTS = {
    "Sentry's address, Dexter's bearer": get(ISSUES, BEARER),
    "Sentry's address, Dexter's header": get(ISSUES, SERVICE),
    "Sentry's address, a token of one's own": get(ISSUES, OWN),
    "Dexter's address": get(STREAM, SERVICE),
    "Dexter's address, a token of one's own": get(STREAM, OWN),
    "an object": get("/api/v1/issues/1/tags", SERVICE),
    "an old address": get("/api/v1/organizations/acme/projects/shop/issues", SERVICE),
    "another Host": get(ISSUES, ("Host", "127.0.0.1"), BEARER),
    **{
        f"{accepted} at {target}": get(target, SERVICE, ("Accept-Encoding", accepted))
        for target in (ISSUES, STREAM, "/api/v1/issues/1/tags")
        for accepted in (
            *("gzip", "br", "zstd", "gzip, deflate, br, zstd", "gzip;q=0", "*", "identity;q=0, *", "identity"),
            "zstd;q=0.5, br;q=0.9, gzip;q=0.7",
        )
    },
    "a browser's own page": get(
        STREAM, SERVICE, ("Origin", "http://localhost:8000"), ("Sec-Fetch-Site", "same-origin")
    ),
    "a bounded age": get(STREAM, SERVICE, ("Cache-Control", "max-age=100")),
    "strange spelling": get(ISSUES.replace("acme", "%61cme"), ("host", "localhost:8000"), ("AUTHORIZATION", OWN[1])),
}


@pytest.mark.parametrize("request_bytes", REQUESTS.values(), ids=REQUESTS.keys())
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "packed"])
async def test_both_ways_give_the_same_answer(
    request_bytes: bytes, packed: bool, fast: Connection, usual: Connection, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Nobody may be able to tell which way an answer went, but for its speed."""
    sentry.will(PACKED if packed else ok(LIST, headers=HEADERS))
    await stand_ready(fast, request_bytes)
    for passed_s in (0.0, 0.25, 7.111, 31.5):
        clock.pass_s(passed_s)
        (slowly,) = await usual.ask(request_bytes)
        for _ in range(2):
            raw = await fast.at_once(request_bytes)
            assert raw, "the answer did not stand ready"
            fast.pipe.written = raw
            (quickly,) = await fast.ask()
            assert comparable(quickly) == comparable(slowly)
    assert slowly.header("age") == "38"


NAMES = st.sampled_from(
    [
        *("Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Baggage", "Cache-Control", "Connection"),
        *("Content-Length", "Cookie", "DNT", "Expect", "Host", "If-Match", "If-Modified-Since", "If-None-Match"),
        *("Origin", "Pragma", "Range", "Referer", "Sec-Fetch-Site", "Traceparent", "User-Agent", "X-CSRF-Token"),
        *("X-Dexter-Priority", "X-Dexter-Token", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-ID", "X-Whatever"),
    ]
)
VALUES = st.sampled_from(
    [
        *("", "*/*", "application/json", "text/html", "gzip", "br;q=1, gzip;q=0", "zstd, br", "no-cache", "max-age=0"),
        *("max-age=5", "identity;q=0"),
        *(
            "keep-alive",
            "close",
            "0",
            "4",
            "localhost",
            "127.0.0.1:9",
            "evil.example",
            "http://localhost:8000",
            "https",
        ),
        *("null", "bytes=0-1", '"abc"', "abc-1", "no good id!", "dexter_session=x", "bulk", "10.0.0.1", "100-continue"),
        *(ACCESS_TOKEN, f"Bearer {ACCESS_TOKEN}", "Bearer sntryu_own", "Bearer other", "Tue, 14 Nov 2023 22:13:20 GMT"),
    ]
)
FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=5)
TARGETS = st.sampled_from([ISSUES, STREAM, "/api/v1/issues?query=%FF", "/api/0/nowhere/", "/health", "/api/v1/session"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(target=TARGETS, caller=st.sampled_from([(), (SERVICE,), (BEARER,), (OWN,)]), fields=FIELDS)
async def test_whatever_a_request_says_both_ways_give_the_same_answer(
    target: str,
    caller: tuple[tuple[str, str], ...],
    fields: list[tuple[str, str]],
    gateway: Application,
    sentry: SentryDouble,
) -> None:
    """The fast path knows what may differ by a short list of harmless fields; a wrong one in it would show here."""
    sentry.will(PACKED)
    plain, request = get(target, *caller), get(target, *caller, *fields)
    body = b"four" if any(field == ("Content-Length", "4") for field in fields) else b""
    fast, usual = Connection(gateway), Connection(gateway, fast=False)
    for _ in range(3):
        # What stands ready for the plain request must not be given to one that says more.
        await fast.ask(plain)
    found = [await Connection(gateway).ask(request + body) for _ in range(3)]
    (expected,) = await usual.ask(request + body) or [None]
    for answers in found[1:]:
        (said,) = answers or [None]
        if said is None or expected is None or not expected.status.startswith(b"HTTP/1.1 200"):
            assert (said and said.status) == (expected and expected.status)
        else:
            assert _as_asked(said, fields) == _as_asked(expected, fields)


def _as_asked(said: Said, fields: list[tuple[str, str]]) -> tuple[object, ...]:
    stated = next((value for name, value in fields if name == "X-Request-ID"), "")
    if re.fullmatch(r"[A-Za-z0-9._\-]{1,64}", stated):
        assert said.header("x-request-id") == stated
    headers = sorted((k, b"" if k in _DIFFERS else v) for k, v in said.headers)
    return said.status, headers, said.body


ONE_MORE_FIELD = {
    "Accept": ["*/*", "text/html", "application/json"],
    "Accept-Encoding": ["gzip", "identity", "br", "zstd", "gzip;q=0", "*", "gzip, deflate, br, zstd", "identity;q=0"],
    "Accept-Language": ["de"],
    "Authorization": ["Bearer sntryu_own", "Bearer sntryu_other", "Basic abc", f"Bearer {ACCESS_TOKEN}"],
    "Cache-Control": ["no-cache", "no-store", "max-age=0", "max-age=5", "max-age=x"],
    "Cookie": ["dexter_session=x", "theme=dark"],
    "Host": ["localhost", "127.0.0.1:8000", "evil.example", ""],
    "If-Match": ['"x"'],
    "If-Modified-Since": ["Tue, 14 Nov 2023 22:13:20 GMT"],
    "If-None-Match": ['"x"', "*"],
    "Origin": ["http://localhost:8000", "https://evil.example", "null"],
    "Pragma": ["no-cache"],
    "Range": ["bytes=0-1"],
    "X-Dexter-Token": [ACCESS_TOKEN, "wrong"],
    "X-Forwarded-Proto": ["https", "http"],
    "X-Request-ID": ["build-7", "no good id"],
    "Traceparent": ["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
}


@pytest.mark.parametrize("target", [ISSUES, STREAM])
@pytest.mark.parametrize("caller", [SERVICE, OWN], ids=["service", "own token"])
@pytest.mark.parametrize("name", ONE_MORE_FIELD)
async def test_one_field_more_is_answered_as_the_usual_way_answers_it(
    name: str, target: str, caller: tuple[str, str], gateway: Application, sentry: SentryDouble
) -> None:
    """What stands ready for a request must not be given to one that says more, unless nothing depends on that."""
    sentry.will(PACKED)
    fast, usual = Connection(gateway), Connection(gateway, fast=False)
    await stand_ready(fast, get(target, caller))
    for value in ONE_MORE_FIELD[name]:
        request = get(target, caller, (name, value))
        (expected,) = await usual.ask(request)
        for _ in range(3):
            (said,) = await Connection(gateway).ask(request)
            if expected.status.startswith(b"HTTP/1.1 200"):
                assert _as_asked(said, [(name, value)]) == _as_asked(expected, [(name, value)]), value
            else:
                assert said.status == expected.status, value


async def test_an_answer_that_stands_ready_takes_no_task(fast: Connection, sentry: SentryDouble) -> None:
    """The point of it all: it is out before anything of the framework has begun."""
    request = get(ISSUES, BEARER)
    assert await fast.at_once(request) == b""
    await stand_ready(fast, request)
    assert (await fast.at_once(request)).startswith(b"HTTP/1.1 200 OK\r\n")
    assert not fast.state.tasks
    assert len(sentry.calls) == 1


@pytest.mark.parametrize(
    "other",
    [
        get(ISSUES, BEARER, method="HEAD"),
        get(ISSUES, BEARER, version="1.0"),
        get(ISSUES, BEARER, ("Connection", "close")),
        get(ISSUES, BEARER, ("Content-Length", "0")),
        get(ISSUES, BEARER, ("Transfer-Encoding", "chunked")) + b"0\r\n\r\n",
        get(ISSUES, BEARER, ("Connection", "upgrade"), ("Upgrade", "websocket")),
        get(ISSUES, BEARER, ("Cache-Control", "no-cache")),
        get(ISSUES, BEARER, ("Range", "bytes=0-1")),
        get(ISSUES, BEARER, ("Host", "evil.example")),
        get(ISSUES, BEARER, ("Origin", "https://evil.example")),
        get(ISSUES, BEARER, SERVICE, ("X-Dexter-Token", ACCESS_TOKEN)),
        get(ISSUES, ("Authorization", "Bearer wrong")),
        get(ISSUES),
        get(ISSUES + "&query=x", BEARER),
        get(ISSUES, BEARER, ("X-Forwarded-Proto", "https")),
    ],
)
async def test_what_is_another_request_goes_the_usual_way(other: bytes, fast: Connection) -> None:
    """What the usual way must look at, the fast path does not answer."""
    await stand_ready(fast, get(ISSUES, BEARER))
    assert await fast.at_once(other) == b""
    await fast.ask()


@pytest.mark.parametrize("target", [ISSUES, STREAM])
async def test_a_write_ends_it_at_once(target: str, fast: Connection, operator: Visitor, sentry: SentryDouble) -> None:
    """Whoever resolves an issue must not see it unresolved afterwards."""
    request = get(target, SERVICE)
    await stand_ready(fast, request)
    assert await fast.at_once(request)
    await operator.send("PUT", "/api/v1/issues/1", {"status": "resolved"})
    sentry.will(ok(b'[{"id":"2"}]', headers=HEADERS))
    assert await fast.at_once(request) == b""
    (said,) = await fast.ask()
    assert b'{"id":"2"}' in said.body
    assert b"TypeError" not in said.body


async def test_it_ends_with_freshness(fast: Connection, clock: FakeClock) -> None:
    """Fresh for five minutes means five minutes, not until somebody notices."""
    request = get(ISSUES, BEARER)
    await stand_ready(fast, request)
    clock.pass_s(299.9)
    assert await fast.at_once(request)
    clock.pass_s(0.1)
    assert await fast.at_once(request) == b""
    (said,) = await fast.ask()
    assert said.header("cache-status") == "Dexter; hit; ttl=0; detail=stale"


async def test_a_clock_set_back_ends_it(fast: Connection, clock: FakeClock) -> None:
    """How old an answer from the future is, nobody knows."""
    request = get(ISSUES, BEARER)
    await stand_ready(fast, request)
    clock.epoch -= 10
    assert await fast.at_once(request) == b""
    await fast.ask()


async def test_a_bounded_age_is_kept_to(fast: Connection, clock: FakeClock) -> None:
    """`max-age` is the caller's own bound."""
    request = get(ISSUES, BEARER, ("Cache-Control", "max-age=10"))
    await stand_ready(fast, request)
    clock.pass_s(10)
    assert await fast.at_once(request)
    clock.pass_s(0.001)
    assert await fast.at_once(request) == b""
    await fast.ask()


async def test_an_answer_asked_for_anew_replaces_it(fast: Connection, sentry: SentryDouble, clock: FakeClock) -> None:
    """Who reloads with no-cache renews the answer for everybody."""
    request = get(ISSUES, BEARER)
    await stand_ready(fast, request)
    sentry.will(ok(b"[3]", headers=HEADERS))
    clock.pass_s(1)
    await fast.ask(get(ISSUES, BEARER, ("Cache-Control", "no-cache")))
    assert await fast.at_once(request) == b""
    (said,) = await fast.ask()
    assert said.body == b"[3]"


async def test_a_token_must_be_confirmed_every_minute(fast: Connection, sentry: SentryDouble, clock: FakeClock) -> None:
    """A token that Sentry revoked opens nothing after that."""
    request = get(ISSUES, OWN)
    await stand_ready(fast, request)
    clock.pass_s(59.9)
    assert await fast.at_once(request)
    clock.pass_s(0.1)
    sentry.will(ok(b'{"detail":"Invalid token"}', status=401))
    assert await fast.at_once(request) == b""
    (said,) = await fast.ask()
    assert said.status == b"HTTP/1.1 401 Unauthorized"


async def test_a_refused_token_loses_it_at_once(fast: Connection, sentry: SentryDouble, owner: Visitor) -> None:
    """One 401 anywhere is enough."""
    request = get(ISSUES, OWN)
    await stand_ready(fast, request)
    sentry.will(ok(b"{}", status=401))
    await owner.get("/api/0/organizations/acme/teams/")
    assert await fast.at_once(request) == b""
    await fast.ask()


async def test_a_session_that_is_signed_out_loses_it(fast: Connection, stranger: Visitor) -> None:
    """Sign out means now."""
    csrf = (await stranger.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})).json()["csrf_token"]
    cookie = f"dexter_session={stranger.cookies['dexter_session']}"
    request = get(STREAM, ("Cookie", cookie))
    await stand_ready(fast, request)
    assert await fast.at_once(request)
    await stranger.send("DELETE", "/api/v1/session", headers={"x-csrf-token": csrf})
    assert await fast.at_once(request) == b""
    (said,) = await fast.ask()
    assert said.status == b"HTTP/1.1 401 Unauthorized"


@pytest.mark.parametrize("environment", [{"DEXTER_SESSION_TTL": "60s"}], indirect=True)
async def test_a_session_ends_with_its_time(fast: Connection, stranger: Visitor, clock: FakeClock) -> None:
    """A cookie lives no longer here than elsewhere."""
    await stranger.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    request = get(STREAM, ("Cookie", f"dexter_session={stranger.cookies['dexter_session']}"))
    await stand_ready(fast, request)
    clock.pass_s(59.25)
    await stand_ready(fast, request)
    clock.pass_s(0.5)
    assert await fast.at_once(request)
    clock.pass_s(0.375)
    assert await fast.at_once(request) == b""
    (said,) = await fast.ask()
    assert said.status == b"HTTP/1.1 401 Unauthorized"


async def test_nobody_is_taken_on_trust_for_longer_than_the_lease(
    fast: Connection, stranger: Visitor, clock: FakeClock
) -> None:
    """A process that cannot ask whether a session was ended elsewhere must not go on believing in it."""
    await stranger.send("POST", "/api/v1/session", {"token": ACCESS_TOKEN})
    request = get(STREAM, ("Cookie", f"dexter_session={stranger.cookies['dexter_session']}"))
    await stand_ready(fast, request)
    clock.pass_s(LEASE_S - 0.125)
    assert await fast.at_once(request)
    clock.pass_s(0.125)
    assert await fast.at_once(request) == b""
    (said,) = await fast.ask()
    assert said.status == b"HTTP/1.1 200 OK"


async def test_a_question_that_depends_on_the_time_never_stands_ready(fast: Connection, clock: FakeClock) -> None:
    """The series of the last day begins elsewhere a moment later."""
    request = get("/api/v1/issues/1/stats?period=24h", SERVICE)
    await stand_ready(fast, request)
    assert await fast.at_once(request) == b""
    await fast.ask()


async def test_two_callers_never_share_what_stands_ready(fast: Connection, sentry: SentryDouble) -> None:
    """Identity is part of every key here, too."""
    await stand_ready(fast, get(ISSUES, OWN))
    sentry.will(ok(b"[9]", headers=HEADERS))
    for other in (BEARER, ("Authorization", "Bearer sntryu_other")):
        assert await fast.at_once(get(ISSUES, other)) == b""
        (said,) = await fast.ask()
        assert said.body == b"[9]"


async def test_every_answer_has_an_id_of_its_own_or_the_callers(fast: Connection) -> None:
    """People look an answer up by it."""
    request = get(ISSUES, BEARER)
    await stand_ready(fast, request)
    fast.pipe.written = await fast.at_once(*[request] * 300)
    ids = {said.header("x-request-id") for said in await fast.ask()}
    assert len(ids) == 300
    named = get(ISSUES, BEARER, ("X-Request-ID", "build-7"))
    assert b"x-request-id: build-7\r\n" in await fast.at_once(named)
    assert b"x-request-id: build-8\r\n" in await fast.at_once(named.replace(b"build-7", b"build-8"))
    assert b"no good" not in await fast.at_once(get(ISSUES, BEARER, ("X-Request-ID", "no good id")))


async def test_pipelined_requests_are_answered_in_their_order(fast: Connection, sentry: SentryDouble) -> None:
    """An answer that stands ready must not overtake one that does not."""
    ready, not_ready = get(ISSUES, BEARER), get("/api/0/organizations/acme/teams/", BEARER)
    await stand_ready(fast, ready)
    sentry.will(ok(b'["teams"]'))
    said = await fast.ask(ready + not_ready + ready + ready)
    assert [answer.body for answer in said] == [LIST, b'["teams"]', LIST, LIST]
    said = await fast.ask(not_ready, ready)
    assert [answer.body for answer in said] == [b'["teams"]', LIST]


async def test_bytes_that_hold_more_than_one_request_are_read(fast: Connection) -> None:
    """The bytes of two requests must not come to stand for the first."""
    request = get(ISSUES, BEARER)
    await stand_ready(fast, request)
    for _ in range(3):
        assert len(await fast.ask(request + request)) == 2
        assert len(await fast.ask(request[:30], request[30:])) == 1
        assert len(await fast.ask(request + request[:30], request[30:])) == 2
        assert len(await fast.ask(b"\r\n" + request)) == 1


async def test_the_end_of_another_request_is_no_request(fast: Connection) -> None:
    """A body may hold what looks like a request; it is one only where a request may begin."""
    inner = get(ISSUES, BEARER)
    await stand_ready(fast, inner)
    assert await fast.at_once(inner)
    outer = get("/api/v1/client-errors", SERVICE, ("Content-Length", str(len(inner))), method="POST")
    said = await fast.ask(outer, inner)
    assert len(said) == 1
    assert said[0].status != b"HTTP/1.1 200 OK"


async def test_bytes_within_a_head_are_no_request(fast: Connection) -> None:
    """A request that comes in two pieces may break anywhere."""
    inner = get(ISSUES, BEARER)
    await stand_ready(fast, inner)
    await fast.ask(inner)
    outer = get("/health")
    said = await fast.ask(outer[:-2] + b"X-Note: ", inner)
    assert [answer.body[:12] for answer in said] == [b'{"status":"o']


@pytest.mark.parametrize("version", ["1.1", "1.0"])
async def test_a_client_that_wants_the_connection_closed_has_it_closed(version: str, gateway: Application) -> None:
    """Such a client may wait for the end to know that it has everything."""
    fields = (BEARER, ("Connection", "close")) if version == "1.1" else (BEARER,)
    for _ in range(4):
        connection = Connection(gateway)
        await connection.ask(get(ISSUES, *fields, version=version))
        assert connection.pipe.closed


async def test_what_a_trusted_proxy_says_counts_for_it_alone(gateway: Application) -> None:
    """The same bytes from elsewhere mean something else: links lead back the way the request came."""
    request = get(ISSUES, BEARER, ("X-Forwarded-Proto", "https"))
    proxy, stranger = Connection(gateway), Connection(gateway, peer="192.0.2.7")
    for _ in range(3):
        (through_proxy,) = await proxy.ask(request)
        (direct,) = await stranger.ask(request)
    assert await proxy.at_once(request)
    assert await stranger.at_once(request)
    assert "<https://localhost:8000/" in (through_proxy.header("link") or "")
    assert "<http://localhost:8000/" in (direct.header("link") or "")


async def test_a_client_that_does_not_read_waits_the_usual_way(fast: Connection) -> None:
    """Answers must not pile up in memory for somebody who does not take them."""
    request = get(ISSUES, BEARER)
    await stand_ready(fast, request)
    fast.protocol.pause_writing()
    assert await fast.at_once(request, request) == b""
    await asyncio.sleep(0)
    assert fast.pipe.take() == b""
    assert not fast.pipe.reading
    fast.protocol.resume_writing()
    assert len(await fast.ask()) == 2


async def test_answers_count_as_they_do_the_usual_way(
    gateway: Application, fast: Connection, usual: Connection, clock: FakeClock, stranger: Visitor
) -> None:
    """Rates and hit ratios must not depend on the way."""
    requests = [get(ISSUES, OWN), get(STREAM, SERVICE)]
    for request in requests:
        await stand_ready(fast, request)
    counts = []
    for connection in (usual, fast):
        before = await _counters(gateway, stranger)
        for request in requests * 3:
            await connection.ask(request)
        after = await _counters(gateway, stranger)
        counts.append({name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name)})
    assert counts[0] == counts[1]
    assert sum(counts[1].values()) > 10


async def _counters(gateway: Application, stranger: Visitor) -> dict[str, float]:
    gateway.fast_path.tell()
    lines = (await stranger.get("/metrics")).body.decode().splitlines()
    samples = (line.rsplit(" ", 1) for line in lines if re.match(r"api_request_total|dexter_calls_total", line))
    return {name: float(value) for name, value in samples}


async def test_observers_are_told_soon_without_being_asked(
    gateway: Application, fast: Connection, stranger: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quiet gateway's last answers must not stay untold until the next."""
    monkeypatch.setattr(fast_path_module, "TELL_EVERY_S", 0.001)
    request = get(ISSUES, OWN)
    await stand_ready(fast, request)
    gateway.fast_path.tell()
    assert await fast.at_once(request)
    await asyncio.sleep(0.05)
    exposition = (await stranger.get("/metrics")).body
    assert b'outcome="hit"} 2.0' in exposition


async def test_an_idle_connection_is_closed_and_a_busy_one_is_not(
    fast: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One timer per connection is left to ring and looks at the last answer then."""
    request = get(ISSUES, BEARER)
    await stand_ready(fast, request)
    now = 1000.0
    monkeypatch.setattr(fast.protocol.loop, "time", lambda: now)
    await fast.at_once(request)
    now += fast.protocol.timeout_keep_alive - 1
    await fast.at_once(request)
    now += 1
    fast.protocol.timeout_keep_alive_handler()
    assert not fast.pipe.closed
    now += fast.protocol.timeout_keep_alive
    fast.protocol.timeout_keep_alive_handler()
    assert fast.pipe.closed


async def test_a_closing_gateway_closes_connections_that_wait(fast: Connection) -> None:
    """A shutdown must not wait for connections on which nothing is under way."""
    request = get(ISSUES, BEARER)
    await stand_ready(fast, request)
    assert await fast.at_once(request)
    fast.protocol.shutdown()
    assert fast.pipe.closed
    assert await fast.at_once(request) == b""


async def test_what_stands_ready_is_bounded(
    gateway: Application, fast: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inventing queries must not fill the memory."""
    monkeypatch.setattr(fast_path_module, "MOST_ANSWERS", 5)
    for number in range(12):
        request = get(f"{ISSUES}&query={number}", BEARER)
        await stand_ready(fast, request)
        assert await fast.at_once(request)
    assert await fast.at_once(get(f"{ISSUES}&query=0", BEARER)) == b""
    await fast.ask()
    assert len(gateway.fast_path.whole) <= 5


async def test_the_servers_own_fields_are_renewed(fast: Connection) -> None:
    """The date in an answer is the answer's."""
    request = get(ISSUES, BEARER)
    await stand_ready(fast, request)
    assert DATE[1] in await fast.at_once(request)
    fast.state.default_headers = [(b"date", b"Tue, 14 Nov 2023 22:13:21 GMT")]
    assert b"date: Tue, 14 Nov 2023 22:13:21 GMT\r\n" in await fast.at_once(request)
    assert fast.state.total_requests == 4


async def test_the_body_of_a_page_reads_as_json_at_any_age(fast: Connection, clock: FakeClock) -> None:
    """The age is written into bytes that were made before."""
    request = get(STREAM, SERVICE)
    await stand_ready(fast, request)
    for passed_s in (0.0, 0.0004, 0.1, 1.0, 98.7654):
        clock.pass_s(passed_s)
        fast.pipe.written = await fast.at_once(request)
        (said,) = await fast.ask()
        meta = msgspec.json.decode(said.body)["meta"]
        assert meta["age_s"] == round(clock.now() - 1_700_000_000.0, 3)
        assert meta["source"] == "hit"
