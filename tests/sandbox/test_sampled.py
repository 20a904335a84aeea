"""Sampled bodies: the same for the same call, valid by their schema, and marked as what they are."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from tests.sandbox.json_schema import faults_in

from dexter.catalog.operation import Body, Operation
from dexter.sandbox.sampled import echo, sample, sample_value

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box

MONITORS = "/api/0/organizations/acme/monitors/"


def resolve(ref: str) -> dict[str, Any]:
    """A tree that refers to itself."""
    assert ref == "#/components/schemas/Node"
    return {
        "type": "object",
        "required": ["name", "next"],
        "properties": {"name": {"type": "string"}, "next": {"$ref": ref, "nullable": True}},
        "nullable": True,
    }


def operation(schema: dict[str, Any] | None, status: int = 200) -> Operation:
    responses = {404: None, status: None if schema is None else Body("application/json", schema)}
    return Operation("GET", "/api/0/things/{thing_id}/", "getThing", "Things", "public", (), None, responses, ())


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "enum": ["a", "b"]},
        {"type": "string", "enum": ["a", None], "nullable": True},
        {"type": "string", "minLength": 30, "maxLength": 40},
        {"type": "string", "maxLength": 3},
        {"type": "string", "pattern": "^(?![0-9]+$)[a-z0-9_\\-]+$"},
        {"type": "integer", "minimum": 5, "maximum": 6},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3},
        {"type": "array", "items": {"type": "string"}, "maxItems": 0},
        {"type": "object", "additionalProperties": {"type": "boolean"}},
        {"allOf": [{"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}}, {"type": "object"}]},
        {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        {},
    ],
)
def test_a_value_validates_against_its_schema(schema: dict[str, Any]) -> None:
    """A sample that its own schema refuses would fail every typed client."""
    for seed in range(20):
        assert faults_in(sample_value(schema, str(seed), resolve), schema) == []


def test_a_schema_that_refers_to_itself_ends() -> None:
    """Sentry's document has trees; a sample of one must be finite."""
    made = sample_value({"$ref": "#/components/schemas/Node"}, "x", resolve)
    depth = 0
    while made is not None:
        made, depth = made["next"], depth + 1
    assert 1 <= depth < 20


@pytest.mark.parametrize(
    ("field", "schema", "read"),
    [
        ("when", {"type": "string", "format": "date-time"}, datetime.fromisoformat),
        ("dateCreated", {"type": "string"}, datetime.fromisoformat),
        ("token", {"type": "string", "format": "uuid"}, UUID),
        ("projectId", {"type": "string"}, int),
    ],
)
def test_formats_and_telling_names_are_respected(field: str, schema: dict[str, Any], read: Any) -> None:
    """Clients parse these on arrival."""
    made = sample_value({"type": "object", "properties": {field: schema}}, "seed", resolve)
    assert read(made[field])


def test_the_same_call_gets_the_same_body_and_another_one_another() -> None:
    """A cache in front of the sandbox must not be confused by chance."""
    schema = {"type": "object", "properties": {"a": {"type": "string"}, "n": {"type": "integer"}}}
    first = sample(operation(schema), {"thing_id": "1"}, resolve)
    assert first == sample(operation(schema), {"thing_id": "1"}, resolve)
    assert first != sample(operation(schema), {"thing_id": "2"}, resolve)


def test_the_status_is_the_promised_success() -> None:
    """A create answers 201 and a delete 204 without a body."""
    assert sample(operation(None, 204), {}, resolve).status == 204
    assert sample(operation(None, 204), {}, resolve).body is None
    assert sample(operation({"type": "string"}, 201), {}, resolve).status == 201


@pytest.mark.parametrize(
    ("body", "params", "expected"),
    [
        ({"id": "9", "slug": "x"}, {"monitor_id_or_slug": "nightly"}, {"id": "9", "slug": "nightly"}),
        ({"id": "9", "slug": "x"}, {"monitor_id_or_slug": "77"}, {"id": "77", "slug": "x"}),
        ({"id": 9}, {"detector_id": "77"}, {"id": 77}),
        ({"id": 9}, {"detector_id": "abc"}, {"id": 9}),
        ({"version": "x", "id": "1"}, {"version": "2.0", "file_id": "5"}, {"version": "2.0", "id": "5"}),
        ([{"id": "1"}], {"thing_id": "5"}, [{"id": "1"}]),
        ({"replayId": "a"}, {"replay_id": "b", "segment_id": "c"}, {"replayId": "b"}),
    ],
)
def test_path_parameters_come_back_in_the_body(body: Any, params: dict[str, str], expected: Any) -> None:
    """Whoever asks for monitor `nightly` expects to read of `nightly`."""
    assert echo(body, params) == expected


async def test_a_sampled_answer_says_so(box: Box) -> None:
    """Nobody should take it for data."""
    reply = await box.http.get(MONITORS)
    assert (reply.status, reply.headers["x-sandbox"]) == (200, "sampled")
    assert 'results="false"' in reply.headers["link"]
    assert 'results="true"' not in reply.headers["link"]
    kept = await box.http.get("/api/0/organizations/")
    assert "x-sandbox" not in kept.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/0/organizations/nope/monitors/", 404),
        ("/api/0/projects/acme/nope/filters/", 404),
        ("/api/0/projects/acme/shop-api/filters/", 200),
    ],
)
async def test_a_sampled_answer_is_only_for_what_exists(box: Box, path: str, status: int) -> None:
    """A misspelt slug must fail as it does in Sentry."""
    assert (await box.http.get(path)).status == status


async def test_a_sampled_write_checks_its_body(box: Box) -> None:
    """The form in front of it shows these messages."""
    reply = await box.http.post(MONITORS, {"type": "cron_job"})
    assert reply.status == 400
    assert reply.data["name"] == ["This field is required."]


async def test_a_sampled_operation_demands_its_scopes(box: Box) -> None:
    """Rights are part of what is sampled."""
    box.db.run("UPDATE tokens SET scopes_json = '[\"event:read\"]'")
    assert (await box.http.get(MONITORS)).status == 403
