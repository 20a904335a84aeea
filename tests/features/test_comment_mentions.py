"""Who is mentioned in a text."""

from __future__ import annotations

from typing import Any

import pytest

from dexter.features.comment_mentions import may_mention, mentioned


def member(number: str, name: str, username: str, *emails: str) -> dict[str, Any]:
    user = {"id": number, "name": name, "username": username, "email": emails[-1]}
    return {"email": emails[0], "user": user}


MEMBERS: list[dict[str, Any]] = [
    member("1", "Ada Lovelace", "ada", "ada@acme.example"),
    member("2", "Grace Hopper", "ghopper", "grace@acme.example", "g@x.example"),
    member("3", "Grace Kelly", "gkelly", "grace@other.example"),
    {"email": "invited@acme.example", "user": None},
]
TEAMS = [{"id": "7", "slug": "web"}, {"id": "8", "slug": "web-platform"}]


@pytest.mark.parametrize(
    ("text", "actors", "unknown"),
    [
        ("nobody here", [], []),
        ("@ada look", ["user:1"], []),
        ("@Ada Lovelace, look", ["user:1"], []),
        ("(@ada@acme.example)", ["user:1"], []),
        ("@ADA and @ghopper and @ada", ["user:1", "user:2"], []),
        ("@adam", [], ["@adam"]),
        ("@grace", [], ["@grace"]),
        ("@Grace Kelly", ["user:3"], []),
        ("mail ada@acme.example", [], []),
        ("#web-platform first, then @#web", ["team:8", "team:7"], []),
        ("#1234 is an issue", [], []),
        ("`@ada` and\n```\n@ghopper\n```", [], []),
        ("@invited", [], ["@invited"]),
        ("@", [], []),
    ],
)
def test_names_in_a_text_become_actors(text: str, actors: list[str], unknown: list[str]) -> None:
    """A name that two people have is nobody's: telling the wrong one is worse than telling none."""
    assert mentioned(text, MEMBERS, TEAMS) == (actors, unknown)


@pytest.mark.parametrize(("text", "may"), [("a@b.c", False), ("@a", True), ("see #web", True), ("`@a`", False)])
def test_members_are_only_asked_for_when_somebody_may_be_named(text: str, may: bool) -> None:
    """Most comments name nobody, and the list of members is long."""
    assert may_mention(text) is may
