from __future__ import annotations

import json
from typing import Any

import pytest

from dexter.catalog.importer import facts_of, identifier, read_document, with_history, write_operations, write_schemas
from dexter.errors import BadRequest

AVATAR = {
    "type": "object",
    "description": "How a person looks.",
    "properties": {
        "avatarType": {"type": "string", "enum": ["letter", "upload"], "example": "letter"},
        "avatarUuid": {"type": "string", "nullable": True, "title": "An id"},
        "title": {"type": "string", "description": "A property called title is a fact."},
    },
    "required": ["avatarType"],
}


def document(**paths: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.3",
        "paths": {
            "/o/{org}/people/": {
                "get": {
                    "operationId": "List an Org's People",
                    "summary": "A sentence.",
                    "description": "Another sentence.",
                    "tags": ["People"],
                    "security": [{"token": ["org:write", "org:read"]}, {"dsn": []}],
                    "parameters": [
                        {"name": "org", "in": "path", "description": "Words.", "schema": {"type": "string"}},
                        {
                            "name": "sort",
                            "in": "query",
                            "schema": {"type": "string", "enum": ["a", "b"], "default": "a"},
                        },
                    ],
                    "responses": {
                        "404": {"description": "Gone."},
                        "200": {
                            "description": "Fine.",
                            "content": {
                                "application/json": {
                                    "example": [{"avatar": 1}],
                                    "schema": {
                                        "type": "array",
                                        "items": {"type": "object", "properties": {"avatar": AVATAR, "owner": AVATAR}},
                                    },
                                }
                            },
                        },
                    },
                },
            },
            **paths,
        },
        "components": {"schemas": {"Person": {"type": "object", "properties": {"avatar": AVATAR}}}},
    }


def test_only_facts_are_kept() -> None:
    """The document is not ours to copy: names, types and limits are facts, its sentences are its own."""
    table = read_document(document())
    written = write_operations(table) + write_schemas(table)
    for words in ("sentence", "Words.", "How a person looks", "An id", "Gone.", "example"):
        assert words not in written
    assert "A property called title" not in written
    assert facts_of(AVATAR)["properties"]["title"] == {"type": "string"}


def test_an_operation_is_one_row() -> None:
    """The row is what `operations.json` holds, so that its form is looked at in full here."""
    (row,) = read_document(document()).operations
    assert row == {
        "method": "GET",
        "path": "/o/{org}/people/",
        "id": "listAnOrgsPeople",
        "tag": "People",
        "scopes": ["org:read", "org:write"],
        "parameters": [
            ["org", "path", True, {"type": "string"}],
            ["sort", "query", False, {"type": "string", "enum": ["a", "b"], "default": "a"}],
        ],
        "request": None,
        "responses": {
            "200": [
                "application/json",
                {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "avatar": {"$ref": "#/components/schemas/Avatar"},
                            "owner": {"$ref": "#/components/schemas/Avatar"},
                        },
                    },
                },
            ],
            "404": None,
        },
    }


def test_references_to_shared_parts_are_followed() -> None:
    """A document may write a parameter, a body or an answer once for all its operations."""
    plain, shared = document(), document()
    facts = shared["paths"]["/o/{org}/people/"]["get"]
    shared["components"]["parameters"] = {"Sort": facts["parameters"].pop()}
    facts["parameters"].append({"$ref": "#/components/parameters/Sort"})
    shared["components"]["responses"] = {"People": facts["responses"].pop("200")}
    facts["responses"]["200"] = {"$ref": "#/components/responses/People"}
    assert read_document(shared) == read_document(plain)


def test_a_shape_that_stands_twice_is_written_once() -> None:
    """Sentry's document writes every shape out in full at every use, ten times what it says."""
    schemas = read_document(document()).schemas
    assert schemas["Avatar"] == facts_of(AVATAR)
    assert schemas["Person"]["properties"] == {"avatar": {"$ref": "#/components/schemas/Avatar"}}


def test_newcomers_are_dated() -> None:
    """`since` is how a gateway tells which servers speak an operation; importing again must not forget it."""
    other = document()
    other["paths"]["/o/{org}/new/"] = {"get": other["paths"]["/o/{org}/people/"]["get"]}
    first = with_history(read_document(other), read_document(document()), "26.8.0")
    assert [row.get("since") for row in first.operations] == [None, "26.8.0"]
    again = with_history(read_document(other), first, "26.9.0")
    assert [row.get("since") for row in again.operations] == [None, "26.8.0"]


def test_importing_twice_gives_the_same_files() -> None:
    """A table that changes by itself would drown what Sentry changed."""
    first, second = (read_document(json.loads(json.dumps(document()))) for _ in range(2))
    assert write_operations(first) == write_operations(second)
    assert write_schemas(first) == write_schemas(second)


def test_files_hold_one_thing_a_line() -> None:
    """A reader of a diff sees which operation and which shape moved."""
    table = read_document(document())
    assert len(write_operations(table).splitlines()) == len(table.operations) + 2
    assert len(write_schemas(table).splitlines()) == len(table.schemas) + 2
    assert json.loads(write_operations(table)) == list(table.operations)
    assert json.loads(write_schemas(table)) == table.schemas


@pytest.mark.parametrize("value", [None, [], "text", {}, {"paths": None}, {"paths": {}}, {"paths": {"/a/": {}}}])
def test_what_is_no_document_is_refused(value: object) -> None:
    """Importing a wrong file must not empty the table."""
    with pytest.raises(BadRequest, match="not an OpenAPI document"):
        read_document(value)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("listThings", "listThings"),
        ("List a Project's Issues", "listAProjectsIssues"),
        ("retrieve-thing", "retrieveThing"),
        ("GET /a/{b}/", "gETAB"),
    ],
)
def test_operation_ids_are_one_word(given: str, expected: str) -> None:
    """They become names of types, in Python and TypeScript."""
    assert identifier(given) == expected
    assert expected.isidentifier()


@pytest.mark.parametrize("paths", [{"/x/": {"get": 3}}, {"/x/": []}])
def test_a_document_whose_paths_are_no_objects_is_told_in_a_sentence(paths: dict[str, Any]) -> None:
    """It was Python's own complaint."""
    with pytest.raises(BadRequest, match="not an OpenAPI document"):
        read_document({"paths": paths})
