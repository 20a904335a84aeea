"""The table's schemas as JSON Schema proper, so that a validator from outside can judge what was sampled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jsonschema

from dexter.catalog.table import components

if TYPE_CHECKING:
    from dexter.catalog.operation import Schema


def validate(value: Any, schema: Schema) -> None:
    """Raise `jsonschema.ValidationError` when the value is not what the schema permits."""
    whole = {**proper(schema), "components": {"schemas": {name: proper(each) for name, each in components().items()}}}
    jsonschema.Draft202012Validator(whole).validate(value)


def proper(schema: Any) -> Any:
    """Give a schema of OpenAPI 3.0's dialect in JSON Schema's: there, `null` is a type."""
    if isinstance(schema, list):
        return [proper(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: proper(inner) for key, inner in schema.items() if key != "nullable"}
    return {"anyOf": [kept, {"type": "null"}]} if schema.get("nullable") is True else kept
