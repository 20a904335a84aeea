"""Who hears of which event: the channels an event goes to, and filters in the form of a search."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

ISSUES, ALERTS, JOBS, GATEWAY, PRESENCE = "issues", "alerts", "jobs", "gateway", "presence"
PLAIN = frozenset({ISSUES, ALERTS, JOBS, GATEWAY, PRESENCE})
MOST_CHANNELS = 200
LONGEST_FILTER = 500

_PROJECT = re.compile(r"project:[A-Za-z0-9_\-]{1,100}")
_ISSUE = re.compile(r"issue:\d{1,20}")
_TERM = re.compile(r"(?P<not>!?)(?P<key>[a-z_]+):(?P<value>.+)")


class Named(Protocol):
    """An issue, as far as channels know it."""

    @property
    def id(self) -> str:
        """Give its number."""

    @property
    def short_id(self) -> str:
        """Give its short id."""

    @property
    def title(self) -> str:
        """Give its title."""


class Acting(Protocol):
    """Who did something, as far as filters know them."""

    @property
    def id(self) -> str:
        """Give their id."""

    @property
    def name(self) -> str:
        """Give their name."""


class Happening(Protocol):
    """An event, as far as channels and filters look at it."""

    @property
    def type(self) -> str:
        """Give its type, such as `issue.resolved`."""

    @property
    def project(self) -> str | None:
        """Give its project's slug, where it has one."""

    @property
    def source(self) -> str:
        """Give where it was seen first."""

    @property
    def issue(self) -> Named | None:
        """Give its issue, where it is about one."""

    @property
    def actor(self) -> Acting | None:
        """Give who did it, where that is known."""


def is_channel(name: str) -> bool:
    """Whether there is such a channel."""
    return name in PLAIN or _PROJECT.fullmatch(name) is not None or _ISSUE.fullmatch(name) is not None


def channels_of(event: Happening) -> frozenset[str]:
    """Give the channels that an event goes to."""
    subject = event.type.partition(".")[0]
    main = {"issue": ISSUES, "alert": ALERTS, "job": JOBS, "gateway": GATEWAY, "presence": PRESENCE}[subject]
    found = {main}
    if event.project is not None and subject in ("issue", "alert"):
        found.add(f"project:{event.project}")
    if event.issue is not None:
        found.add(f"issue:{event.issue.id}")
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: `key:value,value`, of which one must fit. A word without a key must be in the title."""

    key: str
    values: tuple[str, ...]
    is_negated: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Terms that all must hold."""

    terms: tuple[Term, ...] = ()

    def passes(self, event: Happening) -> bool:
        """Whether an event is wanted."""
        return all(_holds(term, event) is not term.is_negated for term in self.terms)


EVERYTHING = Filter()
"""What everything passes."""

KEYS: Mapping[str, str] = {
    "type": "the event's type, or its beginning: type:issue",
    "project": "the project's slug",
    "issue": "the issue's number or short id",
    "source": "webhook, poll, write or dexter",
    "actor": "the id, or a part of the name, of who did it",
    "title": "a part of the issue's title, as words without a key are",
}
"""What a filter may ask for, with what it means."""
_TEXTS = frozenset({"actor", "title"})
"""What people write, in which a comma is a comma."""


def read_filter(text: str) -> Filter:
    """Give the filter of a text. Raises ValueError, saying what is wrong, for one that is none."""
    if len(text) > LONGEST_FILTER:
        raise ValueError(f"a filter has at most {LONGEST_FILTER} letters")
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError("a quotation mark is not closed") from error
    return Filter(tuple(map(_term, words)))


def _term(word: str) -> Term:
    found = _TERM.fullmatch(word)
    if found is None:
        return Term("title", (word.removeprefix("!").lower(),), word.startswith("!"))
    if found["key"] not in KEYS:
        raise ValueError(f"{found['key']!r} is nothing to filter by; there are {', '.join(KEYS)}")
    key, value, is_negated = found["key"], found["value"], found["not"] == "!"
    return Term(key, (value.lower(),) if key in _TEXTS else tuple(value.split(",")), is_negated)


def _holds(term: Term, event: Happening) -> bool:
    return any(_fits(term.key, value, event) for value in term.values)


def _fits(key: str, value: str, event: Happening) -> bool:
    match key:
        case "type":
            return event.type == value or event.type.startswith(f"{value}.")
        case "project":
            return event.project == value
        case "source":
            return event.source == value
        case "issue":
            return event.issue is not None and value in (event.issue.id, event.issue.short_id)
        case "actor":
            return event.actor is not None and (value == event.actor.id.lower() or value in event.actor.name.lower())
        case _:
            return event.issue is not None and value in event.issue.title.lower()
