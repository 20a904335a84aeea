"""What Sentry says about a body that does not fit: a dict from field to a list of sentences."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dexter.catalog.operation import Schema

FieldErrors = dict[str, Any]
"""`{"name": ["..."]}`, nested where the field holds an object of its own."""

Resolve = Callable[[str], Schema]

REQUIRED = "This field is required."
NOT_NULL = "This field may not be null."
NOT_BLANK = "This field may not be blank."
NOT_A_STRING = "Not a valid string."
NOT_A_BOOLEAN = "Must be a valid boolean."
NOT_AN_INTEGER = "A valid integer is required."
NOT_A_NUMBER = "A valid number is required."


def field_errors(body: Any, schema: Schema, resolve: Resolve, *, partial: bool = False) -> FieldErrors:
    """Give what is wrong with a body, by field; empty when it fits.

    `partial` asks for types only: Sentry's document marks every field of some updates as required,
    although the server takes any subset.
    """
    schema = followed(schema, resolve)
    if not isinstance(body, Mapping):
        return {"nonFieldErrors": [f"Invalid data. Expected a dictionary, but got {type(body).__name__}."]}
    required = set() if partial else set(schema.get("required", ()))
    found: FieldErrors = {}
    for name, raw in schema.get("properties", {}).items():
        shape = followed(raw, resolve)
        if name not in body:
            if name in required and not shape.get("readOnly"):
                found[name] = [REQUIRED]
            continue
        wrong = value_error(body[name], shape, resolve)
        if wrong:
            found[name] = wrong
    return found


def value_error(value: Any, schema: Schema, resolve: Resolve) -> list[str] | FieldErrors | None:
    """Give the complaint about one value, or None when it fits."""
    if value is None:
        return None if schema.get("nullable") or "type" not in schema else [NOT_NULL]
    if any(branch in schema for branch in ("anyOf", "oneOf", "allOf")):
        return None
    if schema.get("enum"):
        permitted = value in [choice for choice in schema["enum"] if choice is not None]
        return None if permitted else [f'"{value}" is not a valid choice.']
    match schema.get("type"):
        case "string":
            return _string_error(value, schema)
        case "boolean":
            return None if isinstance(value, bool) else [NOT_A_BOOLEAN]
        case "integer" | "number" as kind:
            return _number_error(value, schema, kind)
        case "array":
            return _list_error(value, schema, resolve)
        case "object" if schema.get("properties"):
            return field_errors(value, schema, resolve) or None
        case "object" if not isinstance(value, Mapping):
            return [f'Expected a dictionary of items but got type "{type(value).__name__}".']
        case _:
            return None


def with_texts(body: Mapping[str, Any], schema: Schema, resolve: Resolve) -> dict[str, Any]:
    """Give the body with numbers written out where its schema wants text, as Sentry takes them."""
    shapes = followed(schema, resolve).get("properties", {})
    texts = {name for name, shape in shapes.items() if followed(shape, resolve).get("type") == "string"}
    return {
        name: str(value) if name in texts and isinstance(value, int | float) else value for name, value in body.items()
    }


def followed(schema: Schema, resolve: Resolve) -> Schema:
    """Give the schema behind a reference."""
    while "$ref" in schema:
        schema = resolve(schema["$ref"])
    return schema


def _string_error(value: Any, schema: Schema) -> list[str] | None:
    # Numbers are taken as strings, as the framework behind Sentry does.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return [NOT_A_STRING]
    longest = schema.get("maxLength")
    if longest is not None and len(str(value)) > longest:
        return [f"Ensure this field has no more than {longest} characters."]
    if value == "" and schema.get("minLength", 0) > 0:
        return [NOT_BLANK]
    return None


def _number_error(value: Any, schema: Schema, kind: str) -> list[str] | None:
    number = _as_number(value, kind)
    if number is None:
        return [NOT_AN_INTEGER if kind == "integer" else NOT_A_NUMBER]
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and number < low:
        return [f"Ensure this value is greater than or equal to {low}."]
    if high is not None and number > high:
        return [f"Ensure this value is less than or equal to {high}."]
    return None


def _as_number(value: Any, kind: str) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return int(value) if kind == "integer" and isinstance(value, str) else float(value)
    except ValueError:
        return None


def _list_error(value: Any, schema: Schema, resolve: Resolve) -> list[str] | FieldErrors | None:
    if not isinstance(value, list):
        return [f'Expected a list of items but got type "{type(value).__name__}".']
    inner = followed(schema.get("items", {}), resolve)
    found = {str(index): wrong for index, item in enumerate(value) if (wrong := value_error(item, inner, resolve))}
    return found or None
