"""What is put over the committed table where Sentry does something else than its document says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dexter.catalog.operation import Parameter
from dexter.errors import DexterFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dexter.catalog.operation import Operation, Schema


def amended_schemas(schemas: Mapping[str, Schema], amendments: Mapping[str, Any]) -> Mapping[str, Schema]:
    """Give the schemas with those made optional that are; raises `DexterFault` for one that needs no amending."""
    amended = dict(schemas)
    for name in amendments["nothing_required"]:
        if not amended.get(name, {}).get("required"):
            raise DexterFault(f"{name} has nothing required: its amendment is out of date")
        amended[name] = {key: fact for key, fact in amended[name].items() if key != "required"}
    return amended


def amended_operations(table: Iterable[Operation], amendments: Mapping[str, Any]) -> tuple[Operation, ...]:
    """Give the operations with the names they also take; raises `DexterFault` for what needs no amending."""
    known = tuple(table)
    missing: dict[str, Mapping[str, str]] = dict(amendments["also_in_query"])
    amended = tuple(_with_query(operation, missing.pop(operation.key, {})) for operation in known)
    if missing:
        raise DexterFault(f"{next(iter(missing))} is no operation: its amendment is out of date")
    return amended


def members_by_request(table: Iterable[Operation], amendments: Mapping[str, Any]) -> Mapping[str, frozenset[str]]:
    """Give, by operation, the members that its query decides on; raises `DexterFault` for an unknown operation."""
    known = {operation.key for operation in table}
    found: dict[str, frozenset[str]] = {key: frozenset(names) for key, names in amendments["by_request"].items()}
    if strange := found.keys() - known:
        raise DexterFault(f"{min(strange)} is no operation: its amendment is out of date")
    return found


def _with_query(operation: Operation, also: Mapping[str, str]) -> Operation:
    taken = {parameter.name for parameter in operation.parameters if parameter.where == "query"}
    if taken & also.keys():
        raise DexterFault(f"{operation.key} has {', '.join(sorted(taken & also.keys()))}: its amendment is out of date")
    more = (Parameter(name, "query", {"type": kind}) for name, kind in also.items())
    return replace(operation, parameters=(*operation.parameters, *more))
