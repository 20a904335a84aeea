from __future__ import annotations

import json
from collections import Counter
from importlib import resources
from typing import TYPE_CHECKING

import pytest

from dexter.catalog.importer import REF, SCHEMA_FACTS
from dexter.catalog.table import committed, components, operation, operations, resolved, schema
from dexter.catalog.template import placeholders

if TYPE_CHECKING:
    from dexter.catalog.operation import Operation

ISSUES = "GET /api/0/organizations/{organization_id_or_slug}/issues/"
WORDS = ("title", "description", "summary", "example", "examples", "externalDocs")


def refs(value: object) -> list[str]:
    if isinstance(value, dict):
        return [
            *([value["$ref"]] if isinstance(value.get("$ref"), str) else ()),
            *(r for v in value.values() for r in refs(v)),
        ]
    return [ref for inner in value for ref in refs(inner)] if isinstance(value, list) else []


def test_the_whole_published_api_is_there() -> None:
    """Every address of Sentry's 0.272.0 document is routed: 223 operations on 137 paths."""
    public = [known for known in operations() if known.dialect == "public"]
    assert len(public) == 223
    assert len({known.path for known in public}) == 137


def test_keys_are_unique() -> None:
    """The key labels metrics and finds contract cases; two operations under one would hide each other."""
    assert max(Counter(known.key for known in operations()).values()) == 1
    assert max(Counter(known.operation_id for known in operations()).values()) == 1


def test_an_operation_is_found_by_its_key() -> None:
    """Features name operations by key."""
    known = operation(ISSUES)
    assert (known.method, known.tag, known.dialect) == ("GET", "Events", "public")
    assert known.scopes == ("event:admin", "event:read", "event:write")
    with pytest.raises(KeyError):
        operation("GET /api/0/nothing/")


@pytest.mark.parametrize("known", operations(), ids=lambda known: known.key)
def test_a_path_and_its_parameters_agree(known: Operation) -> None:
    """A placeholder without a parameter, or the reverse, could not be sampled, typed or bound."""
    in_path = [parameter.name for parameter in known.parameters if parameter.where == "path"]
    assert sorted(in_path) == sorted(placeholders(known.path))
    assert all(parameter.required for parameter in known.parameters if parameter.where == "path")
    assert any(200 <= status < 300 for status in known.responses)


def test_every_reference_leads_to_a_schema() -> None:
    """A dangling reference would break types, sampled replies and validation far from here."""
    bodies = [body for known in operations() for body in (known.request, *known.responses.values()) if body]
    held = [ref for body in bodies for ref in refs(body.schema)] + refs(dict(components()))
    assert len(held) > 100
    for ref in held:
        assert ref.startswith(REF)
        assert schema(ref)


def test_a_reference_to_a_reference_is_followed() -> None:
    """Two names for one shape are kept as one shape and a reference."""
    aliases = [name for name, known in components().items() if "$ref" in known]
    for name in aliases:
        assert "$ref" not in resolved({"$ref": REF + name})
    assert resolved({"type": "string"}) == {"type": "string"}


def test_data_files_hold_facts_only() -> None:
    """Sentry's document is not ours to copy: no description, title or example, and no text long enough to be one."""

    def walk(value: object, *, is_schema: bool) -> None:
        if isinstance(value, dict):
            if is_schema:
                assert value.keys() <= SCHEMA_FACTS
            for key, inner in value.items():
                walk(inner, is_schema=is_schema and key not in ("properties", "default"))
                if is_schema and key == "properties":
                    for shape in inner.values():
                        walk(shape, is_schema=True)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, is_schema=is_schema)
        elif isinstance(value, str):
            assert value.count(" ") < 5, value

    for known in committed().schemas.values():
        walk(known, is_schema=True)
    for row in committed().operations:
        walk(row, is_schema=False)
        assert not row.keys() & set(WORDS)


@pytest.mark.parametrize("name", ["operations.json", "schemas.json"])
def test_data_files_stay_small(name: str) -> None:
    """They are read at every start and in every review."""
    text = (resources.files("dexter.catalog") / name).read_text()
    assert len(text) < 600_000
    assert len(text.splitlines()) == len(json.loads(text)) + 2


def test_private_operations_say_what_they_are() -> None:
    """A caller must be able to tell what Sentry promises from what it merely answers."""
    private = {known.key for known in operations() if known.dialect == "private"}
    issue = "/api/0/organizations/{organization_id_or_slug}/issues/{issue_id}"
    assert {f"GET {issue}/activities/", f"GET {issue}/stats/", f"GET {issue}/tags/"} <= private
    assert {f"{method} {issue}/comments/" for method in ("GET", "POST")} <= private
    assert "GET /api/0/" in private
