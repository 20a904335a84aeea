"""From an OpenAPI document of Sentry to the operation table: facts only, no sentence of the document.

Pure: a document goes in, a `Table` of plain JSON values comes out. The document repeats every schema in
full wherever it is used; here each shape that occurs twice is written once and referred to by name.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dexter.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Json = dict[str, Any]

METHODS = ("get", "put", "post", "delete", "patch", "head", "options")
REF = "#/components/schemas/"

SCHEMA_FACTS = frozenset(
    [
        "$ref",
        "type",
        "format",
        "enum",
        "nullable",
        "required",
        "properties",
        "items",
        "additionalProperties",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "uniqueItems",
        "pattern",
        "default",
        "readOnly",
        "writeOnly",
        "deprecated",
    ]
)
"""The keywords kept of a schema. Titles, descriptions and examples are the document's own words and are dropped."""

SHARED_FROM_CHARS = 120
"""A shape that is used twice and is at least this long gets a name of its own."""


@dataclass(frozen=True, slots=True)
class Table:
    """The operation table as JSON values: `operations` in the document's order, `schemas` by name."""

    operations: tuple[Json, ...]
    schemas: Mapping[str, Mapping[str, Any]]


def read_document(document: Any) -> Table:
    """Give the operation table of an OpenAPI 3 document; raises `BadRequest` when the value is none."""
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict) or not document["paths"]:
        raise BadRequest("not an OpenAPI document: it has no paths")
    if not all(isinstance(facts, dict) for item in _items(document) for facts in item.values()):
        raise BadRequest("not an OpenAPI document: each method of a path must be described by an object")
    named = {name: facts_of(schema) for name, schema in _named_schemas(document).items()}
    operations = tuple(
        _operation(method.upper(), path, _followed(item, document), _followed(facts, document))
        for path, item in document["paths"].items()
        for method, facts in item.items()
        if method in METHODS
    )
    if not operations:
        raise BadRequest("not an OpenAPI document of an API: it has no operations")
    return _share(operations, named)


def _items(document: Json) -> Iterator[Json]:
    """Give what each path holds for the methods that matter."""
    for path, item in document["paths"].items():
        if not isinstance(item, dict):
            raise BadRequest(f"not an OpenAPI document: {path} must hold an object with its methods")
        yield {method: facts for method, facts in item.items() if method in METHODS}


def with_history(table: Table, previous: Table, release: str | None) -> Table:
    """Give the table with `since` as the previous one has it, and `release` on the operations that are new.

    `since` is the first release of Sentry's document that had the operation, or absent when every known one had it.
    """
    known = {(row["method"], row["path"]): row.get("since") for row in previous.operations}

    def dated(row: Json) -> Json:
        since = known.get((row["method"], row["path"]), release)
        return {**row, "since": since} if since is not None else row

    return Table(tuple(dated(row) for row in table.operations), table.schemas)


def facts_of(schema: Any) -> Any:
    """Give the schema with its facts only, all the way down."""
    if not isinstance(schema, dict):
        return schema
    kept: Json = {}
    for key, value in schema.items():
        if key not in SCHEMA_FACTS:
            continue
        if key == "properties":
            kept[key] = {name: facts_of(inner) for name, inner in value.items()}
        elif key in ("items", "additionalProperties", "not"):
            kept[key] = facts_of(value)
        elif key in ("allOf", "anyOf", "oneOf"):
            kept[key] = [facts_of(inner) for inner in value]
        else:
            kept[key] = value
    return kept


def identifier(operation_id: str) -> str:
    """Give an operation id that is one word: some in the document are titles instead.

    >>> identifier("listOrganizationIssues")
    'listOrganizationIssues'
    >>> identifier("List a Project's Issues")
    'listAProjectsIssues'
    """
    if operation_id.isidentifier():
        return operation_id
    words = re.findall(r"[A-Za-z0-9]+", operation_id.replace("'", ""))
    return "".join(word[:1].upper() + word[1:] if at else word[:1].lower() + word[1:] for at, word in enumerate(words))


def _named_schemas(document: Json) -> Mapping[str, Json]:
    schemas = document.get("components", {}).get("schemas", {})
    return schemas if isinstance(schemas, dict) else {}


def _followed(value: Any, document: Json) -> Any:
    """Give an operation with its references to the document's shared parts followed, those to schemas left."""
    if isinstance(value, list):
        return [_followed(inner, document) for inner in value]
    if not isinstance(value, dict):
        return value
    ref = value.get("$ref")
    if isinstance(ref, str) and not ref.startswith(REF):
        found: Any = document
        for step in ref.removeprefix("#/").split("/"):
            found = found[step]
        return _followed(found, document)
    kept_whole = ("schema", "example", "examples")
    return {key: inner if key in kept_whole else _followed(inner, document) for key, inner in value.items()}


def _operation(method: str, path: str, item: Json, facts: Json) -> Json:
    parameters = [*item.get("parameters", ()), *facts.get("parameters", ())]
    kept: Json = {
        "method": method,
        "path": path,
        "id": identifier(str(facts.get("operationId") or f"{method} {path}")),
        "tag": next(iter(facts.get("tags", ())), "Untagged"),
        "scopes": sorted({scope for way in facts.get("security", ()) for scopes in way.values() for scope in scopes}),
        "parameters": [_parameter(parameter) for parameter in parameters],
        "request": _body(facts.get("requestBody") or {}),
        "responses": {str(status): _body(reply) for status, reply in sorted(facts.get("responses", {}).items())},
    }
    if facts.get("deprecated"):
        kept["deprecated"] = True
    return kept


def _parameter(parameter: Json) -> list[Any]:
    required = bool(parameter.get("required")) or parameter["in"] == "path"
    return [parameter["name"], parameter["in"], required, facts_of(parameter.get("schema", {}))]


def _body(holder: Json) -> list[Any] | None:
    for media_type, content in (holder.get("content") or {}).items():
        return [media_type, facts_of(content["schema"]) if content.get("schema") else None]
    return None


def _share(operations: tuple[Json, ...], named: Mapping[str, Json]) -> Table:
    """Write every repeated shape once, under the document's name for it or one made from where it first stands."""
    names = _names(operations, named)
    schemas: dict[str, Json] = {}
    for name, schema in named.items():
        first = names[_text(schema)]
        alias = first != name and len(_text(schema)) >= SHARED_FROM_CHARS
        schemas[name] = {"$ref": REF + first} if alias else _referring(schema, names, at_root=True)
    for text, name in names.items():
        if name not in schemas:
            schemas[name] = _referring(json.loads(text), names, at_root=True)
    return Table(
        tuple(_with_bodies(operation, names) for operation in operations),
        {name: schemas[name] for name in sorted(schemas)},
    )


def _names(operations: tuple[Json, ...], named: Mapping[str, Json]) -> dict[str, str]:
    """Give each shared shape, as text, its name."""
    names: dict[str, str] = {}
    for name in sorted(named, key=lambda name: (name.startswith("_"), name)):
        names.setdefault(_text(named[name]), name)
    roots = [(_pascal(operation["id"]), schema) for operation in operations for schema in _schemas(operation)]
    distinct = {_text(schema): (hint, schema) for hint, schema in [*roots, *named.items()]}
    uses: Counter[str] = Counter(_text(schema) for _, schema in roots)
    hints: dict[str, str] = {}
    for hint, schema in distinct.values():
        for where, inner in _shapes(hint, schema):
            text = _text(inner)
            uses[text] += inner is not schema
            hints.setdefault(text, where)
    taken = set(named)
    for text, hint in hints.items():
        if uses[text] > 1 and len(text) >= SHARED_FROM_CHARS and text not in names:
            names[text] = _free(hint, taken)
            taken.add(names[text])
    return names


def _schemas(operation: Json) -> Iterator[Json]:
    for body in (operation["request"], *operation["responses"].values()):
        if body and body[1] is not None:
            yield body[1]


def _shapes(hint: str, schema: Any) -> Iterator[tuple[str, Json]]:
    """Walk every object shape in a schema, each with a name that says where it stands."""
    if not isinstance(schema, dict):
        return
    if schema.get("properties"):
        yield hint, schema
    for name, inner in (schema.get("properties") or {}).items():
        yield from _shapes(_pascal(name) or hint, inner)
    for key in ("items", "additionalProperties"):
        yield from _shapes(f"{hint.removesuffix('Item')}Item", schema.get(key))
    for key in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(key, ()):
            yield from _shapes(hint, inner)


def _referring(schema: Any, names: Mapping[str, str], *, at_root: bool = False) -> Any:
    """Give the schema with every shared shape inside it replaced by a reference."""
    if not isinstance(schema, dict):
        return schema
    text = _text(schema)
    # A short shape (any object, a list of texts) has nothing in common with its namesake but being short.
    if not at_root and len(text) >= SHARED_FROM_CHARS and text in names:
        return {"$ref": REF + names[text]}
    kept = dict(schema)
    if "properties" in kept:
        kept["properties"] = {name: _referring(inner, names) for name, inner in kept["properties"].items()}
    for key in ("items", "additionalProperties"):
        if key in kept:
            kept[key] = _referring(kept[key], names)
    for key in ("allOf", "anyOf", "oneOf"):
        if key in kept:
            kept[key] = [_referring(inner, names) for inner in kept[key]]
    return kept


def _with_bodies(operation: Json, names: Mapping[str, str]) -> Json:
    def shared(body: list[Any] | None) -> list[Any] | None:
        if not body or body[1] is None:
            return body
        name = names.get(_text(body[1]))
        return [body[0], {"$ref": REF + name} if name else _referring(body[1], names)]

    replies = {status: shared(body) for status, body in operation["responses"].items()}
    return {**operation, "request": shared(operation["request"]), "responses": replies}


def _text(schema: Any) -> str:
    return json.dumps(schema, separators=(",", ":"), ensure_ascii=False)


def _pascal(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", name))


def _free(hint: str, taken: set[str]) -> str:
    name, number = hint, 1
    while name in taken:
        number += 1
        name = f"{hint}{number}"
    return name


def write_operations(table: Table) -> str:
    """Give `operations.json`: one operation a line."""
    return _lines("[", (json.dumps(row, separators=(",", ":"), ensure_ascii=False) for row in table.operations), "]")


def write_schemas(table: Table) -> str:
    """Give `schemas.json`: one schema a line."""
    rows = (f"{json.dumps(name)}:{_text(schema)}" for name, schema in table.schemas.items())
    return _lines("{", rows, "}")


def _lines(opening: str, rows: Iterator[str], closing: str) -> str:
    return "\n".join((opening, ",\n".join(rows), closing, ""))
