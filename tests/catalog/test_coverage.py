from __future__ import annotations

import pytest

from dexter.catalog.coverage import Count, Evidence, coverage_of, is_typed_in, typescript_blocks, untyped_because
from dexter.catalog.evidence import is_routed, is_typed_in_python, typed_in_typescript
from dexter.catalog.operation import Body, Operation
from dexter.catalog.table import operations
from dexter.catalog.typed import shapes_of

THING = Body("application/json", {"type": "object"})
UNKNOWN = Body("application/json", None)

DECLARATIONS = """\
export interface components {
    schemas: {
        listThings: { "application/json": never; };
    };
}
export interface operations {
    listThings: {
        responses: {
            200: {
                content: {
                    "application/json": components["schemas"]["Thing"];
                };
            };
        };
    };
    createThing: {
        requestBody?: {
            content: {
                "application/json": unknown;
            };
        };
        responses: {
            201: {
                content: {
                    "application/json": {
                        id: string;
                    };
                };
            };
        };
    };
}
"""


def known(
    name: str = "listThings",
    *,
    method: str = "GET",
    tag: str = "Things",
    request: Body | None = None,
    responses: dict[int, Body | None] | None = None,
) -> Operation:
    return Operation(method, f"/{name}/", name, tag, "public", (), request, responses or {200: THING}, ())


@pytest.mark.parametrize(
    ("operation", "reason"),
    [
        (known(), None),
        (known(method="POST", request=THING, responses={204: None}), None),
        (known(responses={200: None, 404: THING}), "the document gives no schema of its 200 answer"),
        (known(responses={200: UNKNOWN}), "the document gives no schema of its 200 answer"),
        (known(method="DELETE", responses={202: None, 204: None}), "takes no body and answers 202, 204 without one"),
    ],
)
def test_an_untyped_operation_says_why(operation: Operation, reason: str | None) -> None:
    """What Sentry's document leaves out is no omission of Dexter's, and a reader is told which it is."""
    assert untyped_because(operation) == reason


def test_coverage_counts_by_tag_and_in_total() -> None:
    """A figure without its denominator says nothing."""
    table = (
        known("a", tag="Alpha"),
        known("b", tag="Beta"),
        known("c", tag="Beta", method="DELETE", responses={204: None}),
    )
    found = coverage_of(
        table,
        Evidence(
            routed=lambda operation: operation.operation_id != "c",
            python=lambda operation: operation.operation_id == "b",
            typescript=None,
            proven={"GET /a/", "GET /nowhere/"},
        ),
    )
    assert found.total == Count(exist=3, routed=2, typed_python=1, typed_typescript=None, proven=1)
    assert found.tags == {"Alpha": Count(1, 1, 0, None, 1), "Beta": Count(2, 1, 1, None, 0)}
    assert list(found.untyped) == ["DELETE /c/"]


@pytest.mark.parametrize(
    ("operation", "typed"),
    [
        (known(), True),
        (known("createThing", method="POST", responses={201: THING}), True),
        (known("createThing", method="POST", request=THING, responses={201: THING}), False),
        (known("forgotten"), False),
        (known("listThings", responses={204: None}), False),
    ],
)
def test_typescript_counts_when_each_body_has_a_type(operation: Operation, typed: bool) -> None:
    """`unknown` in a generated file is no type."""
    assert is_typed_in(typescript_blocks(DECLARATIONS), operation) is typed


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.key)
def test_every_operation_is_routed_and_typed_where_it_can_be(operation: Operation) -> None:
    """The aim of the catalog: all of the API reachable, and typed wherever there is a schema."""
    assert is_routed(operation) is not operation.covered
    assert is_typed_in_python(operation) is (untyped_because(operation) is None)


def test_the_checkouts_typescript_has_every_operation(request: pytest.FixtureRequest) -> None:
    """A type that was not regenerated after an import would describe yesterday's API."""
    path = request.config.rootpath / "web" / "src" / "api" / "sentry.d.ts"
    typed = typed_in_typescript(path)
    if typed is None:
        pytest.skip("web/src/api/sentry.d.ts is not generated here")
    for operation in operations():
        assert typed(operation) is (untyped_because(operation) is None), operation.key


def test_the_checkouts_typescript_is_of_this_table(request: pytest.FixtureRequest) -> None:
    """`make types` must follow every import and amendment; what was forgotten shows in the names of a query."""
    path = request.config.rootpath / "web" / "src" / "api" / "sentry.d.ts"
    if not path.is_file():
        pytest.skip("web/src/api/sentry.d.ts is not generated here")
    blocks = typescript_blocks(path.read_text())
    assert blocks.keys() == {operation.operation_id for operation in operations()}
    for operation in operations():
        for parameter in operation.parameters:
            optional = "" if parameter.required else "?"
            name = parameter.name if parameter.name.isidentifier() else f'"{parameter.name}"'
            assert f"{name}{optional}: " in blocks[operation.operation_id], (operation.key, parameter.name)


def test_names_of_shapes_are_unique() -> None:
    """Two operations' shapes under one name would be one type."""
    names = [name for operation in operations() for name, _ in shapes_of(operation)]
    assert len(names) == len(set(names))
