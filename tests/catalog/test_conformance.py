"""A look at whether replies are what the catalog says."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.catalog.conformance import MOST_FAULTS, faults_of

TEXT: dict[str, Any] = {"type": "string"}
ISSUE: dict[str, Any] = {
    "type": "object",
    "required": ["id", "project"],
    "properties": {"id": TEXT, "project": {"type": "object", "required": ["slug"], "properties": {"slug": TEXT}}},
}
LIST: dict[str, Any] = {"type": "array", "items": ISSUE}
EITHER: dict[str, Any] = {"oneOf": [ISSUE, {"type": "array", "items": TEXT}]}
COUNTS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "integer"}}

REPLIES: list[tuple[Any, dict[str, Any], tuple[tuple[str, str], ...]]] = [
    # value, schema, faults
    ({"id": "1", "project": {"slug": "a"}, "new": 1}, ISSUE, ()),
    ({"id": 1, "project": {}}, ISSUE, (("id", "integer instead of string"), ("project.slug", "missing"))),
    ({"id": "1", "project": None}, ISSUE, (("project", "null instead of object"),)),
    ([{"id": "1", "project": {"slug": "a"}}, {"project": {"slug": "a"}}], LIST, (("[].id", "missing"),)),
    ([], LIST, ()),
    ({}, LIST, ((".", "object instead of array"),)),
    ("x", {"type": "string", "enum": ["a"]}, ()),
    (None, {"type": "string", "nullable": True}, ()),
    (None, TEXT, ((".", "null instead of string"),)),
    (True, {"type": "integer"}, ((".", "boolean instead of integer"),)),
    (1, {"type": "number"}, ()),
    (1.5, {"type": "integer"}, ((".", "number instead of integer"),)),
    ({"a": 1, "secret-name": "x"}, COUNTS, (("*", "string instead of integer"),)),
    (["a"], EITHER, ()),
    ({"id": "1", "project": {"slug": 5}}, EITHER, (("project.slug", "integer instead of string"),)),
    (5, {}, ()),
    ({"a": 1}, {"allOf": [{"type": "object", "required": ["b"]}]}, (("b", "missing"),)),
]


@pytest.mark.parametrize(("value", "schema", "faults"), REPLIES)
def test_missing_members_and_other_types_are_told_by_field(
    value: Any, schema: dict[str, Any], faults: tuple[tuple[str, str], ...]
) -> None:
    """That is what breaks clients; new members and new values do not. Fields are names, never data."""
    assert faults_of(value, schema) == faults


def test_only_a_few_items_and_a_score_of_faults_are_told() -> None:
    """What a look costs does not grow with the reply."""
    bad = {f"f{number}": 1 for number in range(50)}
    schema = {"type": "object", "properties": dict.fromkeys(bad, TEXT)}
    assert len(faults_of(bad, schema)) == MOST_FAULTS
    assert faults_of([{"id": "1", "project": {"slug": "a"}}] * 3 + [{}], LIST) == ()


def test_a_reply_that_refers_to_itself_ends() -> None:
    """A tree of any depth is looked at to some depth."""
    deep: Any = "x"
    schema: dict[str, Any] = TEXT
    for _ in range(50):
        deep, schema = [deep], {"type": "array", "items": schema}
    assert faults_of(deep, schema) == ()
