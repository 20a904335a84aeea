"""Whether a reply is what the catalog says: a look at it, not a proof.

Only what breaks clients counts: a required member that is missing, and a value of another type. Unknown members are
Sentry's freedom, and so are new values of an enum. Of a list the first few items are looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.catalog.table import resolved

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.catalog.operation import Schema

Fault = tuple[str, str]
"""A field such as `[].project.slug`, and what is wrong with it: `missing`, or `integer instead of string`."""

ITEMS = 3
DEPTH = 6
MOST_FAULTS = 20

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
_NAMES = {dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number"}


def faults_of(value: Any, schema: Schema) -> tuple[Fault, ...]:
    """Give where a value departs from a schema, each field once, at most a score of them.

    >>> faults_of({"id": 5}, {"type": "object", "required": ["id", "slug"], "properties": {"id": {"type": "string"}}})
    (('slug', 'missing'), ('id', 'integer instead of string'))
    """
    found: dict[Fault, None] = {}
    for fault in _faults(value, schema, "", DEPTH):
        found[fault] = None
        if len(found) == MOST_FAULTS:
            break
    return tuple(found)


def _faults(value: Any, schema: Schema, where: str, depth: int) -> Iterator[Fault]:
    schema = resolved(schema)
    if depth == 0 or (value is None and _may_be_null(schema)):
        return
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        yield from _of_the_nearest(value, options, where, depth)
        return
    for part in schema.get("allOf", ()):
        yield from _faults(value, part, where, depth)
    kind = schema.get("type")
    if kind in _TYPES and not _is(value, kind):
        yield where or ".", f"{_name(value)} instead of {kind}"
        return
    if isinstance(value, dict):
        yield from _members(value, schema, where, depth)
    elif isinstance(value, list) and "items" in schema:
        for item in value[:ITEMS]:
            yield from _faults(item, schema["items"], f"{where}[]", depth - 1)


def _members(value: dict[str, Any], schema: Schema, where: str, depth: int) -> Iterator[Fault]:
    known = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in value:
            yield _at(where, name), "missing"
    for name, inner in known.items():
        if name in value:
            yield from _faults(value[name], inner, _at(where, name), depth - 1)
    rest = schema.get("additionalProperties")
    if isinstance(rest, dict):
        # A member's own name is data here, and a label must not hold data.
        for inner_value in [value[name] for name in value if name not in known][:ITEMS]:
            yield from _faults(inner_value, rest, _at(where, "*"), depth - 1)


def _of_the_nearest(value: Any, options: Any, where: str, depth: int) -> Iterator[Fault]:
    """Give the faults against the option that has the fewest: which one was meant is not said anywhere."""
    yield from min((list(_faults(value, option, where, depth)) for option in options), key=len)


def _may_be_null(schema: Schema) -> bool:
    return bool(schema.get("nullable") or "type" not in schema)


def _is(value: Any, kind: str) -> bool:
    # In Python a boolean is an integer; in JSON it is not.
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _name(value: Any) -> str:
    return "null" if value is None else _NAMES.get(type(value), "another")


def _at(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
