"""The operations that Sentry serves without a promise, read from `private.yaml`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.catalog.operation import Body, Operation, Parameter, Schema
from dexter.catalog.template import expand, placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"


def private_operations(document: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Give the operations that a document such as `private.yaml` describes, in its order."""
    return tuple(_operation(expand(key, document["prefixes"]), row) for key, row in document["operations"].items())


def _operation(key: str, row: Mapping[str, Any]) -> Operation:
    method, _, path = key.partition(" ")
    in_path = (Parameter(name, "path", {"type": "string"}, required=True) for name in placeholders(path))
    in_query = (Parameter(name, "query", _query_schema(kind)) for name, kind in row.get("query", {}).items())
    return Operation(
        method=method,
        path=path,
        operation_id=row["id"],
        tag=row["tag"],
        dialect="private",
        parameters=(*in_path, *in_query),
        request=_request(row.get("request")),
        responses={status: _reply(reply) for status, reply in row["responses"].items()},
        scopes=tuple(row["scopes"]),
        since=row.get("since"),
        until=row.get("until"),
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
