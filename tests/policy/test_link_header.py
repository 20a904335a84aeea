"""The Link header, there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.link_header import Link, format_links, next_cursor, parse, previous_cursor, rebased, rewrite

MIDDLE = (
    '<https://s.io/api/0/x/?&cursor=0:0:1>; rel="previous"; results="true"; cursor="0:0:1", '
    '<https://s.io/api/0/x/?query=a,b;c&cursor=0:200:0>; rel="next"; results="true"; cursor="0:200:0"'
)
LAST = MIDDLE.replace('results="true"; cursor="0:200:0"', 'results="false"; cursor="0:200:0"')
MALFORMED = [
    "<https://s.io/; rel=next",
    'https://s.io/; rel="next"; results="true"; cursor="1:0:0"',
    '<https://s.io/>; rel="next; results="true"; cursor="1:0:0"',
    f"{MIDDLE},",
    f"{MIDDLE} junk",
    "nonsense",
    ",",
    "<",
]


def test_the_next_cursor_is_found_behind_commas_and_semicolons_of_the_query() -> None:
    """Searches hold both, so splitting at them loses pages."""
    assert next_cursor(MIDDLE) == "0:200:0"
    assert previous_cursor(MIDDLE) == "0:0:1"


def test_last_page_has_no_next_cursor() -> None:
    """Sentry sends rel="next" there too; who follows it loops for ever."""
    assert next_cursor(LAST) is None


@pytest.mark.parametrize("header", [None, "", *MALFORMED])
def test_a_missing_or_malformed_header_ends_the_pages(header: str | None) -> None:
    """Ending early is seen; a guess may loop."""
    assert next_cursor(header) is None


@pytest.mark.parametrize("header", MALFORMED)
def test_a_malformed_header_cannot_be_rewritten(header: str) -> None:
    """It is left out rather than passed on with Sentry's address."""
    assert rewrite(header, "https://s.io", "http://d") is None


@pytest.mark.parametrize(
    ("results", "cursor", "expected"),
    [('; results="true"', "", None), ("", '; cursor="1:0:0"', None), ('; results="TRUE"', '; cursor="1:0:0"', None)],
)
def test_without_results_and_cursor_there_is_no_next_page(results: str, cursor: str, expected: str | None) -> None:
    """Both are Sentry's promise; without them nothing is known of another page."""
    assert next_cursor(f'<https://s.io/>; rel="next"{results}{cursor}') is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://s.io/api/0/", "http://d/api/0/"),
        ("HTTPS://S.IO/api/0/", "http://d/api/0/"),
        ("https://s.io", "http://d"),
        ("https://s.io?x=1", "http://d?x=1"),
        ("https://s.io.evil.example/", "https://s.io.evil.example/"),
        ("https://s.io:8443/", "https://s.io:8443/"),
        ("https://us.s.io/", "https://us.s.io/"),
        ("http://s.io/", "http://s.io/"),
        ("/api/0/", "/api/0/"),
    ],
)
def test_only_addresses_below_the_base_are_turned(url: str, expected: str) -> None:
    """A look-alike host must not be given the gateway's name, nor the other way round."""
    assert rebased(url, "https://s.io", "http://d") == expected


values = st.text(st.characters(codec="latin-1", exclude_characters='"\\\r\n', exclude_categories=["C"]), max_size=8)
urls = st.text(st.characters(codec="ascii", exclude_characters='<>"', exclude_categories=["C", "Z"]), max_size=20)
links = st.builds(
    Link, urls, st.lists(st.tuples(st.sampled_from(["rel", "results", "cursor"]), values), max_size=4).map(tuple)
)


@given(st.lists(links, min_size=1, max_size=3).map(tuple))
def test_a_written_header_reads_as_the_same_links(given_links: tuple[Link, ...]) -> None:
    """Rewriting loses nothing of what Sentry said."""
    assert parse(format_links(given_links)) == given_links


@given(st.text(max_size=60))
def test_no_text_breaks_the_reading(text: str) -> None:
    """The header comes from a network."""
    parse(text)
    next_cursor(text)
    rewrite(text, "https://s.io", "http://d")


@pytest.mark.parametrize(
    ("link", "cursor"),
    [
        ('<https://s.example/?limit=2&cursor=0:2:0>; rel="next"; results="true"', "0:2:0"),
        ('<https://s.example/?cursor=0:2:0>; rel="next"; results="true"; cursor="0:4:0"', "0:4:0"),
        ('<http://[?cursor=>; rel="next"; results="true"', None),
    ],
)
def test_a_cursor_that_only_the_address_names_is_one(link: str, cursor: str | None) -> None:
    """Servers that are not quite Sentry leave it out beside the address."""
    assert next_cursor(link) == cursor
