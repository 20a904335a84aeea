from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.catalog.router import Router
from dexter.catalog.table import operations
from dexter.catalog.template import fill, placeholders
from dexter.errors import DexterFault

if TYPE_CHECKING:
    from dexter.catalog.operation import Operation

ROUTES = Router(
    [
        ("GET", "/o/", "organizations"),
        ("GET", "/o/{org}/", "organization"),
        ("PUT", "/o/{org}/", "organization-update"),
        ("GET", "/o/{org}/issues/{id}/", "issue"),
        ("GET", "/o/{org}/issues/{id}/events/{event}/", "event"),
        ("GET", "/o/{org}/issues/latest/", "latest"),
        ("PUT", "/o/{org}/issues/{id}/seen/", "seen"),
        ("GET", "/o/{org}/events/{project}:{event}/", "pair"),
        ("GET", "/o/{org}/events/{event}/", "single"),
        ("GET", "/o/{org}/scim/Users", "slashless"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/o/", ("organizations", {})),
        ("GET", "/o/acme/", ("organization", {"org": "acme"})),
        ("PUT", "/o/acme/", ("organization-update", {"org": "acme"})),
        ("GET", "/o/acme/issues/42/", ("issue", {"org": "acme", "id": "42"})),
        ("GET", "/o/acme/issues/latest/", ("latest", {"org": "acme"})),
        # The literal `latest` leads to no `seen`, so the template is tried after it.
        ("PUT", "/o/acme/issues/latest/seen/", ("seen", {"org": "acme", "id": "latest"})),
        ("GET", "/o/acme/events/shop:a1/", ("pair", {"org": "acme", "project": "shop", "event": "a1"})),
        ("GET", "/o/acme/events/a1/", ("single", {"org": "acme", "event": "a1"})),
        ("GET", "/o/acme/scim/Users", ("slashless", {"org": "acme"})),
        ("GET", "/o/acme/scim/Users/", None),
        ("GET", "/o/acme", None),
        ("DELETE", "/o/acme/", None),
        ("GET", "/o//", None),
        ("GET", "/o/../", None),
        ("GET", "/o/./", None),
        ("GET", "/o/acme/issues//", None),
        ("GET", "", None),
        ("GET", "/", None),
    ],
)
def test_routes(method: str, path: str, expected: object) -> None:
    """Literal segments win, trailing slashes are exact, and no placeholder takes a dot segment."""
    assert ROUTES.match(method, path) == expected


def test_methods_of_a_path() -> None:
    """A 405 needs to say what the path does take."""
    assert ROUTES.methods("/o/acme/") == {"GET", "PUT"}
    assert ROUTES.methods("/o/acme/issues/latest/") == {"GET"}
    assert ROUTES.methods("/nowhere/") == frozenset()


def test_two_entries_for_one_address_are_refused() -> None:
    """Which of the two would answer is nobody's guess."""
    with pytest.raises(DexterFault, match="two entries"):
        Router([("GET", "/o/{a}/", 1), ("GET", "/o/{b}/", 2)])


def test_a_placeholder_named_twice_is_refused() -> None:
    """The second value would silently replace the first."""
    with pytest.raises(DexterFault, match="twice"):
        Router([("GET", "/o/{a}/i/{a}/", 1)])


@given(st.text(max_size=60))
def test_any_path_is_answered(path: str) -> None:
    """Paths come from strangers: none may raise."""
    ROUTES.match("GET", path)
    ROUTES.methods(path)


TABLE = Router((operation.method, operation.path, operation) for operation in operations())
LITERALS = {segment for operation in operations() for segment in operation.path.split("/")}
SLUG = st.text(st.characters(categories=("Ll", "Lu", "Nd"), include_characters="-_"), min_size=1, max_size=12).filter(
    lambda text: text not in LITERALS
)


@given(data=st.data(), known=st.sampled_from(operations()))
def test_every_operation_is_found_under_every_value(data: st.DataObject, known: Operation) -> None:
    """An operation that another one shadows for some value would be answered as the wrong one."""
    params = {name: data.draw(SLUG, label=name) for name in placeholders(known.path)}
    path = unquote(fill(known.path, params))
    assert TABLE.match(known.method, path) == (known, params)
