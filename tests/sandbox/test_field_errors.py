"""Complaints about a body come by field, in the words that Sentry's clients look for."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.sandbox.field_errors import field_errors, with_texts

SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "kind"],
    "properties": {
        "name": {"type": "string", "maxLength": 5, "minLength": 1},
        "kind": {"type": "string", "enum": ["a", "b"]},
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "nullable": True},
        "on": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "inner": {
            "type": "object",
            "required": ["deep"],
            "properties": {"deep": {"$ref": "#/components/schemas/Deep"}},
        },
    },
}
GOOD: dict[str, Any] = {"name": "x", "kind": "a"}


def resolve(ref: str) -> dict[str, Any]:
    assert ref == "#/components/schemas/Deep"
    return {"type": "number"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (GOOD, {}),
        (GOOD | {"count": None, "unknown": 1}, {}),
        ({}, {"name": ["This field is required."], "kind": ["This field is required."]}),
        (GOOD | {"name": None}, {"name": ["This field may not be null."]}),
        (GOOD | {"name": ""}, {"name": ["This field may not be blank."]}),
        (GOOD | {"name": []}, {"name": ["Not a valid string."]}),
        (GOOD | {"name": "abcdef"}, {"name": ["Ensure this field has no more than 5 characters."]}),
        (GOOD | {"kind": "c"}, {"kind": ['"c" is not a valid choice.']}),
        (GOOD | {"count": "many"}, {"count": ["A valid integer is required."]}),
        (GOOD | {"count": 10}, {"count": ["Ensure this value is less than or equal to 9."]}),
        (GOOD | {"count": 0}, {"count": ["Ensure this value is greater than or equal to 1."]}),
        (GOOD | {"on": "yes"}, {"on": ["Must be a valid boolean."]}),
        (GOOD | {"tags": "x"}, {"tags": ['Expected a list of items but got type "str".']}),
        (GOOD | {"tags": ["x", {}]}, {"tags": {"1": ["Not a valid string."]}}),
        (GOOD | {"inner": {}}, {"inner": {"deep": ["This field is required."]}}),
        (GOOD | {"inner": {"deep": "x"}}, {"inner": {"deep": ["A valid number is required."]}}),
        ([], {"nonFieldErrors": ["Invalid data. Expected a dictionary, but got list."]}),
    ],
)
def test_a_body_is_judged_field_by_field(body: Any, expected: dict[str, Any]) -> None:
    """A client shows these messages beside its form's fields."""
    assert field_errors(body, SCHEMA, resolve) == expected


def test_a_partial_update_needs_no_field_but_keeps_its_types() -> None:
    """Sentry's document marks every field of the issue update as required; the server takes any subset."""
    assert field_errors({}, SCHEMA, resolve, partial=True) == {}
    assert field_errors({"on": 1}, SCHEMA, resolve, partial=True) == {"on": ["Must be a valid boolean."]}


def test_a_number_becomes_text_where_text_is_wanted() -> None:
    """A version of 2 is the version `2`."""
    assert with_texts({"name": 2, "count": 3, "on": True, "other": 4}, SCHEMA, resolve) == {
        "name": "2",
        "count": 3,
        "on": True,
        "other": 4,
    }
