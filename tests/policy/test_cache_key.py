"""One key for one question."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.policy.cache_key import cache_key, canonical_query
from dexter.wire import Identity

ME = Identity("k1", "token")
names = st.text(max_size=4)
pairs = st.lists(st.tuples(names, names), max_size=6)


def key(path: str = "/a/", query: str = "", identity: Identity = ME, method: str = "GET") -> str:
    return cache_key(identity, method, path, query)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a=1&b=2", "b=2&a=1"),
        ("a=x+y", "a=x%20y"),
        ("a=%7e", "a=~"),
        ("a=%2C", "a=%2c"),
        ("a=", "a"),
        ("a=1&&b=2&", "a=1&b=2"),
        ("", "&"),
    ],
)
def test_the_same_meaning_has_the_same_key(one: str, other: str) -> None:
    """Clients spell the same question differently; each spelling would cost a call."""
    assert key(query=one) == key(query=other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("field=a&field=b", "field=b&field=a"),
        ("a=1", "a=1&a=1"),
        ("a=b&c=d", "a=b%26c%3Dd"),
        ("a=b=c", "a%3Db=c"),
        ("a=%2B", "a=+"),
        ("a=A", "a=a"),
        ("a=%ff", "a=%fe"),
    ],
)
def test_another_meaning_has_another_key(one: str, other: str) -> None:
    """A shared key would give one question the other's answer."""
    assert key(query=one) != key(query=other)


@pytest.mark.parametrize(
    ("one", "other"), [("/a/b/", "/a%2Fb/"), ("/a/", "/a"), ("/a/b", "/ab"), ("/a//b", "/a/b"), ("/a/", "/A/")]
)
def test_paths_are_told_apart_by_segment_and_slash(one: str, other: str) -> None:
    """An encoded slash is part of a name, and Sentry tells a missing slash from a present one."""
    assert key(one) != key(other)


def test_percent_encoding_of_a_path_does_not_matter() -> None:
    """`shop%401.0` and `shop@1.0` are one release."""
    assert key("/releases/shop%401.0/") == key("/releases/shop@1.0/")


@given(pairs, st.randoms())
def test_the_order_of_different_names_does_not_matter(given_pairs: list[tuple[str, str]], random: object) -> None:
    """And any way to encode them is the same."""
    shuffled = list(dict.fromkeys(name for name, _ in given_pairs))
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    regrouped = [pair for name in shuffled for pair in given_pairs if pair[0] == name]
    plain = urlencode(given_pairs)
    other = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in regrouped)
    assert key(query=plain) == key(query=other)


requests = st.tuples(
    st.sampled_from([ME, Identity("k1", "service"), Identity("k2", "token"), Identity("k", "token")]),
    st.sampled_from(["GET", "HEAD"]),
    st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), max_size=3), max_size=4),
    pairs,
)


@given(requests, requests)
def test_two_requests_share_a_key_only_if_they_mean_the_same(
    one: tuple[Identity, str, list[str], list[tuple[str, str]]],
    other: tuple[Identity, str, list[str], list[tuple[str, str]]],
) -> None:
    """No text in one part may reach over into the next; above all, no identity into another."""

    def parts(request: tuple[Identity, str, list[str], list[tuple[str, str]]]) -> tuple[object, ...]:
        identity, method, segments, query = request
        return identity, method, tuple(segments), canonical_query(urlencode(query))

    def key_of(request: tuple[Identity, str, list[str], list[tuple[str, str]]]) -> str:
        identity, method, segments, query = request
        return cache_key(identity, method, "/".join(segments), urlencode(query))

    same_path = "/".join(one[2]) == "/".join(other[2])
    same = parts(one)[:2] == parts(other)[:2] and same_path and parts(one)[3] == parts(other)[3]
    assert (key_of(one) == key_of(other)) == same


def test_the_key_shows_nothing_of_the_question() -> None:
    """Keys reach stores, logs and other processes; searches hold people's names."""
    found = key("/api/0/organizations/acme/issues/", "query=user.email:a@b.c")
    assert len(found) == 32
    assert int(found, 16) >= 0
