"""What the catalog knows of one Sentry operation: facts only, in frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Schema = Mapping[str, Any]
"""A JSON schema in OpenAPI 3.0's dialect; `{"$ref": "#/components/schemas/NAME"}` points into the catalog."""

Dialect = Literal["public", "private", "legacy"]
"""`public`: in Sentry's OpenAPI document. `private`: served without a promise. `legacy`: only on older servers."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the path, the query or a header."""

    name: str
    where: Literal["path", "query", "header"]
    schema: Schema
    required: bool = False


@dataclass(frozen=True, slots=True)
class Body:
    """A request's or response's body: its media type and, where known, its schema."""

    media_type: str
    schema: Schema | None


@dataclass(frozen=True, slots=True)
class Operation:
    """One method on one path template, with everything that Dexter holds about it."""

    method: str
    path: str
    operation_id: str
    tag: str
    dialect: Dialect
    parameters: tuple[Parameter, ...]
    request: Body | None
    responses: Mapping[int, Body | None]
    """By status; None where the operation answers that status without a body."""
    scopes: tuple[str, ...]
    """Any one of these is enough."""
    since: str | None = None
    until: str | None = None
    deprecated: bool = False
    secret: bool = False
    last_seen: str | None = None
    """The day of the last version of Sentry's document that had it, for one that is gone from there."""
    instead: str | None = None
    """The key of the operation that does the same today."""
    covered: bool = False
    """Its address is one value of another operation's placeholder, and that one routes it."""

    @property
    def key(self) -> str:
        """`GET /api/0/organizations/{organization_id_or_slug}/issues/`: unique in the table."""
        return f"{self.method} {self.path}"
