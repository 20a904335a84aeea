"""The one document of Dexter's API: typed addresses as FastAPI describes them, plain reads as the catalog does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from dexter import __version__
from dexter.catalog.mappings import Mapping_, mapping
from dexter.catalog.table import resolved, schema
from dexter.catalog.template import placeholders
from dexter.gateway.api_v1 import plain_reads
from dexter.gateway.catalog_reads import SLUG
from dexter.gateway.feature_routes import feature_app
from dexter.gateway.translations import WITH_META

if TYPE_CHECKING:
    from dexter.catalog.operation import Schema
    from dexter.catalog.query import QueryName

REF = "#/components/schemas/"
PREFIX = "Sentry"
"""Stands before the names of Sentry's own schemas, apart from Dexter's."""

_MOMENT = {"type": "string", "format": "date-time"}
_CURSOR = {
    "anyOf": [
        {"type": "object", "required": ["cursor"], "properties": {"cursor": {"type": "string"}}},
        {"type": "null"},
    ]
}

ONLY_ON_REQUEST = frozenset(
    {"inbox", "integrationIssues", "latestEventHasAttachments", "owners", "sentryAppIssues", "sessionCount"}
)
"""Fields of an issue that Sentry's document calls required, though it sends them when `expand` names them only."""

OWN_SCHEMAS: Mapping[str, Schema] = {
    "Problem": {
        "type": "object",
        "description": "A failed request (RFC 9457): what was attempted, what went wrong, who can do what about it.",
        "required": ["type", "title", "status", "detail", "context", "message", "timestamp", "remedy", "request_id"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "context": {"type": "string"},
            "message": {"type": "string"},
            "timestamp": _MOMENT,
            "remedy": {"type": "string"},
            "request_id": {"type": "string"},
            "upstream_status": {"type": "integer"},
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                },
            },
        },
    },
    "Pagination": {
        "type": "object",
        "description": "Cursors of the neighbouring pages; null where there is none.",
        "required": ["next", "prev"],
        "properties": {"next": _CURSOR, "prev": _CURSOR},
    },
    "Meta": {
        "type": "object",
        "description": "How old an answer is, where it came from, and how many results there are.",
        "required": ["cached_at", "age_s", "stale", "source", "hits"],
        "properties": {
            "cached_at": _MOMENT,
            "age_s": {"type": "number"},
            "stale": {"type": "boolean"},
            "source": {"type": "string", "enum": ["hit", "stale", "fallback", "miss", "collapsed", "bypass"]},
            "hits": {"type": ["integer", "null"]},
            "query": {"type": "string", "description": "The search as Sentry was asked; on searches of issues."},
        },
    },
    "ContextPart": {
        "type": "object",
        "description": "Where one part of a context came from, or why it is missing.",
        "required": ["status", "cached_at"],
        "properties": {
            "status": {"type": "string", "enum": ["ok", "stale", "missing"]},
            "cached_at": {"anyOf": [_MOMENT, {"type": "null"}]},
            "reason": {"type": "string"},
            "remedy": {"type": "string"},
        },
    },
}

_PROBLEM = {
    "description": "The request failed.",
    "content": {"application/problem+json": {"schema": {"$ref": f"{REF}Problem"}}},
}

_ASKED_ANEW: Mapping[str, Mapping[str, Any]] = {
    "fresh": {
        "description": "Whether to ask Sentry itself, whatever is kept, as `Cache-Control: no-cache` does. The "
        "answer is kept for others then. Sentry does not get this parameter."
    },
    "no_cache": {"description": "As older clients of Dexter say `fresh`.", "deprecated": True},
}
FRESH: tuple[dict[str, Any], ...] = tuple(
    {
        "name": name,
        "in": "query",
        "required": False,
        "schema": {"type": "string", "enum": ["1", "true", "0", "false"]},
        **said,
    }
    for name, said in _ASKED_ANEW.items()
)
"""What every read of Sentry's data takes."""

_SECURITY_SCHEMES = {
    "DexterToken": {"type": "apiKey", "in": "header", "name": "X-Dexter-Token"},
    "Session": {"type": "apiKey", "in": "cookie", "name": "dexter_session"},
    "SentryToken": {"type": "http", "scheme": "bearer"},
}


@cache
def document() -> Mapping[str, Any]:
    """Give Dexter's OpenAPI document; the same for every installation."""
    app = feature_app()
    app.version = __version__
    spec: dict[str, Any] = app.openapi()
    spec["info"]["description"] = "One stable contract over Sentry's API. Sentry's own addresses are under /api/0."
    for item in spec["paths"].values():
        for method, operation in item.items():
            _finish_typed(method, operation)
    for entry in plain_reads():
        spec["paths"].setdefault(entry.frontend_path, {})[entry.method.lower()] = _operation(entry)
    _describe_issue_bodies(spec["paths"])
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas |= OWN_SCHEMAS
    schemas["IssueContext"] = _context_schema()
    for name in sorted(_reachable(spec)):
        schemas[PREFIX + name] = translated(schema(REF + name))
    spec["components"]["securitySchemes"] = _SECURITY_SCHEMES
    spec["paths"] = dict(sorted(spec["paths"].items()))
    return spec


def _finish_typed(method: str, operation: dict[str, Any]) -> None:
    # Who may name another organization reads Sentry's data; the others read Dexter's own, which is never old.
    if method == "get" and any(each["name"] == "organization" for each in operation.get("parameters", ())):
        operation["parameters"] += FRESH
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = _PROBLEM
    operation["operationId"] = operation["operationId"].split("_api_v1_")[0]
    if operation.get("description"):
        # The framework makes titles of names; what is written about an address says more.
        operation["summary"], _, operation["description"] = map(str.strip, _first_sentence(operation["description"]))
    if operation["operationId"] != "sign_in":
        operation["security"] = [{name: []} for name in _SECURITY_SCHEMES]


def _first_sentence(text: str) -> tuple[str, str, str]:
    """Give the first sentence of a description without its full stop, and what follows."""
    sentence, dot, rest = " ".join(text.split()).partition(". ")
    return sentence.removesuffix("."), dot, rest


def _describe_issue_bodies(paths: dict[str, Any]) -> None:
    updated = translated(_success_schema(mapping("issues.update")))
    for method in ("put", "patch"):
        paths["/api/v1/issues/{id}"][method]["responses"]["200"] = _json(updated)
    paths["/api/v1/issues/{id}"]["patch"]["operationId"] = "patch_issue"
    paths["/api/v1/issues/{id}/context"]["get"]["responses"]["200"] = _json({"$ref": f"{REF}IssueContext"})


def _operation(entry: Mapping_) -> dict[str, Any]:
    return {
        "operationId": entry.name.replace(".", "_"),
        "tags": [entry.name.split(".")[0]],
        "summary": f"Sentry's {entry.operation.key}",
        "parameters": list(_parameters(entry)),
        "responses": {"200": _json(_body_schema(entry)), "default": _PROBLEM},
        "security": [{name: []} for name in _SECURITY_SCHEMES],
    }


def _parameters(entry: Mapping_) -> Iterator[dict[str, Any]]:
    for name in placeholders(entry.frontend_path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
    for query in entry.query:
        yield {"name": query.name, "in": "query", "required": False, "schema": query_schema(query)}
    yield from FRESH


def query_schema(query: QueryName) -> dict[str, Any]:
    """Give the schema of one query name."""
    one: dict[str, Any] = {"type": query.kind}
    if query.name == "organization":
        one["pattern"] = f"^{SLUG.pattern}$"
    if query.choices:
        one["enum"] = list(query.choices)
    if query.minimum is not None:
        one["minimum"] = query.minimum
    if query.maximum is not None:
        one["maximum"] = query.maximum
    if query.default is not None:
        one["default"] = int(query.default) if query.kind == "integer" else query.default
    return {"type": "array", "items": one} if query.repeated else one


def _body_schema(entry: Mapping_) -> dict[str, Any]:
    own = translated(_success_schema(entry))
    meta = {"$ref": f"{REF}Meta"}
    if entry.shape != "object":
        pagination = {"$ref": f"{REF}Pagination"}
        return _object({"data": own, "pagination": pagination, "meta": meta})
    return _object({"data": own, "meta": meta}) if entry.name in WITH_META else own


def _success_schema(entry: Mapping_) -> Schema:
    body = entry.operation.responses.get(200)
    return body.schema if body is not None and body.schema is not None else {}


def _context_schema() -> dict[str, Any]:
    """Give the issue's own schema with the parts that the context puts in their place; a missing part is null."""
    issue = translated(resolved(_success_schema(mapping("issues.detail"))))
    parts = {name: _or_null(translated(_success_schema(mapping(f"issues.{name}")))) for name in ("events", "tags")}
    activity = resolved(_success_schema(mapping("issues.activity")))["properties"]["activity"]
    series = _or_null(translated(_success_schema(mapping("issues.stats"))))
    own = {
        **parts,
        "activity": _or_null(translated(activity)),
        "stats": _object({"24h": series, "30d": series}),
        "cached_at": {**_MOMENT, "description": "When the oldest part left Sentry."},
        "parts": {"type": "object", "additionalProperties": {"$ref": f"{REF}ContextPart"}},
    }
    return issue | {
        "properties": {**issue.get("properties", {}), **own},
        "required": sorted({*issue.get("required", ()), *own}),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _or_null(own: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [own, {"type": "null"}]}


def _json(own: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": "Done.", "content": {"application/json": {"schema": own}}}


def translated(own: Schema) -> dict[str, Any]:
    """Give a schema of the catalog, which speaks OpenAPI 3.0, in the words of 3.1, with references to `Sentry...`."""
    if "$ref" in own:
        reference = {"$ref": f"{REF}{PREFIX}{own['$ref'].removeprefix(REF)}"}
        return _or_null(reference) if own.get("nullable") else reference
    done = {key: _translated_value(key, value) for key, value in own.items() if key not in ("nullable", "example")}
    if "required" in done:
        done["required"] = [name for name in done["required"] if name not in ONLY_ON_REQUEST]
    if not own.get("nullable"):
        return done
    if isinstance(done.get("type"), str):
        if "enum" in done and None not in done["enum"]:
            done["enum"] = [*done["enum"], None]
        return done | {"type": [done["type"], "null"]}
    return _or_null(done) if done else done


def _translated_value(key: str, value: Any) -> Any:
    if key == "properties":
        return {name: translated(each) for name, each in value.items()}
    if key in ("allOf", "anyOf", "oneOf"):
        return [translated(each) for each in value]
    if key in ("items", "not", "additionalProperties") and isinstance(value, Mapping):
        return translated(value)
    return value


def _reachable(spec: Any) -> set[str]:
    """Give the names of Sentry's schemas that a document refers to, directly or through each other."""
    found: set[str] = set()
    waiting = list(_references(spec))
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(translated(schema(REF + name)))
    return found


def _references(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(REF + PREFIX):
            yield reference.removeprefix(REF + PREFIX)
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
