from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.catalog.mappings import mapping
from dexter.catalog.query import QueryName, read_query, to_sentry
from dexter.errors import BadRequest

NAMES = (
    QueryName("limit", "per_page", kind="integer", minimum=1, maximum=100, default="25"),
    QueryName("full", "full", kind="boolean"),
    QueryName("sort", "sort", choices=("date", "new")),
    QueryName("environment", "environment", repeated=True),
    QueryName("status", None),
)


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([], [("per_page", "25")]),
        ([("limit", "007")], [("per_page", "7")]),
        ([("full", "1")], [("per_page", "25"), ("full", "true")]),
        (
            [("environment", "prod"), ("environment", "dev")],
            [("per_page", "25"), ("environment", "prod"), ("environment", "dev")],
        ),
        ([("status", "resolved")], [("per_page", "25")]),
    ],
)
def test_a_query_in_sentrys_words(pairs: list[tuple[str, str]], expected: list[tuple[str, str]]) -> None:
    """Names are Dexter's outside and Sentry's inside; what a feature makes of its own names is its matter."""
    assert list(to_sentry(NAMES, read_query(NAMES, pairs))) == expected


@pytest.mark.parametrize(
    ("pairs", "words"),
    [
        ([("limit", "abc")], "whole number"),
        ([("limit", "-1")], "must be from 1"),
        ([("limit", "٣")], "whole number"),
        ([("limit", "0")], "from 1 to 100"),
        ([("limit", "101")], "from 1 to 100"),
        ([("limit", "9" * 5000)], "whole number"),
        ([("full", "maybe")], "true or false"),
        ([("sort", "size")], "one of date, new"),
        ([("sort", "date"), ("sort", "new")], "once"),
        ([("srot", "date")], "not a name of this query"),
    ],
)
def test_what_is_not_permitted_is_named(pairs: list[tuple[str, str]], words: str) -> None:
    """Sentry caps a limit silently and ignores a misspelt name; a caller of Dexter's is told."""
    with pytest.raises(BadRequest, match=words) as caught:
        read_query(NAMES, pairs)
    assert len(caught.value.message) < 300


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=6))
def test_any_query_is_answered_or_refused(pairs: list[tuple[str, str]]) -> None:
    """Queries come from strangers: nothing but a `BadRequest` may come of them."""
    try:
        values = read_query(NAMES, pairs)
    except BadRequest:
        return
    assert all(name in {known.name for known in NAMES} for name in values)


def test_the_issue_lists_query_is_the_contracts() -> None:
    """The workbench and scripts send these names."""
    names = {name.name for name in mapping("issues.list").query}
    wanted = "query status sort period environment project level limit cursor organization"
    assert names == set(wanted.split())
