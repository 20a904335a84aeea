"""The operation table as an OpenAPI document again: facts only, for generators of types and clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.catalog.table import components, operations

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dexter.catalog.importer import Json
    from dexter.catalog.operation import Body, Operation, Parameter, Schema


def document(
    known: Iterable[Operation] | None = None, schemas: Mapping[str, Schema] | None = None, *, version: str = "0"
) -> Json:
    """Give an OpenAPI 3.0 document of the operations, by default of the whole table."""
    paths: dict[str, Json] = {}
    for operation in operations() if known is None else known:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.0.3",
        "info": {"title": "Sentry's API as Dexter knows it", "version": version},
        "paths": paths,
        "components": {
            "schemas": dict(components() if schemas is None else schemas),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> Json:
    facts: Json = {
        "operationId": operation.operation_id,
        "tags": [operation.tag],
        "security": [{"token": list(operation.scopes)}],
        "parameters": [_parameter(parameter) for parameter in operation.parameters],
        "responses": {str(status): _reply(status, body) for status, body in operation.responses.items()},
        "x-dialect": operation.dialect,
    }
    if operation.request is not None:
        facts["requestBody"] = {"content": _content(operation.request)}
    if operation.deprecated:
        facts["deprecated"] = True
    return facts


def _parameter(parameter: Parameter) -> Json:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.required,
        "schema": dict(parameter.schema),
    }


def _reply(status: int, body: Body | None) -> Json:
    # OpenAPI demands a description; the status says all there is.
    reply: Json = {"description": str(status)}
    return {**reply, "content": _content(body)} if body is not None else reply


def _content(body: Body) -> dict[str, Any]:
    return {body.media_type: {"schema": dict(body.schema)} if body.schema is not None else {}}
