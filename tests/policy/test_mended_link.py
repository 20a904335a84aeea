"""A faulty Link header set right where its meaning is certain."""

from __future__ import annotations

import pytest

from dexter.policy.link_header import next_cursor, previous_cursor
from dexter.policy.mended_link import mended

GOOD = (
    '<https://s/api/0/x/?&cursor=0:0:1>; rel="previous"; results="false"; cursor="0:0:1", '
    '<https://s/api/0/x/?&cursor=0:100:0>; rel="next"; results="true"; cursor="0:100:0"'
)
AT = ("/api/0/x/", "query=a%20b&cursor=0:50:0")

MENDED = [
    GOOD.replace("<https://s/api/0/x/?&cursor=0:100:0>", "<https://s/api/0/x/?query=a b>c&cursor=0:100:0>"),
    GOOD.replace('"', "'"),
    GOOD.replace('"previous"', '"previous').replace('"next"', "'next'"),
    GOOD.replace('"0:0:1", <', '"0:0:1" <'),
    GOOD.replace("; results", " results"),
]


@pytest.mark.parametrize("header", MENDED)
def test_a_header_whose_cursors_can_be_read_is_mended(header: str) -> None:
    """Its address is always the request's own with another cursor, so nothing is guessed."""
    found = mended(header, *AT)
    assert found is not None
    assert found.startswith("</api/0/x/?query=a%20b&cursor=0%3A0%3A1>; rel=")
    assert (previous_cursor(found), next_cursor(found)) == (None, "0:100:0")


UNCERTAIN = [
    GOOD[:-12],  # breaks off in the cursor
    GOOD[: GOOD.index(", ")],  # well-formed
    GOOD.replace('"true"', '"perhaps"'),
    GOOD.replace('results="true"; ', "").replace('"previous"', "'previous"),
    '<not a url; rel=next results="perhaps", <>;;cursor',
    '<a>; rel="next"; results="true"; cursor="0:1:0", <b>>; rel="next"; results="true"; cursor="0:2:0"',
    "",
    GOOD,
]


@pytest.mark.parametrize("header", UNCERTAIN)
def test_one_that_could_mean_two_things_is_left_alone(header: str) -> None:
    """A guessed next page could loop or skip; a well-formed header needs no mending."""
    assert mended(header, *AT) is None
