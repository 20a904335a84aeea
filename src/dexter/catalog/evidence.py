"""Where coverage looks: the router, the generated types, and the record that the contract tests wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import dexter
from dexter.catalog.coverage import Evidence, is_typed_in, typescript_blocks, untyped_because
from dexter.catalog.datafile import read_json
from dexter.catalog.endpoints import sentry_router
from dexter.catalog.template import fill, placeholders

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.catalog.operation import Operation

PROVEN = "proven.json"
"""Keys of the operations that the contract tests prove. Written by `pytest tests/contract --record-proven` alone."""


def evidence(typescript: Path | None = None) -> Evidence:
    """Give what coverage is counted from; `typescript` is the generated declaration file, by default the checkout's."""
    return Evidence(
        routed=is_routed,
        python=is_typed_in_python,
        typescript=typed_in_typescript(typescript or typescript_file()),
        proven=frozenset(read_json(PROVEN)),
    )


def is_routed(operation: Operation) -> bool:
    """Say whether a path of the operation leads to the operation's endpoint."""
    params = dict.fromkeys(placeholders(operation.path), "1")
    found = sentry_router().match(operation.method, fill(operation.path, params))
    return found is not None and found[0].name == operation.key and found[1] == params


def is_typed_in_python(operation: Operation) -> bool:
    """Say whether the generated models have a type for each body of the operation that has a schema."""
    from dexter.catalog.models.operations import BY_KEY

    types = BY_KEY.get(operation.key)
    if types is None or untyped_because(operation) is not None:
        return False
    replies = {status for status, body in operation.responses.items() if status < 300 and body and body.schema}
    wants_body = operation.request is not None and operation.request.schema is not None
    return types.replies.keys() >= replies and (types.body is not None or not wants_body)


def typescript_file() -> Path:
    """Give where a checkout has the generated TypeScript; an installed wheel has none."""
    return Path(dexter.__file__).parents[2] / "web" / "src" / "api" / "sentry.d.ts"


def typed_in_typescript(path: Path) -> Callable[[Operation], bool] | None:
    """Give the test for an operation's types in a generated declaration file, or None when there is no such file."""
    if not path.is_file():
        return None
    blocks = typescript_blocks(path.read_text())
    return lambda operation: is_typed_in(blocks, operation)
