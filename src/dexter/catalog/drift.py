"""What differs between two operation tables: pure, in words that name the place.

Operations are told apart by method and path, whatever their placeholders are called; schemas are compared with
their references followed, so that a shape which merely got another name is no difference.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.catalog.importer import REF
from dexter.catalog.template import shape

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from dexter.catalog.importer import Json, Table

Facts = dict[tuple[str, ...], str]
"""What is said of each place: the way to it, its last step a fact's name, and the fact as JSON."""

_INNER = {"items": "[]", "additionalProperties": "{}", "not": "not"}


@dataclass(frozen=True, slots=True)
class Drift:
    """How a second table differs from a first; operations are named `GET /api/0/...`."""

    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[str, ...]]
    """By operation: each difference in one line."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def drift_between(old: Table, new: Table) -> Drift:
    """Give what was added, removed and changed on the way from `old` to `new`."""
    before, after = _by_place(old), _by_place(new)
    both = [place for place in after if place in before]
    changes = {_key(after[place]): _changes(before[place], old, after[place], new) for place in both}
    return Drift(
        added=tuple(_key(after[place]) for place in after if place not in before),
        removed=tuple(_key(before[place]) for place in before if place not in after),
        changed={key: lines for key, lines in changes.items() if lines},
    )


def _by_place(table: Table) -> dict[tuple[str, str], Json]:
    return {(row["method"], shape(row["path"])): row for row in table.operations}


def _key(row: Json) -> str:
    return f"{row['method']} {row['path']}"


def _changes(before: Json, old: Table, after: Json, new: Table) -> tuple[str, ...]:
    first, second = dict(_facts(before, old)), dict(_facts(after, new))
    lines: dict[str, None] = {}
    for place in sorted(first.keys() | second.keys()):
        if first.get(place) != second.get(place):
            lines[_line(place, first, second)] = None
    return tuple(lines)


def _line(place: tuple[str, ...], first: Facts, second: Facts) -> str:
    """Say one difference; a place that is wholly new or gone is said once, at its top."""
    for depth in range(1, len(place)):
        top = place[:depth]
        stood, stands = _stands(top, first), _stands(top, second)
        if stood != stands:
            return f"{_words(top)}: {'added' if stands else 'removed'}"
    where, fact = _words(place[:-1]), place[-1]
    if place not in first:
        return f"{where}: {fact} {second[place]} added"
    if place not in second:
        return f"{where}: {fact} {first[place]} removed"
    return f"{where}: {fact} {first[place]} -> {second[place]}"


def _stands(top: tuple[str, ...], facts: Facts) -> bool:
    return any(place[: len(top)] == top for place in facts)


def _words(place: tuple[str, ...]) -> str:
    return "".join(place)


def _facts(row: Json, table: Table) -> Iterator[tuple[tuple[str, ...], str]]:
    for fact in ("path", "id", "tag"):
        yield ("operation", fact), row[fact]
    yield ("operation", "deprecated"), json.dumps(row.get("deprecated", False))
    for scope in row["scopes"]:
        yield (f"scope {scope}", "allowed"), "true"
    # Placeholders are told apart by where they stand, since the path tells how they are called.
    positions = {parameter[0]: str(at) for at, parameter in enumerate(row["parameters"]) if parameter[1] == "path"}
    for name, where, required, schema in row["parameters"]:
        place = (f"{where} parameter {positions.get(name, name) if where == 'path' else name}",)
        yield (*place, "required"), json.dumps(required)
        yield from _schema_facts(place, schema, table, ())
    yield from _body_facts("request", row["request"], table)
    for status, reply in row["responses"].items():
        yield from _body_facts(f"response {status}", reply, table)


def _body_facts(what: str, body: list[Any] | None, table: Table) -> Iterator[tuple[tuple[str, ...], str]]:
    yield (what, "media type"), body[0] if body else "none"
    if body and body[1] is not None:
        yield from _schema_facts((what, " "), body[1], table, ())


def _schema_facts(
    place: tuple[str, ...], schema: Any, table: Table, within: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(schema, dict):
        yield (*place, "schema"), json.dumps(schema)
        return
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REF)
        if name in within or name not in table.schemas:
            yield (*place, "schema"), name
        else:
            yield from _schema_facts(place, table.schemas[name], table, (*within, name))
        return
    yield (*place, "is"), "there"
    for keyword, value in schema.items():
        if keyword == "properties":
            for name, inner in value.items():
                yield from _schema_facts((*place, f".{name}"), inner, table, within)
        elif keyword == "required":
            yield from (((*place, f".{name}", "required"), "true") for name in value)
        elif keyword == "enum":
            yield from (((*place, f" {json.dumps(member)}", "permitted"), "true") for member in value)
        elif keyword in _INNER:
            yield from _schema_facts((*place, _INNER[keyword]), value, table, within)
        elif keyword in ("allOf", "anyOf", "oneOf"):
            for at, inner in enumerate(value):
                yield from _schema_facts((*place, f"<{keyword} {at + 1}>"), inner, table, within)
        else:
            yield (*place, keyword), json.dumps(value)
