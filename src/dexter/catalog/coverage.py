"""How much of Sentry's published API Dexter covers: routed, typed, proven. Pure: what is there goes in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from dexter.catalog.operation import Operation


@dataclass(frozen=True, slots=True)
class Count:
    """How many operations there are, and for how many each thing holds; None where it could not be looked at."""

    exist: int
    routed: int
    typed_python: int
    typed_typescript: int | None
    proven: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """The counts by tag and in total, and every operation without types, with the reason."""

    total: Count
    tags: Mapping[str, Count]
    untyped: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What coverage is counted from."""

    routed: Callable[[Operation], bool]
    python: Callable[[Operation], bool]
    typescript: Callable[[Operation], bool] | None
    proven: Collection[str]


def coverage_of(operations: Iterable[Operation], evidence: Evidence) -> Coverage:
    """Give the coverage of the operations: an operation without any schema counts as untyped, and says why."""
    known = tuple(operations)
    tags = sorted({operation.tag for operation in known})
    return Coverage(
        total=_count(known, evidence),
        tags={tag: _count([operation for operation in known if operation.tag == tag], evidence) for tag in tags},
        untyped={operation.key: reason for operation in known if (reason := untyped_because(operation)) is not None},
    )


def untyped_because(operation: Operation) -> str | None:
    """Say why an operation has no types of its bodies, or None when Sentry's document gives a schema for one."""
    replies = {status: body for status, body in operation.responses.items() if status < 300}
    bodies = [body for body in (operation.request, *replies.values()) if body is not None]
    if any(body.schema is not None for body in bodies):
        return None
    statuses = ", ".join(map(str, replies))
    if operation.method == "GET":
        return f"the document gives no schema of its {statuses} answer"
    return f"takes no body and answers {statuses} without one"


def typescript_blocks(text: str) -> dict[str, str]:
    """Give the text of each operation's type in what openapi-typescript generated, by operation id."""
    _, _, inside = text.partition("export interface operations {\n")
    return dict(re.findall(r"^    \"?([^\s\":]+)\"?: \{\n(.*?)^    \};\n", inside, flags=re.MULTILINE | re.DOTALL))


def is_typed_in(blocks: Mapping[str, str], operation: Operation) -> bool:
    """Say whether the generated TypeScript has a type for each body of the operation that has a schema."""
    block = blocks.get(operation.operation_id)
    if block is None or untyped_because(operation) is not None:
        return False
    successes = [body for status, body in operation.responses.items() if status < 300]
    wanted = sum(body is not None and body.schema is not None for body in (operation.request, *successes))
    given: list[str] = re.findall(r"\"(?:application/json|multipart/form-data)\": (\S+)", block)
    return sum(kind != "unknown;" for kind in given) >= wanted


def _count(operations: Iterable[Operation], evidence: Evidence) -> Count:
    known = tuple(operations)
    typescript = evidence.typescript
    return Count(
        exist=len(known),
        routed=sum(evidence.routed(operation) for operation in known),
        typed_python=sum(evidence.python(operation) for operation in known),
        typed_typescript=None if typescript is None else sum(typescript(operation) for operation in known),
        proven=sum(operation.key in evidence.proven for operation in known),
    )
