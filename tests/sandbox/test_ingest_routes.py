"""Ingestion over HTTP: who may send, what the reply says, what is refused and how."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from dexter.sandbox.ingest.items import CATEGORIES
from dexter.sandbox.request import IngestLimit

EVENT_ID = "fc6d8c0c43fc4630ad850ee518f1b9d0"
EVENT = {"event_id": EVENT_ID, "message": "hello", "level": "info", "platform": "python"}

Headers = dict[str, str]


def envelope(*items: tuple[str, Any], **header: Any) -> bytes:
    lines = [json.dumps(header).encode()]
    for kind, payload in items:
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        lines += [json.dumps({"type": kind, "length": len(body)}).encode(), body]
    return b"\n".join(lines)


async def post(
    box: Any, body: bytes, *, query: str = "", headers: dict[str, str] | None = None, key: bool = True
) -> Any:
    project, public = box.key()
    auth = {"x-sentry-auth": f"Sentry sentry_version=7, sentry_client=test/1, sentry_key={public}"} if key else {}
    address = f"/api/{project}/envelope/" + (f"?{query}" if query else "")
    return await box.http.post(address, body=body, headers={"authorization": "", **auth, **(headers or {})})


async def test_an_event_is_filed_and_named_in_the_reply(box: Any) -> None:
    """SDKs show the id of the reply to people, who then look for it."""
    reply = await post(box, envelope(("event", EVENT), event_id=EVENT_ID))
    assert (reply.status, reply.data) == (200, {"id": EVENT_ID})
    assert box.db.value("SELECT title FROM issues") == "hello"


async def test_the_same_event_twice_counts_once(box: Any) -> None:
    """SDKs send again when a reply was lost."""
    for _ in range(2):
        assert (await post(box, envelope(("event", EVENT), event_id=EVENT_ID))).data == {"id": EVENT_ID}
    assert box.db.value("SELECT times_seen FROM issues") == 1


async def test_the_store_address_still_takes_single_events(box: Any) -> None:
    """Older SDKs know no envelopes."""
    reply = await box.send(EVENT)
    assert (reply.status, reply.data) == (200, {"id": EVENT_ID})


async def test_an_envelope_without_an_event_has_an_empty_reply(box: Any) -> None:
    """There is no id to name."""
    reply = await post(box, envelope(("session", {"sid": EVENT_ID, "status": "ok"})))
    assert (reply.status, reply.data) == (200, {})


async def test_unknown_items_are_passed_over(box: Any) -> None:
    """An SDK newer than the sandbox must still get its errors through."""
    reply = await post(box, envelope(("holographic_trace", {"x": 1}), ("event", EVENT), event_id=EVENT_ID))
    assert (reply.status, reply.data) == (200, {"id": EVENT_ID})


async def test_compressed_envelopes_are_read(box: Any) -> None:
    """Nearly every SDK compresses."""
    body = gzip.compress(envelope(("event", EVENT), event_id=EVENT_ID))
    assert (await post(box, body, headers={"content-encoding": "gzip"})).data == {"id": EVENT_ID}


@pytest.mark.parametrize("way", ["header", "authorization", "query", "dsn"])
async def test_the_key_may_come_four_ways(box: Any, way: str) -> None:
    """Browsers put it in the query, servers in a header, relays in the envelope."""
    project, public = box.key()
    header = f"Sentry sentry_key={public},sentry_version=7"
    reply = await post(
        box,
        envelope(("event", EVENT), **({"dsn": f"http://{public}@sentry.test/{project}"} if way == "dsn" else {})),
        query=f"sentry_key={public}&sentry_version=7" if way == "query" else "",
        headers={{"header": "x-sentry-auth"}.get(way, "authorization"): header}
        if way in ("header", "authorization")
        else {},
        key=False,
    )
    assert reply.status == 200


async def test_no_key_is_a_403(box: Any) -> None:
    """Sentry answers so, and SDKs then say that the DSN is wrong."""
    reply = await post(box, envelope(("event", EVENT)), key=False)
    assert (reply.status, reply.data["detail"]) == (403, "missing authorization information")


@pytest.mark.parametrize("dsn", ["http://other@sentry.test/1", "http://key@sentry.test/99", "nonsense", 7])
async def test_two_keys_that_disagree_are_refused(box: Any, dsn: Any) -> None:
    """Whose event would it be?"""
    reply = await post(box, envelope(("event", EVENT), dsn=dsn))
    assert reply.status == 400
    assert box.db.value("SELECT count(*) FROM events") == 0


@pytest.mark.parametrize("statement", ["UPDATE project_keys SET is_active = 0", "DELETE FROM project_keys"])
async def test_a_key_that_is_off_or_unknown_sends_nothing(box: Any, statement: str) -> None:
    """Switching a key off is how a flood is stopped."""
    project, public = box.key()
    box.db.run(statement)
    auth = {"x-sentry-auth": f"Sentry sentry_key={public}"}
    reply = await box.http.post(f"/api/{project}/envelope/", body=envelope(("event", EVENT)), headers=auth)
    assert reply.status == 403


async def test_a_key_of_another_project_sends_nothing(box: Any) -> None:
    """A browser's public key must not write into the server's project."""
    _, public = box.key("shop-web")
    project, _ = box.key("shop-api")
    auth = {"x-sentry-auth": f"Sentry sentry_key={public}"}
    reply = await box.http.post(f"/api/{project}/envelope/", body=envelope(("event", EVENT)), headers=auth)
    assert reply.status == 403


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"not an envelope", {}, 400),
        (b'{}\n{"type":"event"}\nnot json', {}, 400),
        (b'{}\n{"type":"event"}\n[1]', {}, 400),
        (b"plain", {"content-encoding": "gzip"}, 400),
        (envelope(("event", {"message": "x" * (1024 * 1024)})), {}, 413),
        (b"x" * (20 * 1024 * 1024 + 1), {}, 413),
    ],
)
async def test_bad_content_is_refused_with_a_reason(box: Any, body: bytes, headers: Headers, status: int) -> None:
    """The SDK's author must learn what is wrong."""
    reply = await post(box, body, headers=headers)
    assert reply.status == status
    assert reply.data["detail"]
    assert box.db.value("SELECT count(*) FROM events") == 0


async def test_a_refused_envelope_leaves_no_part_of_itself(box: Any) -> None:
    """The SDK sends all of it again: the good half would otherwise be there twice."""
    reply = await post(box, envelope(("session", {}), ("event", EVENT), ("event", b"broken")))
    assert reply.status == 400
    assert box.db.value("SELECT count(*) FROM outcomes") == 0


async def test_browsers_of_any_origin_may_send_and_read_the_limits(box: Any) -> None:
    """Without these headers a browser SDK is silent and nobody knows why."""
    project, _ = box.key()
    asked = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    preflight = await box.http.request("OPTIONS", f"/api/{project}/envelope/", headers=asked)
    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    assert "x-sentry-auth" in preflight.headers["access-control-allow-headers"]
    refused = await post(box, b"broken", headers=asked)
    assert refused.headers["access-control-allow-origin"] == "https://shop.example"
    assert "x-sentry-rate-limits" in refused.headers["access-control-expose-headers"]


async def test_a_limit_on_errors_lets_sessions_through(box: Any) -> None:
    """Limits are by category: an SDK goes on sending what is not limited."""
    box.sandbox.ingest_limits.append(IngestLimit(box.clock.now + 60, ("error",)))
    reply = await post(box, envelope(("event", EVENT), event_id=EVENT_ID))
    assert reply.status == 429
    assert reply.headers["retry-after"] == "60"
    assert reply.headers["x-sentry-rate-limits"] == "60:error:organization:injected"
    mixed = await post(box, envelope(("event", EVENT), ("session", {}), event_id=EVENT_ID))
    assert (mixed.status, mixed.data) == (200, {})
    box.clock.tick(61)
    assert (await post(box, envelope(("event", EVENT), event_id=EVENT_ID))).status == 200


async def test_a_quota_is_set_shown_and_lifted_over_http(box: Any) -> None:
    """Whether an SDK honours its limits can be tried without writing Python."""
    asked = {"quotas": [{"retry_after_s": 30, "categories": ["error"], "scope": "project", "reason": "quota"}]}
    bare = {"authorization": ""}
    box.http.host = "127.0.0.1"
    assert (await box.http.put("/_sandbox/quotas", asked, headers=bare)).data == asked
    assert (await box.http.get("/_sandbox/quotas", headers=bare)).data == asked
    reply = await post(box, envelope(("event", EVENT), event_id=EVENT_ID))
    assert (reply.status, reply.headers["x-sentry-rate-limits"]) == (429, "30:error:project:quota")
    assert (await box.http.delete("/_sandbox/quotas", headers=bare)).status == 204
    assert (await post(box, envelope(("event", EVENT), event_id=EVENT_ID))).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"quotas": [7]},
        {"quotas": [{"retry_after_s": -1}]},
        {"quotas": [{"categories": ["everything"]}]},
        {"quotas": [{"scope": "world"}]},
        {"quotas": [{"reason": "a:b"}]},
        {"quotas": [{"until": 3}]},
    ],
)
async def test_a_quota_of_a_wrong_form_is_refused(box: Any, body: Any) -> None:
    """A misspelt quota that limits nothing would prove nothing."""
    box.http.host = "127.0.0.1"
    assert (await box.http.put("/_sandbox/quotas", body)).status == 400


async def test_attachments_reports_and_outcomes_are_kept(box: Any) -> None:
    """They belong to the event of their envelope."""
    report = {"event_id": EVENT_ID, "name": "Ada", "email": "ada@example.com", "comments": "It broke."}
    discarded = {"discarded_events": [{"reason": "sample_rate", "category": "error", "quantity": 3}]}
    items = (("event", EVENT), ("attachment", b"\x00log"), ("user_report", report), ("client_report", discarded))
    assert (await post(box, envelope(*items, event_id=EVENT_ID))).status == 200
    assert tuple(box.db.one("SELECT event_id, content FROM attachments")) == (EVENT_ID, b"\x00log")
    assert tuple(box.db.one("SELECT comments, issue_id FROM user_reports")) == ("It broke.", 1)
    outcomes = {(row["category"], row["outcome"]): row["quantity"] for row in box.db.all("SELECT * FROM outcomes")}
    assert outcomes["error", "client_discard"] == 3
    assert outcomes["error", "accepted"] == 1


async def test_transactions_are_counted_and_make_no_issue(box: Any) -> None:
    """A slow page is not an error."""
    transaction = {"event_id": EVENT_ID, "type": "transaction", "transaction": "/", "spans": []}
    reply = await post(box, envelope(("transaction", transaction), event_id=EVENT_ID))
    assert reply.data == {"id": EVENT_ID}
    assert box.db.value("SELECT count(*) FROM issues") == 0
    assert box.db.value("SELECT quantity FROM outcomes WHERE category = 'transaction'") == 1


async def test_crash_dumps_are_turned_away_honestly(box: Any) -> None:
    """A 200 would promise an issue that never comes."""
    project, _ = box.key()
    reply = await box.http.post(f"/api/{project}/minidump/", body=b"MDMP")
    assert (reply.status, "envelopes" in reply.data["detail"]) == (404, True)


@pytest.mark.parametrize("kind", sorted(CATEGORIES))
async def test_no_payload_of_any_type_breaks_the_sandbox(box: Any, kind: str) -> None:
    """Whoever writes an SDK sends nonsense for a while."""
    odd = b'{"contexts": 7, "discarded_events": [1, {}]}'
    for payload in (b"", b"null", b"[]", b"{}", odd, b"\xff\xfe"):
        reply = await post(box, envelope((kind, payload), event_id=EVENT_ID))
        assert reply.status in (200, 400)
