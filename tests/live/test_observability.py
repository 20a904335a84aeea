"""A running gateway as Prometheus, a collector of traces and whoever reads its log see it."""

from __future__ import annotations

import gzip
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from bench.stand import Gateway, Sandbox, request, running_gateway
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

TRACE, SPAN = "ab" * 16, "cd" * 8
LIST = "/api/0/organizations/{organization_id_or_slug}/issues/"
PROJECTS = "GET /api/0/organizations/{organization_id_or_slug}/projects/"
SERVED_TOKEN = "sntryu_" + "7e" * 32


class Heard:
    """What a listening server got: requests' headers and bodies by path, until it is asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []

    def bodies(self, path: str) -> list[bytes]:
        return [
            gzip.decompress(body) if headers.get("content-encoding") == "gzip" else body
            for heard, headers, body in self.requests
            if heard == path
        ]


@contextmanager
def listening(reply: bytes, kind: str) -> Iterator[tuple[str, Heard]]:
    """Give the address of a server that answers everything alike, and what it hears."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            heard.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_POST = do_GET  # noqa: N815 (the library's name)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def samples(gateway: Gateway) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Scrape a gateway as Prometheus does."""
    text = request("GET", f"{gateway.url}/metrics").body.decode()
    families = text_string_to_metric_families(text)
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_a_scrape_counts_what_all_workers_answered_and_names_nobody(sandbox: Sandbox) -> None:
    """A counter that depends on which worker answers the scrape goes up and down."""
    with running_gateway(sandbox.url, sandbox.token, workers=2) as gateway:
        for _ in range(40):
            assert gateway.v1("GET", "/projects").status == 200
        searched = "/api/0/organizations/acme/issues/?query=secret-word"
        assert gateway.api0("GET", searched, token=sandbox.token).status == 200
        assert gateway.api0("GET", searched, token="wrong").status == 401
        # Answers that stood ready are counted a moment later, many at once.
        time.sleep(0.5)
        seen = [samples(gateway) for _ in range(6)]
        text = request("GET", f"{gateway.url}/metrics").body.decode()
        stats = gateway.v1("GET", "/gateway/stats").json()
    projects = ("api_request_total", (("endpoint", "/api/v1/projects"), ("method", "GET"), ("status", "200")))
    assert [each[projects] for each in seen] == [40.0] * 6
    refused = ("api_request_total", (("endpoint", LIST), ("method", "GET"), ("status", "401")))
    assert seen[0][refused] == 1.0
    timed = ("api_request_duration_seconds_count", projects[1])
    assert seen[0][timed] == 40.0
    assert seen[0]["dexter_workers", ()] == 2.0
    assert not [word for word in (sandbox.token, gateway.token, "secret-word", "acme", "wrong") if word in text]
    assert stats["workers"] == {"live": 2, "seen": 2}
    assert stats["windows"]["5m"]["requests"] >= 42


def test_a_request_is_one_trace_from_its_caller_through_dexter_to_sentry(tmp_path: Path) -> None:
    """The browser's span, the gateway's, its stages' and the one that Sentry continues belong together."""
    with (
        listening(b"", "application/x-protobuf") as (collector, exported),
        listening(b"[]", "application/json") as (sentry, asked),
        running_gateway(
            sentry,
            SERVED_TOKEN,
            folder=tmp_path,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector,
            OTEL_EXPORTER_OTLP_HEADERS="x-collector=known",
            OTEL_SERVICE_NAME="triage-gateway",
        ) as gateway,
    ):
        headers = {"X-Dexter-Token": gateway.token, "traceparent": f"00-{TRACE}-{SPAN}-01"}
        first = request("GET", f"{gateway.url}/api/v1/projects", headers=headers)
        span = {"trace_id": TRACE, "span_id": SPAN, "name": "open stream", "start_ms": 1.7e12, "duration_ms": 40}
        taken = gateway.v1("POST", "/traces", body={"spans": [span]}).json()
        own = {"Authorization": "Bearer sntryu_own", "sentry-trace": "11-22-1", "baggage": "sentry-release=1"}
        issues = f"{gateway.url}/api/0/organizations/acme/issues/"
        request("GET", issues, headers=own | {"traceparent": headers["traceparent"]})
    assert taken == {"accepted": 1, "exported": True}
    assert f'traceparent;desc="00-{TRACE}-' in first.headers["server-timing"]
    spans = list(every_span(exported))
    by_name = {each.name: each for each in spans if each.trace_id.hex() == TRACE}
    server, attempt = by_name["GET /api/v1/projects"], by_name[PROJECTS]
    assert server.parent_span_id.hex() == SPAN == by_name["open stream"].span_id.hex()
    assert {"cached", "coalesced", "metered"} <= set(by_name)
    listed = next(headers for path, headers, _ in asked.requests if "/projects/" in path)
    assert listed["traceparent"] == f"00-{TRACE}-{attempt.span_id.hex()}-01"
    passed = next(headers for path, headers, _ in asked.requests if "/issues/" in path)
    assert passed["traceparent"].startswith(f"00-{TRACE}-")
    assert (passed["sentry-trace"], passed["baggage"]) == ("11-22-1", "sentry-release=1")
    assert {headers["x-collector"] for _, headers, _ in exported.requests} == {"known"}
    everything = b"".join(exported.bodies("/v1/traces"))
    assert not [word for word in (SERVED_TOKEN, gateway.token, "sntryu_own", "acme") if word.encode() in everything]


def every_span(exported: Heard) -> Iterator[Span]:
    """Give every span that a collector got."""
    for body in exported.bodies("/v1/traces"):
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                yield from scope.spans


def lines(gateway: Gateway, event: str) -> list[dict[str, Any]]:
    """Give the log's lines of an event."""
    read = [json.loads(line) for line in gateway.log.read_text().splitlines() if line.startswith("{")]
    return [line for line in read if line["event"] == event]


def test_the_log_has_a_line_for_every_request_and_no_token_in_any(gateway: Gateway, sandbox: Sandbox) -> None:
    """Whoever looks for a request finds it by its id or its trace, and learns nobody's secret."""
    headers = {"X-Dexter-Token": gateway.token, "x-request-id": "req-77", "traceparent": f"00-{TRACE}-{SPAN}-01"}
    request("GET", f"{gateway.url}/api/v1/teams?organization=acme", headers=headers)
    path = f"/api/0/organizations/acme/issues/?query={sandbox.token}&token={sandbox.token}"
    gateway.api0("GET", path, token=sandbox.token)
    gateway.api0("GET", f"/api/0/projects/acme/{sandbox.token}/keys/", token=sandbox.token)
    wrong = {"X-Dexter-Token": sandbox.token, "x-request-id": sandbox.token}
    request("GET", f"{gateway.url}/api/v1/issues", headers=wrong)
    gateway.v1("POST", "/client-errors", body={"message": f"failed with {sandbox.token}", "trace_id": TRACE})
    (line,) = [line for line in lines(gateway, "request_served") if line.get("request_id") == "req-77"]
    expected = {"endpoint": "/api/v1/teams", "method": "GET", "status": 200, "trace_id": TRACE}
    assert line["identity_kind"] == "service"
    assert {name: line[name] for name in expected} == expected
    assert line["duration_ms"] >= 0
    text = gateway.log.read_text()
    assert sandbox.token not in text
    assert gateway.token not in text.split("access token", 1)[1].split("\n", 1)[1]
