"""Searches for what is one's own, as Sentry is asked for them in somebody's name."""

import pytest

from dexter.policy.search_me import for_person, names_me


@pytest.mark.parametrize(
    ("query", "asked"),
    [
        ("assigned:me", "assigned:ada@b.c"),
        ("is:unresolved !assigned:me level:error", "is:unresolved !assigned:ada@b.c level:error"),
        ("assigned_or_suggested:me", "assigned_or_suggested:ada@b.c"),
        ("bookmarks:Me subscribed:me", "bookmarks:ada@b.c subscribed:ada@b.c"),
        ("assigned:[me, my_teams, none]", "assigned:[ada@b.c, my_teams, none]"),
        ("assigned:[none,me]", "assigned:[none,ada@b.c]"),
        ("assigned:[you]", "assigned:[you]"),
        ("assigned:mel", "assigned:mel"),
        ("assigned:me@b.c", "assigned:me@b.c"),
        ("assigned:me-too", "assigned:me-too"),
        ("me", "me"),
        ("user.name:me", "user.name:me"),
        ("unassigned:me", "unassigned:me"),
        ('"assigned:me"', '"assigned:me"'),
        ('message:"call assigned:me" assigned:me', 'message:"call assigned:me" assigned:ada@b.c'),
        ("", ""),
    ],
)
def test_me_is_the_person_and_nothing_else_is_touched(query: str, asked: str) -> None:
    """Dexter's credential has issues of its own, which are nobody's here."""
    assert for_person(query, "ada@b.c") == asked
    assert names_me(query) is (query != asked)


def test_a_name_with_blanks_is_quoted() -> None:
    """Otherwise its second word would be searched for in titles; a quote in it must not end it."""
    assert for_person("assigned:me", 'Ada "L" Lovelace') == 'assigned:"Ada L Lovelace"'
