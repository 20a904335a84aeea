"""A believable body for an operation the sandbox keeps no state for.

The same operation with the same path parameters always gives the same body, and the body validates
against the operation's response schema. Nothing is remembered: a sampled write is answered, not done.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from dexter.catalog.operation import Operation, Schema

Resolve = Callable[[str], Schema]
"""From `#/components/schemas/NAME` to the schema it names."""

SAMPLED_HEADER = ("X-Sandbox", "sampled")

_DEEP = 8
_WORDS = ("alder", "basalt", "cinder", "delta", "ember", "fjord", "garnet", "harbor", "indigo", "juniper")
_PEOPLE = ("ada", "grace", "linus", "margaret", "radia")
_EPOCH = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sample:
    """What to answer: the status the operation promises, and its body or None for an empty one."""

    status: int
    body: Any | None


def sample(operation: Operation, params: Mapping[str, str], resolve: Resolve) -> Sample:
    """Give the status and body for one call of an operation, always the same for the same parameters."""
    status = min(operation.responses, default=200, key=lambda code: (not 200 <= code < 300, code))
    promised = operation.responses.get(status)
    if promised is None:
        return Sample(status, None)
    if promised.schema is None:
        # Some JSON, nobody has written down which: an empty body would be none.
        return Sample(status, {} if promised.media_type == "application/json" else None)
    seed = "\n".join([operation.key, *(f"{name}={params[name]}" for name in sorted(params))])
    return Sample(status, echo(sample_value(promised.schema, seed, resolve), params))


def sample_value(schema: Schema, seed: str, resolve: Resolve) -> Any:
    """Give a value that validates against a schema, always the same for the same seed."""
    chance = random.Random(hashlib.sha256(seed.encode()).digest())  # noqa: S311 - repeatable on purpose
    return _Maker(chance, resolve).value(schema, "", 0)


def echo(body: Any, params: Mapping[str, str]) -> Any:
    """Put the path's parameters into the body's own fields of the same name, where the types agree."""
    if not isinstance(body, dict) or not params:
        return body
    own = list(params)[-1]
    names: dict[str, str] = {}
    for name, value in params.items():
        base = re.sub(r"_(id_or_slug|id)$", "", name)
        names.update({name: value, base: value, f"{base}Id": value, f"{base}_id": value})
        if name == own:
            names |= {("id" if value.isdigit() else "slug"): value} if name.endswith("id_or_slug") else {"id": value}
    return {field: _agreeing(old, names[field]) if field in names else old for field, old in body.items()}


def _agreeing(old: Any, new: str) -> Any:
    if isinstance(old, str):
        return new
    if isinstance(old, int) and not isinstance(old, bool) and new.isdigit():
        return int(new)
    return old


class _Maker:
    """Makes values for schemas from one stream of chance."""

    def __init__(self, chance: random.Random, resolve: Resolve) -> None:
        self._chance = chance
        self._resolve = resolve

    def value(self, schema: Schema, name: str, depth: int) -> Any:
        schema = self._flat(schema)
        if schema.get("enum"):
            return self._chance.choice([item for item in schema["enum"] if item is not None] or [None])
        if depth > _DEEP and schema.get("nullable"):
            return None
        branches = schema.get("anyOf") or schema.get("oneOf")
        if branches:
            return self.value(branches[0], name, depth)
        kind = schema.get("type") or ("object" if "properties" in schema else None)
        match kind:
            case "object":
                return self._object(schema, name, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return self._string(schema, name)
            case "integer":
                return self._integer(schema, name)
            case "number":
                return float(self._integer(schema, name))
            case "boolean":
                return self._chance.random() < 0.5
            case _:
                return None if schema.get("nullable") else {}

    def _flat(self, schema: Schema) -> Schema:
        """Follow references and merge `allOf` into one schema."""
        while "$ref" in schema:
            schema = self._resolve(schema["$ref"])
        if "allOf" not in schema:
            return schema
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key != "allOf"}
        for part in map(self._flat, schema["allOf"]):
            properties = {**merged.get("properties", {}), **part.get("properties", {})}
            required = [*merged.get("required", []), *part.get("required", [])]
            merged = {**part, **merged}
            if properties:
                merged |= {"properties": properties, "required": required}
        return merged

    def _object(self, schema: Schema, name: str, depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        made = {
            field: self.value(shape, field, depth + 1)
            for field, shape in schema.get("properties", {}).items()
            if field in required or depth <= _DEEP // 2
        }
        more = schema.get("additionalProperties")
        if not made and isinstance(more, Mapping) and more and depth <= _DEEP:
            made[self._chance.choice(_WORDS)] = self.value(more, name, depth + 1)
        return made

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        least = int(schema.get("minItems", 0))
        wanted = self._chance.randint(1, 2) if depth <= _DEEP // 2 else 0
        count = max(least, min(wanted, int(schema.get("maxItems", wanted))))
        return [self.value(schema.get("items", {}), name, depth + 1) for _ in range(count)]

    def _integer(self, schema: Schema, name: str) -> int:
        if name.lower().endswith("id"):
            return self._chance.randint(1000, 9999)
        low = int(schema.get("minimum", 0))
        high = int(schema.get("maximum", low + 100))
        return self._chance.randint(low, high)

    def _string(self, schema: Schema, name: str) -> str:
        made = self._formatted(schema.get("format"), name)
        made = made.ljust(int(schema.get("minLength", 0)), "x")[: schema.get("maxLength")]
        pattern = schema.get("pattern")
        if pattern and not re.search(pattern, made):
            return next((word for word in _WORDS if re.search(pattern, word)), made)
        return made

    def _formatted(self, form: str | None, name: str) -> str:
        word = self._chance.choice(_WORDS)
        number = self._chance.randint(1000, 9999)
        lowered = name.lower()
        if form == "date-time" or lowered.startswith("date"):
            return (_EPOCH + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if form == "uuid" or lowered == "uuid":
            return str(UUID(int=self._chance.getrandbits(128), version=4))
        if form == "uri" or lowered.endswith("url"):
            return f"https://sandbox.example/{word}/{number}"
        if form == "email" or lowered == "email":
            return f"{self._chance.choice(_PEOPLE)}@sandbox.example"
        if lowered == "id" or name.endswith(("Id", "_id")):
            return str(number)
        if lowered in {"username", "user"}:
            return self._chance.choice(_PEOPLE)
        return f"{word}-{number}"
