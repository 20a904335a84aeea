"""Which handler serves which operation: handlers announce themselves, the dispatcher looks them up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from dexter.sandbox.request import SandboxRequest

if TYPE_CHECKING:
    from dexter.catalog.operation import Operation

Handler = Callable[[SandboxRequest], Awaitable[Response]]
Stage = Callable[[Handler], Handler]
"""What stands round every handler: takes the rest of the way and gives a way that includes it."""


@dataclass(frozen=True, slots=True)
class Served:
    """A handler and the operation it answers for. `scopes` None takes the catalog's."""

    method: str
    template: str
    handler: Handler
    scopes: tuple[str, ...] | None
    public: bool

    @property
    def key(self) -> str:
        """`GET /api/0/...`, as the catalog writes it."""
        return f"{self.method} {self.template}"


@dataclass(frozen=True, slots=True)
class Target:
    """What a matched request is for: its operation where the catalog has it, its handler where one is written."""

    key: str
    operation: Operation | None
    handler: Handler | None
    scopes: tuple[str, ...]
    public: bool = False
    """Answers without a bearer token: ingestion, `/api/0/`, health."""


_served: dict[str, Served] = {}


def serves(
    method: str, template: str, *, scopes: tuple[str, ...] | None = None, public: bool = False
) -> Callable[[Handler], Handler]:
    """Announce a handler for an operation; `issues` addresses also answer under Sentry's older word `groups`."""

    def announce(handler: Handler) -> Handler:
        for address in _with_aliases(template):
            served = Served(method, address, handler, scopes, public)
            if served.key in _served:
                raise ValueError(f"two handlers serve {served.key}")
            _served[served.key] = served
        return handler

    return announce


def _with_aliases(template: str) -> tuple[str, ...]:
    older = template.replace("{organization_id_or_slug}/issues/", "{organization_id_or_slug}/groups/")
    return (template,) if older == template else (template, older)


def targets(operations: tuple[Operation, ...]) -> tuple[tuple[str, str, Target], ...]:
    """Give `(method, template, target)` for every operation and every handler there is."""
    known = {operation.key: operation for operation in operations if not operation.covered}
    entries = []
    for key in {**known, **_served}:
        served = _served.get(key)
        operation = known.get(key) or known.get(key.replace("/groups/", "/issues/", 1))
        if served is None:
            if operation is None:
                continue
            target = Target(key, operation, None, operation.scopes)
        else:
            scopes = served.scopes if served.scopes is not None else (operation.scopes if operation else ())
            target = Target(key, operation, served.handler, scopes, served.public)
        method, template = key.split(" ", 1)
        entries.append((method, template, target))
    return tuple(entries)
