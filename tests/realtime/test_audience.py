"""Who hears an event: asked once for all who listen to the same, and not at all of those who listen elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.doubles.feed_log_double import event

from dexter.policy.feed_channels import read_filter
from dexter.realtime.audience import Audience, Interest, Listener
from dexter.realtime.events import packed
from dexter.realtime.hub import Frame, Position, frame
from dexter.stores.feed_log import Record

if TYPE_CHECKING:
    from collections.abc import Iterator


def happened(offset: int = 1) -> Frame:
    """An event of issue 7 of the project shop."""
    found = frame("one", Record(offset, packed(event())))
    assert found is not None
    return found


def ear(*channels: str, query: str = "", projects: frozenset[str] | None = None) -> Listener:
    return Listener(lambda _: None, Interest(frozenset(channels), read_filter(query), projects))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Interest]]:
    """Whom an event was held against."""
    seen: list[Interest] = []
    covers = Interest.covers

    def counted(self: Interest, found: Frame) -> bool:
        seen.append(self)
        return covers(self, found)

    monkeypatch.setattr(Interest, "covers", counted)
    return seen


def test_those_who_want_the_same_are_one_question(asked: list[Interest]) -> None:
    """Five thousand people with ten saved views are ten questions an event, and not five thousand."""
    audience = Audience()
    listeners = [ear("issues", query="project:shop") for _ in range(500)]
    for each in (*listeners, *(ear("issue:8") for _ in range(500)), *(ear("alerts") for _ in range(500))):
        audience.add(each)
    assert audience.of(happened()) == listeners
    assert len(asked) == 1


def test_of_those_who_want_the_same_each_may_have_something_else(asked: list[Interest]) -> None:
    """Rights tell classes apart as wishes do."""
    audience = Audience()
    all_of_it, some, none = ear("issues"), *(ear("issues", projects=frozenset(each)) for each in ({"shop"}, {"crate"}))
    for each in (all_of_it, some, none):
        audience.add(each)
    assert audience.of(happened()) == [all_of_it, some]
    assert len(asked) == 3


def test_who_listens_on_several_channels_hears_an_event_of_all_of_them_once() -> None:
    audience = Audience()
    listener = ear("issues", "issue:7", "project:shop")
    audience.add(listener)
    audience.add(listener)
    assert (audience.of(happened()), len(audience)) == ([listener], 1)


def test_what_one_of_a_class_has_had_the_others_still_hear() -> None:
    """Who came from a process that is ahead has had what this one is about to tell."""
    audience = Audience()
    ahead, other = ear("issues"), ear("issues")
    ahead.heard = Position("one", 5)
    for each in (ahead, other):
        audience.add(each)
    assert audience.of(happened(5)) == [other]
    assert audience.of(happened(6)) == [ahead, other]


def test_who_changes_their_mind_leaves_the_others_where_they_are() -> None:
    """A class is shared by strangers."""
    audience = Audience()
    one, other = ear("issues"), ear("issues")
    for each in (one, other):
        audience.add(each)
    audience.change(one, Interest(frozenset({"alerts"})))
    assert audience.of(happened()) == [other]
    audience.change(one, Interest(frozenset({"issue:7"})))
    audience.remove(other)
    assert audience.of(happened()) == [one]
    audience.remove(one)
    audience.remove(one)
    assert (audience.of(happened()), len(audience), list(audience)) == ([], 0, [])


def test_who_has_not_come_or_has_left_can_change_their_mind_and_hears_nothing() -> None:
    """A socket that is being opened, and one that was closed while its rights were looked at."""
    audience = Audience()
    listener = ear("alerts")
    audience.change(listener, Interest(frozenset({"issues"})))
    assert (audience.of(happened()), len(audience)) == ([], 0)
    audience.add(listener)
    assert audience.of(happened()) == [listener]
