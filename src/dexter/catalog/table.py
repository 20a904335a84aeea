"""The operation table: every operation of Sentry that Dexter knows, read once from the committed data files.

`operations.json` and `schemas.json` are written by `dexter catalog import`; `private.yaml`, `legacy.yaml`, and
`amendments.yaml` where Sentry does something else than its document says, are written by hand.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from dexter.catalog.amendments import amended_operations, amended_schemas, members_by_request
from dexter.catalog.datafile import read_json, read_yaml
from dexter.catalog.importer import REF, Table
from dexter.catalog.operation import Body, Operation, Parameter, Schema
from dexter.catalog.policies import policies
from dexter.catalog.private import legacy_operations, private_operations
from dexter.errors import DexterFault

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def operations() -> tuple[Operation, ...]:
    """Give every operation: the public ones in the document's order, then the private ones, then those of old."""
    return (
        *amended_operations(published(), read_yaml("amendments.yaml")),
        *private_operations(read_yaml("private.yaml")),
        *legacy_operations(read_yaml("legacy.yaml")),
    )


def published() -> tuple[Operation, ...]:
    """Give the operations of Sentry's document as the document says them, without amendments."""
    return tuple(_public(row) for row in committed().operations)


def operation(key: str) -> Operation:
    """Give the operation of a key such as `GET /api/0/organizations/`; raises `KeyError` for an unknown one."""
    return _by_key()[key]


def components() -> Mapping[str, Schema]:
    """Give every shared schema by its name."""
    return _schemas()


def schema(ref: str) -> Schema:
    """Give the schema that `#/components/schemas/NAME` points to; raises `KeyError` for an unknown one."""
    return _schemas()[ref.removeprefix(REF)]


def resolved(shape: Schema) -> Schema:
    """Give the schema itself when it is a reference, following references to references."""
    while "$ref" in shape:
        shape = schema(shape["$ref"])
    return shape


@cache
def by_request() -> Mapping[str, frozenset[str]]:
    """Give, by operation, the members of its reply that are there only when the query says so."""
    return members_by_request(published(), read_yaml("amendments.yaml"))


@cache
def committed() -> Table:
    """Give the committed table as the importer made it, to be compared with another document."""
    return Table(tuple(read_json("operations.json")), read_json("schemas.json"))


def routed_operations() -> tuple[Operation, ...]:
    """Give the operations that addresses lead to: all but those whose address is part of another's."""
    return tuple(known for known in operations() if not known.covered)


@cache
def _by_key() -> dict[str, Operation]:
    table = {known.key: known for known in operations()}
    if len(table) != len(operations()):
        raise DexterFault("the operation table names one operation twice")
    return table


@cache
def _schemas() -> Mapping[str, Schema]:
    return amended_schemas(read_json("schemas.json"), read_yaml("amendments.yaml"))


def _public(row: Mapping[str, Any]) -> Operation:
    replies = {int(status): _body(reply) for status, reply in row["responses"].items()}
    return Operation(
        method=row["method"],
        path=row["path"],
        operation_id=row["id"],
        tag=row["tag"],
        dialect="public",
        parameters=tuple(Parameter(name, where, shape, required) for name, where, required, shape in row["parameters"]),
        request=_body(row["request"]),
        responses=replies,
        scopes=tuple(row["scopes"]),
        since=row.get("since"),
        until=row.get("until"),
        deprecated=row.get("deprecated", False),
        secret=policies().reveals(row["path"], replies),
    )


def _body(row: list[Any] | None) -> Body | None:
    return Body(row[0], row[1]) if row else None
