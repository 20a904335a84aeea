from __future__ import annotations

from typing import Any

import pytest

from dexter.catalog.amendments import amended_operations, amended_schemas
from dexter.catalog.operation import Operation, Parameter
from dexter.catalog.table import committed, operation, resolved
from dexter.errors import DexterFault

LIST = Operation("GET", "/a/", "listA", "A", "public", (Parameter("query", "query", {}),), None, {200: None}, ())


def amendments(**changes: Any) -> dict[str, Any]:
    return {"nothing_required": [], "also_in_query": {}, **changes}


def test_an_issues_update_takes_any_part_of_its_body() -> None:
    """The document demands all twelve fields; whoever believed its types could not resolve an issue."""
    body = operation("PUT /api/0/organizations/{organization_id_or_slug}/issues/{issue_id}/").request
    assert body is not None
    assert body.schema is not None
    assert "status" in resolved(body.schema)["properties"]
    assert "required" not in resolved(body.schema)


def test_the_committed_table_stays_what_the_document_says() -> None:
    """`dexter catalog diff` would otherwise report the amendments as drift of Sentry's."""
    assert committed().schemas["GroupValidator"]["required"]


def test_names_are_added_to_a_query() -> None:
    """Lists page although the document forgets to say so."""
    (found,) = amended_operations([LIST], amendments(also_in_query={"GET /a/": {"cursor": "string"}}))
    assert [parameter.name for parameter in found.parameters] == ["query", "cursor"]


@pytest.mark.parametrize(
    "changes",
    [
        {"also_in_query": {"GET /b/": {"cursor": "string"}}},
        {"also_in_query": {"GET /a/": {"query": "string"}}},
    ],
)
def test_an_amendment_of_operations_that_is_out_of_date_is_refused(changes: dict[str, Any]) -> None:
    """Once the document is right, the amendment must go, or it would hide the next mistake."""
    with pytest.raises(DexterFault, match="out of date"):
        amended_operations([LIST], amendments(**changes))


@pytest.mark.parametrize("schemas", [{}, {"A": {"type": "object"}}])
def test_an_amendment_of_schemas_that_is_out_of_date_is_refused(schemas: dict[str, Any]) -> None:
    """The same for bodies."""
    with pytest.raises(DexterFault, match="out of date"):
        amended_schemas(schemas, amendments(nothing_required=["A"]))
