"""The operations written by hand: those that Sentry serves without a promise, and those that it once published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.catalog.operation import Body, Operation, Parameter, Schema
from dexter.catalog.policies import policies
from dexter.catalog.template import expand, placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.catalog.operation import Dialect

JSON = "application/json"


def private_operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Give the operations that a document such as `private.yaml` describes, in its order."""
    return _described(document, "private")


def legacy_operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Give the operations that a document such as `legacy.yaml` describes, in its order."""
    return _described(document, "legacy")


def _described(document: Mapping[str, Any], dialect: Dialect) -> tuple[Operation, ...]:
    prefixes = document["prefixes"]

    def row_of(row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**row, "instead": expand(row["instead"], prefixes)} if "instead" in row else row

    return tuple(_operation(expand(key, prefixes), row_of(row), dialect) for key, row in document["operations"].items())


def _operation(key: str, row: Mapping[str, Any], dialect: Dialect) -> Operation:
    method, _, path = key.partition(" ")
    in_path = (Parameter(name, "path", {"type": "string"}, required=True) for name in placeholders(path))
    in_query = (Parameter(name, "query", _query_schema(kind)) for name, kind in row.get("query", {}).items())
    return Operation(
        method=method,
        path=path,
        operation_id=row["id"],
        tag=row["tag"],
        dialect=dialect,
        parameters=(*in_path, *in_query),
        request=_request(row.get("request")),
        responses={status: _reply(reply) for status, reply in row["responses"].items()},
        scopes=tuple(row["scopes"]),
        since=row.get("since"),
        until=row.get("until"),
        last_seen=row.get("last_seen"),
        instead=row.get("instead"),
        covered=row.get("covered", False),
        secret=path in policies().secrets,
    )


def _query_schema(kind: Any) -> Schema:
    if isinstance(kind, list):
        return {"type": "array", "items": {"type": kind[0]}}
    return {"type": kind} if isinstance(kind, str) else kind


def _request(schema: Any) -> Body | None:
    if schema is None:
        return None
    media_type, inner = next(iter(schema.items()))
    return Body(media_type, inner) if "/" in media_type else Body(JSON, schema)


def _reply(schema: Any) -> Body | None:
    if schema == "none":
        return None
    return Body(JSON, None if schema == "json" else schema)
