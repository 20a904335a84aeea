"""The catalog's schemas, in the dialect that a JSON Schema validator reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from dexter.catalog.table import components


def faults_in(value: Any, schema: Any) -> list[str]:
    """Give what is wrong with a value by a schema of the catalog; empty when it validates."""
    whole = {**translated(schema), "components": {"schemas": _components()}}
    errors = Draft202012Validator(whole).iter_errors(value)
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors]


@cache
def _components() -> dict[str, Any]:
    return {name: translated(schema) for name, schema in components().items()}


def translated(schema: Any) -> Any:
    """Turn OpenAPI 3.0's `nullable` into JSON Schema's union with null."""
    if isinstance(schema, list):
        return [translated(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    nullable = schema.get("nullable") is True
    plain = {key: translated(value) for key, value in schema.items() if key != "nullable"}
    if isinstance(schema.get("properties"), Mapping):
        plain["properties"] = {name: translated(shape) for name, shape in schema["properties"].items()}
    return {"anyOf": [plain, {"type": "null"}]} if nullable else plain
