from __future__ import annotations

import copy
from typing import Any

import pytest

from dexter.catalog.drift import drift_between
from dexter.catalog.importer import Table, read_document
from dexter.catalog.table import committed

THING = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "state": {"type": "string", "enum": ["on", "off"]},
        "tags": {"type": "array", "items": {"type": "object", "properties": {"key": {"type": "string"}}}},
    },
}
KEY = "GET /o/{org}/things/"


def document() -> Any:
    return {
        "paths": {
            "/o/{org}/things/": {
                "get": {
                    "operationId": "listThings",
                    "tags": ["Things"],
                    "security": [{"token": ["org:read"]}],
                    "parameters": [
                        {"name": "org", "in": "path", "schema": {"type": "string"}},
                        {"name": "limit", "in": "query", "schema": {"type": "integer", "maximum": 100}},
                    ],
                    "responses": {
                        "200": {"content": {"application/json": {"schema": {"type": "array", "items": THING}}}}
                    },
                }
            }
        }
    }


def table(change: Any = None) -> Table:
    changed = copy.deepcopy(document())
    if change is not None:
        change(changed["paths"]["/o/{org}/things/"])
    return read_document(changed)


def schema(item: Any) -> Any:
    return item["get"]["responses"]["200"]["content"]["application/json"]["schema"]["items"]


def test_the_same_document_has_not_drifted() -> None:
    """A false alarm every week would teach people to look away."""
    assert not drift_between(table(), table())
    assert not drift_between(committed(), committed())


def _scope(item: Any) -> None:
    item["get"]["security"][0]["token"].append("org:ci")


def _gone_property(item: Any) -> None:
    del schema(item)["properties"]["tags"]


def _new_property(item: Any) -> None:
    schema(item)["properties"]["tags"]["items"]["properties"]["value"] = {"type": "string", "nullable": True}


def _type(item: Any) -> None:
    schema(item)["properties"]["id"]["type"] = "integer"


def _optional(item: Any) -> None:
    schema(item)["required"] = []


def _member(item: Any) -> None:
    schema(item)["properties"]["state"]["enum"].append("asleep")


def _limit(item: Any) -> None:
    item["get"]["parameters"][1]["schema"]["maximum"] = 50


def _parameter(item: Any) -> None:
    item["get"]["parameters"].append({"name": "cursor", "in": "query", "schema": {"type": "string"}})


def _status(item: Any) -> None:
    item["get"]["responses"]["429"] = {}


def _body(item: Any) -> None:
    item["get"]["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}


def _deprecated(item: Any) -> None:
    item["get"]["deprecated"] = True


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (_scope, "scope org:ci: added"),
        (_gone_property, "response 200 [].tags: removed"),
        (_new_property, "response 200 [].tags[].value: added"),
        (_type, 'response 200 [].id: type "string" -> "integer"'),
        (_optional, "response 200 [].id: required true removed"),
        (_member, 'response 200 [].state "asleep": added'),
        (_limit, "query parameter limit: maximum 100 -> 50"),
        (_parameter, "query parameter cursor: added"),
        (_status, "response 429: added"),
        (_deprecated, "operation: deprecated false -> true"),
    ],
)
def test_a_change_is_named_with_its_place(change: Any, line: str) -> None:
    """Whoever reads the drift decides in a second whether it concerns them."""
    drift = drift_between(table(), table(change))
    assert (drift.added, drift.removed) == ((), ())
    assert dict(drift.changed) == {KEY: (line,)}


def test_a_new_request_body_is_named() -> None:
    """An operation that starts to want a body breaks the clients that send none."""
    lines = drift_between(table(), table(_body)).changed[KEY]
    assert "request: media type none -> application/json" in lines


def test_added_and_removed_operations_are_named() -> None:
    """They are what a gateway must route, or will get 404 for."""
    other = copy.deepcopy(document())
    other["paths"]["/o/{org}/things/{id}/"] = other["paths"].pop("/o/{org}/things/")
    drift = drift_between(table(), read_document(other))
    assert drift.added == ("GET /o/{org}/things/{id}/",)
    assert drift.removed == (KEY,)


def test_a_renamed_placeholder_is_a_change_of_one_operation() -> None:
    """Sentry renamed `organization_slug` everywhere once; nothing was added or removed by that."""
    other = copy.deepcopy(document())
    item = other["paths"].pop("/o/{org}/things/")
    item["get"]["parameters"][0]["name"] = "slug"
    other["paths"]["/o/{slug}/things/"] = item
    drift = drift_between(table(), read_document(other))
    assert dict(drift.changed) == {"GET /o/{slug}/things/": ("operation: path /o/{org}/things/ -> /o/{slug}/things/",)}


def test_a_shape_that_only_got_a_name_is_no_change() -> None:
    """Which shapes share a name depends on the rest of the document."""
    other = copy.deepcopy(document())
    other["components"] = {"schemas": {"Thing": THING, "Things": {"type": "array", "items": THING}}}
    other["paths"]["/o/{org}/things/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {
        "$ref": "#/components/schemas/Things"
    }
    assert not drift_between(table(), read_document(other))


def test_a_shape_within_itself_ends() -> None:
    """A tree's node holds nodes; following its reference for ever would hang the command."""
    other = copy.deepcopy(document())
    node = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}},
    }
    other["components"] = {"schemas": {"Node": node}}
    other["paths"]["/o/{org}/things/"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = node
    tree = read_document(other)
    assert not drift_between(tree, tree)
