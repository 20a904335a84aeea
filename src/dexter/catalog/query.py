"""The query names of Dexter's own addresses: what each permits, and what it is called in Sentry's query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from dexter.errors import BadRequest, DexterFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dexter.catalog.operation import Operation

Kind = Literal["string", "integer", "boolean"]

_BOOLEANS = {"1": "true", "true": "true", "0": "false", "false": "false"}


@dataclass(frozen=True, slots=True)
class QueryName:
    """One name of a query: its permitted values, and Sentry's name for it."""

    name: str
    to: str | None
    """None when the name is Dexter's own and a feature turns it into something else."""
    kind: Kind = "string"
    repeated: bool = False
    choices: tuple[str, ...] = ()
    minimum: int | None = None
    maximum: int | None = None
    default: str | None = None

    def check(self, value: str) -> str:
        """Give the value in its plain form; raises `BadRequest` saying what is permitted."""
        if self.choices and value not in self.choices:
            raise BadRequest(f"{self.name} must be one of {', '.join(self.choices)}, not {value[:80]!r}")
        if self.kind == "integer":
            return self._check_integer(value)
        if self.kind == "boolean":
            if value not in _BOOLEANS:
                raise BadRequest(f"{self.name} must be true or false, not {value[:80]!r}")
            return _BOOLEANS[value]
        return value

    def _check_integer(self, value: str) -> str:
        low = self.minimum if self.minimum is not None else 0
        digits = value.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
            raise BadRequest(f"{self.name} must be a whole number, not {value[:80]!r}")
        if int(value) < low or (self.maximum is not None and int(value) > self.maximum):
            raise BadRequest(f"{self.name} must be from {low} to {self.maximum}, not {value[:80]!r}")
        return str(int(value))


def query_name(entry: str, name: str, facts: str | Mapping[str, Any], operation: Operation) -> QueryName:
    """Give the query name that an entry of the mappings describes; raises `DexterFault` when it leads nowhere."""
    row: Mapping[str, Any] = {"to": facts} if isinstance(facts, str) else facts
    kind = row.get("type", "string")
    known = {parameter.name for parameter in operation.parameters if parameter.where == "query"}
    if kind not in get_args(Kind):
        raise DexterFault(f"{entry}: {name} is of the unknown type {kind!r}")
    if "to" in row and row["to"] not in known:
        raise DexterFault(f"{entry}: {operation.key} takes no {row['to']}")
    default = row.get("default")
    return QueryName(
        name=name,
        to=row.get("to"),
        kind=cast(Kind, kind),
        repeated=row.get("repeat", False),
        choices=tuple(str(choice) for choice in row.get("choices", ())),
        minimum=row.get("min"),
        maximum=row.get("max"),
        default=None if default is None else str(default),
    )


def read_query(names: Iterable[QueryName], pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Give the values of a query by Dexter's names, checked, defaults filled in.

    Raises `BadRequest` for a name that is not permitted, one that is repeated though it must not be, and a
    value that is not of its form.
    """
    known = {name.name: name for name in names}
    given: dict[str, list[str]] = {}
    for name, value in pairs:
        if name not in known:
            raise BadRequest(f"{name[:80]!r} is not a name of this query; it takes {', '.join(known) or 'none'}")
        given.setdefault(name, []).append(known[name].check(value))
    for name, values in given.items():
        if len(values) > 1 and not known[name].repeated:
            raise BadRequest(f"{name} may be given once")
    defaults = {name.name: [name.default] for name in known.values() if name.default is not None}
    return {name: tuple(values) for name, values in {**defaults, **given}.items()}


def to_sentry(names: Iterable[QueryName], values: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    """Give the pairs of Sentry's query for checked values, leaving out the names that are Dexter's own."""
    return tuple((name.to, value) for name in names if name.to is not None for value in values.get(name.name, ()))
