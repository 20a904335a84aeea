"""The search languages, from text to terms, and what each becomes in SQL's conditions."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.sandbox.search.event_query import AllOf, AnyOf, FunctionTerm, parse_events
from dexter.sandbox.search.issue_query import HasTerm, InvalidQuery, IsTerm, KeyTerm, TextTerm, parse
from dexter.sandbox.search.short_id import format_short_id, parse_short_id
from dexter.sandbox.search.time_range import InvalidTime, parse_duration, parse_moment, time_range


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("", ()),
        ("   ", ()),
        ("is:unresolved", (IsTerm("unresolved"),)),
        ("!is:archived", (IsTerm("archived", negated=True),)),
        ("level:error", (KeyTerm("level", ("error",)),)),
        ("!level:error", (KeyTerm("level", ("error",), negated=True),)),
        ("level:[error, fatal]", (KeyTerm("level", ("error", "fatal"), listed=True),)),
        ('browser:["Mobile Safari", Chrome]', (KeyTerm("browser", ("Mobile Safari", "Chrome"), listed=True),)),
        ('message:"out of memory"', (KeyTerm("message", ("out of memory",), quoted=True),)),
        (r'message:"say \"hi\""', (KeyTerm("message", ('say "hi"',), quoted=True),)),
        ("timesSeen:>=10", (KeyTerm("times_seen", (">=10",)),)),
        ("age:-24h", (KeyTerm("first_seen", ("-24h",)),)),
        ("has:user", (HasTerm("user"),)),
        ("!has:firstRelease", (HasTerm("first_release", negated=True),)),
        ('release:""', (HasTerm("release", negated=True),)),
        ('!release:""', (HasTerm("release"),)),
        ("tags[my.tag]:x", (KeyTerm("tags[my.tag]", ("x",)),)),
        ("connection reset by peer", (TextTerm("connection reset by peer"),)),
        ('"connection reset" peer', (TextTerm("connection reset peer"),)),
        ("a is:new b", (TextTerm("a"), IsTerm("new"), TextTerm("b"))),
        ("https://shop.example/cart", (TextTerm("https://shop.example/cart"),)),
        ("call function(app/transform)", (TextTerm("call function(app/transform)"),)),
        ("user.email:a@b.example", (KeyTerm("user.email", ("a@b.example",)),)),
        ("url:http://shop.example/a?b=c", (KeyTerm("url", ("http://shop.example/a?b=c",)),)),
        ("order android", (TextTerm("order android"),)),
    ],
)
def test_query_reads_as(text: str, terms: tuple[object, ...]) -> None:
    """Every form that people and clients write becomes the terms it means."""
    assert parse(text) == terms


@pytest.mark.parametrize(
    "text",
    [
        "a OR b", "a or b", "is:new AND is:unresolved", "(level:error)", "is:unknown", "is:[new]", "level:", 'say "hi',
        "level:[]", "x" * 9000, " ".join(f"k{n}:v" for n in range(300)), f"id:[{','.join('ab' for _ in range(600))}]",
    ],
)  # fmt: skip
def test_query_is_refused(text: str) -> None:
    """What Sentry answers with 400 must not be searched for as something else."""
    with pytest.raises(InvalidQuery, match=r"^Error parsing search query: "):
        parse(text)


@given(st.text(max_size=60))
def test_any_text_is_terms_or_a_refusal(text: str) -> None:
    """Whatever is typed into a search box, it ends in one of two ways."""
    for read in (parse, parse_events):
        with contextlib.suppress(InvalidQuery):
            read(text)


A, B, C = (KeyTerm(name, ("1",)) for name in "abc")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("", AllOf(())),
        ("a:1", A),
        ("a:1 b:1", AllOf((A, B))),
        ("a:1 AND b:1", AllOf((A, B))),
        ("a:1 OR b:1", AnyOf((A, B))),
        ("a:1 OR b:1 c:1", AnyOf((A, AllOf((B, C))))),
        ("(a:1 OR b:1) c:1", AllOf((AnyOf((A, B)), C))),
        ("((a:1))", A),
        ("(a:1)and(b:1)", AllOf((A, B))),
        ("count():>5", FunctionTerm("count()", ">", 5)),
        ("!count_unique(user):<=2.5 a:1", AllOf((FunctionTerm("count_unique(user)", "<=", 2.5, negated=True), A))),
        ("two words", TextTerm("two words")),
        ('message:"(a OR b)"', KeyTerm("message", ("(a OR b)",), quoted=True)),
        ("call(app/x)", TextTerm("call(app/x)")),
    ],
)
def test_event_query_reads_as(text: str, node: object) -> None:
    """AND binds closer than OR, parentheses closer than both, quotes closest of all."""
    assert parse_events(text) == node


@pytest.mark.parametrize("text", ["(a:1", "a:1)", "a:1 OR", "OR a:1", "a:1 AND", "AND", "()" * 200])
def test_event_query_is_refused(text: str) -> None:
    """A half-written condition is an error, not a guess."""
    with pytest.raises(InvalidQuery):
        parse_events(text)


@given(st.from_regex(r"[a-z][a-z0-9-]{0,20}[a-z0-9]", fullmatch=True), st.integers(1, 2**50))
def test_short_ids_read_back(slug: str, number: int) -> None:
    """A short id leads back to its project and number, whatever the case."""
    assert parse_short_id(format_short_id(slug, number).lower()) == (slug, number)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("SHOP-1", ("shop", 1)), ("SHOP-API-10", ("shop-api", 32)), ("shop-o", ("shop", 0)), ("shop-il", ("shop", 33)),
        ("shop", None), ("-1", None), ("shop-", None), ("shop-u", None), ("shop-" + "z" * 13, None),
    ],
)  # fmt: skip
def test_short_id_reads_as(text: str, parsed: object) -> None:
    """Letters that look like digits are read as those; what is no counter is no short id."""
    assert parse_short_id(text) == parsed


@pytest.mark.parametrize(
    ("query", "start", "end"),
    [
        ({}, 1_000_000_000 - 90 * 86400, float("inf")),
        ({"statsPeriod": "14d"}, 1_000_000_000 - 14 * 86400, float("inf")),
        ({"statsPeriod": "1h"}, 1_000_000_000 - 3600, float("inf")),
        ({"start": "2001-09-08T00:00:00", "end": "2001-09-09T00:00:00Z"}, 999_907_200, 999_993_600),
        ({"start": "2001-09-08T02:00:00+02:00", "end": "2001-09-09"}, 999_907_200, 999_993_600),
        ({"start": "2001-09-08T02:00:00 02:00", "end": "999993600"}, 999_907_200, 999_993_600),
    ],
)
def test_time_range_of(query: dict[str, str], start: float, end: float) -> None:
    """Times are UTC unless they say otherwise; a plus sign lost in the address is found again."""
    found = time_range(query, 1_000_000_000)
    assert (found.start, found.end) == (start, end)


@pytest.mark.parametrize(
    "query",
    [
        {"statsPeriod": "forever"}, {"start": "2001-01-01"}, {"end": "2001-01-01"}, {"start": "x", "end": "y"},
        {"start": "2001-01-02", "end": "2001-01-01"},
    ],
)  # fmt: skip
def test_time_range_is_refused(query: dict[str, str]) -> None:
    """Half a range or a broken one is an error."""
    with pytest.raises(InvalidTime):
        time_range(query, 1_000_000_000)


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    """Parameters come from strangers."""
    parse_duration(text)
    parse_moment(text)
