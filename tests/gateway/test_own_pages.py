"""Probes, metrics and documentation: what runs Dexter and who reads about it get."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from tests.doubles.sentry_double import FakeClock, SentryDouble, ok

from dexter.catalog.mappings import facades, mappings
from dexter.errors import Unreachable
from dexter.gateway.feature_routes import feature_addresses
from dexter.gateway.openapi import document, translated

if TYPE_CHECKING:
    from .conftest import Visitor


async def test_health_says_that_the_process_lives(stranger: Visitor) -> None:
    """It asks nobody: a Sentry that is away is no reason to kill the gateway."""
    response = await stranger.get("/health")
    assert (response.status, response.json()["status"]) == (200, "ok")


async def test_ready_knows_whether_sentry_answered_last(
    stranger: Visitor, operator: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """What is kept is served while Sentry cannot be reached; taken out of service, nobody would find out it is back."""
    fresh = await stranger.get("/ready")
    assert (fresh.status, fresh.json()["upstream"]["reachable"]) == (200, None)
    sentry.will(Unreachable("away"))
    await operator.get("/api/v1/issues")
    away = await stranger.get("/ready")
    assert (away.status, away.json()["upstream"]["reachable"]) == (200, False)
    assert [part["part"] for part in away.json()["degraded"]] == ["upstream"]
    clock.pass_s(31)
    assert (await stranger.get("/ready")).json()["degraded"] == []
    sentry.will(ok(b"[]"))
    await operator.get("/api/v1/issues")
    assert (await stranger.get("/ready")).json()["upstream"]["reachable"] is True
    assert sentry.calls[-1].path != "/ready"


async def test_ready_names_what_a_breaker_keeps_from_sentry(
    stranger: Visitor, operator: Visitor, sentry: SentryDouble, clock: FakeClock
) -> None:
    """Whoever looks sees which part is down, since when it is not asked, and when it is tried again."""
    sentry.will(ok(b"{}", status=500))
    for number in range(6):
        await operator.get(f"/api/v1/issues?query=timesSeen:>{number}")
    told = (await stranger.get("/ready")).json()
    (part,) = told["degraded"]
    assert (told["status"], part["part"], part["state"], part["why"]) == ("ready", "read-issues", "open", "status 500")
    assert part["retry_at"] is not None
    clock.pass_s(61)
    assert (await stranger.get("/ready")).json()["degraded"] == []


async def test_an_error_of_sentrys_is_still_an_answer(
    stranger: Visitor, operator: Visitor, sentry: SentryDouble
) -> None:
    """A 500 for one address does not mean that Sentry cannot be reached."""
    for answer in (ok(b"{}", status=500), ok(b"<html>", headers=(("Content-Type", "text/html"),))):
        sentry.will(answer)
        await operator.get("/api/v1/issues")
        ready = await stranger.get("/ready")
        assert (ready.status, ready.json()["upstream"]["reachable"]) == (200, True)


async def test_metrics_count_both_faces_and_name_no_identifier(
    stranger: Visitor, operator: Visitor, sentry: SentryDouble
) -> None:
    """A label per issue would grow without end and tell who looked at what."""
    sentry.will(ok(b'{"id":"424242"}'))
    await operator.get("/api/v1/issues/424242")
    await operator.get("/api/0/organizations/acme/issues/424242/")
    await operator.get("/api/v1/secret-path-424242")
    text = (await stranger.get("/metrics")).body.decode()
    assert 'api_request_total{endpoint="/api/v1/issues/{id}",method="GET",status="200"} 1.0' in text
    assert 'endpoint="*"' in text
    assert "dexter_cache_bytes" in text
    assert "424242" not in text


@pytest.fixture(scope="module")
def spec() -> Any:
    return document()


def test_the_document_has_every_address_and_method(spec: Any) -> None:
    """The workbench's types and every client are generated from it."""
    described = {(method.upper(), path) for path, item in spec["paths"].items() for method in item}
    of_the_catalog = {(entry.method, entry.frontend_path) for entry in (*mappings(), *facades())}
    # Addresses of earlier Dexters answer and are not described: nobody is to begin with them.
    typed = {(method, path) for method, path, name in feature_addresses() if not name.startswith("legacy.")}
    assert {("GET", "/api/v1/session"), ("POST", "/api/v1/bulk"), ("GET", "/api/v1/issues/marks")} <= typed
    assert described == of_the_catalog | typed


def test_every_reference_leads_somewhere_and_every_operation_has_a_name_of_its_own(spec: Any) -> None:
    """A generator stops at the first that does not."""
    names = [operation["operationId"] for item in spec["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(names)
    references = set(re.findall(r"'#/components/schemas/([^']+)'", str(spec)))
    assert references <= set(spec["components"]["schemas"])


def test_every_schema_is_one(spec: Any) -> None:
    """OpenAPI 3.1 speaks JSON Schema, in which the catalog's `nullable` means nothing."""
    for schema in spec["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert "nullable" not in str(spec["components"])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        (
            {"$ref": "#/components/schemas/Owner", "nullable": True},
            {"anyOf": [{"$ref": "#/components/schemas/SentryOwner"}, {"type": "null"}]},
        ),
        (
            {"type": "object", "properties": {"nullable": {"type": "boolean"}}},
            {"type": "object", "properties": {"nullable": {"type": "boolean"}}},
        ),
        (
            {"type": "array", "items": {"anyOf": [{"type": "integer", "nullable": True}]}},
            {"type": "array", "items": {"anyOf": [{"type": ["integer", "null"]}]}},
        ),
        ({"additionalProperties": {}}, {"additionalProperties": {}}),
        ({"nullable": True}, {}),
    ],
)
def test_a_schema_of_the_catalog_in_the_words_of_openapi_3_1(before: Any, after: Any) -> None:
    """The catalog keeps Sentry's dialect, and the document speaks another."""
    assert translated(before) == after


class Reader(HTMLParser):
    """Collects what a page would run or load."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        own_icon = ("href", "/favicon.svg") in attrs
        if tag in ("script", "link", "img", "iframe", "object", "embed") and not own_icon:
            self.loads.append(tag)
        self.loads += [name for name, _ in attrs if name.startswith("on") or name == "src"]


async def test_the_documentation_runs_and_loads_nothing(stranger: Visitor, spec: Any) -> None:
    """It works under the content policy and on a machine without the internet."""
    response = await stranger.get("/docs")
    reader = Reader()
    reader.feed(response.body.decode())
    assert reader.loads == []
    for path in spec["paths"]:
        assert f"<code>{path}</code>".encode() in response.body


async def test_the_served_document_is_the_printed_one(stranger: Visitor, spec: Any) -> None:
    """`dexter openapi` and `/openapi.json` must not drift apart."""
    assert (await stranger.get("/openapi.json")).json() == spec
