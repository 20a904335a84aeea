"""Which answers a write reaches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dexter.catalog.endpoints import UNKNOWN, sentry_router
from dexter.policy.purge import filed_as_shown, filed_under, flown_under, lagging_after, made_stale, purged_by
from dexter.wire import Endpoint, Identity

ME = Identity("me", "service")


def reached(write: str, read: str) -> bool:
    """Whether a write such as `PUT /api/0/...` makes the answer of a GET go."""
    return bool(_tags_of_write(write) & _tags_of_read(read))


def lags(write: str, read: str, *, certain: bool = True) -> bool:
    """Whether the answer of a GET may lag behind the write."""
    endpoint, params = _endpoint(write)
    return bool(lagging_after(endpoint, params, certain=certain) & _tags_of_read(read))


def _tags_of_write(write: str) -> frozenset[str]:
    return purged_by(*_endpoint(write))


def _tags_of_read(read: str) -> frozenset[str]:
    endpoint, params = _endpoint(f"GET {read}")
    return filed_under(endpoint.cache.tags, params, ME)


def _endpoint(call: str) -> tuple[Endpoint, dict[str, str]]:
    method, path = call.split()
    return sentry_router().match(method, path) or (UNKNOWN, {})


ORG = "/api/0/organizations/acme"


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/7/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/7/activities/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/8/activities/"),
        (f"DELETE {ORG}/issues/7/", f"{ORG}/issues/7/tags/"),
        (f"POST {ORG}/issues/7/comments/", f"{ORG}/issues/8/"),
        (f"PUT {ORG}/issues/", f"{ORG}/issues/7/"),
        (f"PUT {ORG}/issues/", f"{ORG}/issues/"),
        (f"PUT {ORG}/groups/7/", f"{ORG}/issues/7/"),
        # An organization has a number too, and an issue a short id; nobody here knows which is whose.
        ("PUT /api/0/organizations/4711/issues/7/", f"{ORG}/issues/"),
        (f"PUT {ORG}/issues/7/", "/api/0/organizations/4711/issues/7/"),
        (f"PUT {ORG}/issues/SHOP-1/", f"{ORG}/issues/7/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/SHOP-1/"),
        ("PUT /api/0/organizations/ACME/issues/7/", f"{ORG}/issues/"),
        # Addresses the catalog does not know: older servers and private routes.
        ("PUT /api/0/issues/7/", f"{ORG}/issues/7/"),
        ("POST /api/0/organizations/acme/some-private-thing/", f"{ORG}/releases/"),
    ],
)
def test_a_write_reaches_what_it_may_have_changed(write: str, read: str) -> None:
    """Who resolved an issue must not see it open again."""
    assert reached(write, read)


@pytest.mark.parametrize(
    ("write", "read"),
    [
        (f"PUT {ORG}/issues/7/", "/api/0/organizations/other/issues/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/8/tags/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/7/tags/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/7/events/latest/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/7/stats/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/8/"),
        (f"PUT {ORG}/issues/7/", f"{ORG}/teams/"),
    ],
)
def test_a_write_leaves_the_rest_alone(write: str, read: str) -> None:
    """A cache that empties at every click is none."""
    assert not reached(write, read)


@pytest.mark.parametrize(
    ("write", "read", "certain", "expected"),
    [
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/", True, True),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/7/", True, False),
        (f"PUT {ORG}/issues/7/", f"{ORG}/issues/7/", False, True),
        (f"PUT {ORG}/issues/7/", "/api/0/organizations/other/issues/", False, False),
        ("PUT /api/0/issues/7/", f"{ORG}/issues/", True, True),
    ],
)
def test_lists_lag_behind_a_write_and_all_it_touches_behind_an_uncertain_one(
    write: str, read: str, certain: bool, expected: bool
) -> None:
    """Sentry's search index follows its database; a write that timed out may still happen."""
    assert lags(write, read, certain=certain) is expected


@pytest.mark.parametrize("read", ["issues/8/", "issues/7/tags/", "issues/7/events/latest/", "issues/7/stats/"])
def test_a_write_whose_answer_shows_another_issue_or_none_reaches_all_that_comes_from_issues(read: str) -> None:
    """The number was a merged issue's, the issue was discarded, or nobody knows what became of it."""
    endpoint, params = _endpoint(f"PUT {ORG}/issues/7/")
    assert purged_by(endpoint, params, shown=False) & _tags_of_read(f"{ORG}/{read}")


@pytest.mark.parametrize(
    ("number", "shown", "expected"),
    [
        ("7", "7", frozenset()),
        ("7", "9", frozenset({"state:9"})),
        ("SHOP-1", "9", frozenset({"state:9"})),
        ("7", None, frozenset({"issue-state", "issue-state:acme"})),
        ("7", "x", frozenset({"issue-state", "issue-state:acme"})),
    ],
)
def test_a_detail_is_filed_under_the_issue_that_it_shows(
    number: str, shown: str | None, expected: frozenset[str]
) -> None:
    """A merged issue's number shows the surviving one, whose changes must reach it."""
    assert filed_as_shown({"organization_id_or_slug": "acme", "issue_id": number}, shown) == expected


def test_a_question_for_a_detail_is_not_joined_after_any_change_of_an_issue() -> None:
    """Whose fields it will show is known when it is answered."""
    endpoint, params = _endpoint(f"GET {ORG}/issues/8/")
    assert _tags_of_write(f"PUT {ORG}/issues/7/") & flown_under(endpoint, params, ME)


names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=4)


@given(names, names)
def test_a_purge_reaches_every_spelling_of_its_own_thing(written: str, read: str) -> None:
    """Equal names always meet; so does every name that may be another spelling of the other."""
    write_tags = made_stale(("issues:{org}",), {"organization_id_or_slug": written})
    read_tags = filed_under(("issues:{org}",), {"organization_id_or_slug": read}, ME)
    may_be_same = written.lower() == read.lower() or written.isdigit() or read.isdigit()
    assert bool(write_tags & read_tags) == may_be_same
