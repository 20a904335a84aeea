"""Values made from a schema, always the same for the same schema: what a case sends and what Sentry answers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from dexter.catalog.table import resolved

if TYPE_CHECKING:
    from dexter.catalog.operation import Schema

DEEPEST = 12

FORMATS = {
    "date-time": "2026-08-16T09:30:00.000000Z",
    "email": "ada@example.com",
    "uri": "https://tracker.example.com/a?b=c",
    "uuid": "7f0c3b1e-9a52-4c7e-8d11-0a5d3f6b2c90",
    "binary": "bytes",
}
CANDIDATES = ("a-slug_1", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef01234567")
"""Texts of which one fits each pattern that the table has."""


def value(schema: Schema, name: str = "value", depth: int = 0) -> Any:
    """Give a value that the schema permits: every property, one item of each list, the first of several kinds."""
    schema = _merged(resolved(schema))
    if "enum" in schema:
        return next((member for member in schema["enum"] if member is not None), None)
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return value(schema[key][0], name, depth)
    kind = schema.get("type") or ("object" if "properties" in schema else None)
    match kind:
        case "object":
            return _object(schema, name, depth)
        case "array":
            return _array(schema, name, depth)
        case "string":
            return _text(schema, name)
        case "integer" | "number":
            return _number(schema, kind)
        case "boolean":
            return True
        case _:
            return {"anything": f"{name} ✓"}


def _merged(schema: Schema) -> Schema:
    """Give the schema with the parts of `allOf` as one."""
    merged = {key: inner for key, inner in schema.items() if key != "allOf"}
    for part in schema.get("allOf", ()):
        inner = _merged(resolved(part))
        properties = {**merged.get("properties", {}), **inner.get("properties", {})}
        merged = {**inner, **merged, **({"properties": properties} if properties else {})}
    return merged


def _object(schema: Schema, name: str, depth: int) -> dict[str, Any]:
    required = schema.get("required", ())
    made = {
        key: value(inner, key, depth + 1)
        for key, inner in schema.get("properties", {}).items()
        if depth < DEEPEST or key in required
    }
    more = schema.get("additionalProperties")
    if not made and isinstance(more, dict) and depth < DEEPEST:
        made["sample"] = value(more, name, depth + 1)
    return made


def _array(schema: Schema, name: str, depth: int) -> list[Any]:
    least = schema.get("minItems", 0 if depth >= DEEPEST else 1)
    return [value(schema.get("items", {}), name, depth + 1) for _ in range(least)]


def _text(schema: Schema, name: str) -> str:
    if "pattern" in schema:
        return next(text for text in CANDIDATES if re.search(schema["pattern"], text))
    if schema.get("format") in FORMATS:
        return FORMATS[schema["format"]]
    # A letter outside ASCII and a slash show whether somebody wrote the text anew.
    text = f"{name} / é"
    text += "x" * max(0, schema.get("minLength", 0) - len(text))
    return text[: schema.get("maxLength", len(text))]


def _number(schema: Schema, kind: str) -> int | float:
    number = schema.get("minimum", 7)
    if "maximum" in schema and number > schema["maximum"]:
        number = schema["maximum"]
    return int(number) if kind == "integer" else float(number) + (0 if "maximum" in schema else 0.5)
