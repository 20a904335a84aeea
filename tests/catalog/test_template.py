from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.catalog.router import Router
from dexter.catalog.template import expand, fill, placeholders, shape
from dexter.errors import BadRequest, DexterFault

SEGMENT = st.text(st.characters(exclude_characters="/\\", exclude_categories=("Cc", "Cs")), min_size=1).filter(
    lambda text: text not in (".", "..")
)


def test_placeholders_are_given_from_left_to_right() -> None:
    """Values from a match are zipped with these names, so that their order is the order in the path."""
    assert placeholders("/o/{org}/events/{project}:{event}/") == ("org", "project", "event")


@given(org=SEGMENT, version=SEGMENT)
def test_a_filled_path_leads_back_to_its_values(org: str, version: str) -> None:
    """Whatever a release is called, the path made for it names that release and no other."""
    template = "/api/0/organizations/{org}/releases/{version}/"
    path = fill(template, {"org": org, "version": version})
    assert path.isascii()
    assert path.count("/") == template.count("/")
    assert Router([("GET", template, "release")]).match("GET", unquote(path)) == (
        "release",
        {"org": org, "version": version},
    )


@pytest.mark.parametrize("value", ["", ".", "..", "a/b", "a\\b", "a\nb", "a\x00b"])
def test_a_value_that_leaves_its_segment_is_refused(value: str) -> None:
    """Sentry decodes a path before it routes: `..%2Fprojects` as an issue's number would be another operation."""
    with pytest.raises(BadRequest):
        fill("/issues/{id}/", {"id": value})


def test_a_missing_value_is_our_fault() -> None:
    """A caller cannot forget a placeholder, only Dexter's code can."""
    with pytest.raises(DexterFault, match=r"\{id\}"):
        fill("/issues/{id}/", {})


def test_a_shape_forgets_the_placeholders_names() -> None:
    """Two templates of one shape mean the same paths, which a router cannot tell apart."""
    assert shape("/o/{a}/i/{b}/") == shape("/o/{org}/i/{id}/")
    assert shape("/o/{a}/i/") != shape("/o/{a}/i")


def test_prefixes_are_written_out_down_to_the_last() -> None:
    """The hand-written files stay readable, and what they mean stays plain."""
    prefixes = {"$issue": "$org/issues/{id}", "$org": "/o/{org}"}
    assert expand("$issue/tags/", prefixes) == "/o/{org}/issues/{id}/tags/"
    with pytest.raises(DexterFault, match=r"\$team"):
        expand("$team/", prefixes)
