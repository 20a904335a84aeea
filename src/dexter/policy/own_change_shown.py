"""Whether a list of issues shows a change for certain, so that who made it may be given the list while search lags.

A list's rows come from Sentry's database, which does not lag; which issues are on it, and in which order, comes from
its search, which does. So a row must show what was written, and an issue must be on the list, or off it, as the words
of the search want it after the change. Where they leave that open, the list does not count as showing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

FIELDS = frozenset({"status", "statusDetails", "substatus", "assignedTo", "priority"})
"""What a change may name for its effect on a list to be known."""
_SAME_ORDER = frozenset({"date", "new", "freq", "user"})
"""By what issues stand in order that no such change moves."""
_CHOOSES_OTHERWISE = frozenset({"group", "shortIdLookup", "viewId", "searchId", "savedSearch", "collapse"})
"""Names in a list's query that choose its issues, or what it says of them, in another way than by words."""
_STATUSES = {
    "is:unresolved": "unresolved",
    "is:resolved": "resolved",
    "is:ignored": "ignored",
    "is:archived": "ignored",
}
_OF_AN_ISSUES_STATE = frozenset(
    {"is", "has", "status", "substatus", "assigned", "assigned_or_suggested", "bookmarks", "subscribed", "priority"}
)
"""What comes before the colon in words that such a change may bear on."""
_DEFAULT_WORDS = "is:unresolved"


@dataclass(frozen=True, slots=True)
class Shown:
    """What a record of an issue shows: `assignee` is such as `user:1`, or empty."""

    issue: str
    status: str
    priority: str | None
    assignee: str


@dataclass(frozen=True, slots=True)
class OwnChange:
    """A change of one issue: the fields that it named, and what Sentry answered."""

    fields: frozenset[str]
    after: Shown

    def following(self, earlier: OwnChange | None) -> OwnChange:
        """Give it together with an earlier change of the same issue."""
        return self if earlier is None else OwnChange(self.fields | earlier.fields, self.after)


def is_shown(change: OwnChange, query: Collection[tuple[str, str]], rows: Sequence[Shown]) -> bool:
    """Whether the rows of a list that was asked for after a change show it; `query` is the list's own."""
    asked = dict(query)
    if _CHOOSES_OTHERWISE & asked.keys() or asked.get("sort", "date") not in _SAME_ORDER or not change.fields <= FIELDS:
        return False
    words = asked.get("query", _DEFAULT_WORDS).split()
    if not all(_is_understood(word) for word in words):
        return False
    row = next((row for row in rows if row.issue == change.after.issue), None)
    wanted = all(_fits(word, change.after) for word in words)
    if row is not None:
        return wanted and row == change.after
    # It is not there. That is right when it must not be; when it may be, the change must not be what brings it there.
    return not wanted or not any(_bears_on(change.fields, word) for word in words)


def _is_understood(word: str) -> bool:
    if word in _STATUSES or word in ("is:assigned", "is:unassigned"):
        return True
    name = word.lstrip("!").partition(":")[0].lower()
    quoted_or_grouped = any(mark in word for mark in '"()') or word in ("OR", "AND")
    return name not in _OF_AN_ISSUES_STATE and not name.startswith("issue") and not quoted_or_grouped


def _fits(word: str, issue: Shown) -> bool:
    """Whether an issue may be on a list by one word of its search; words that no change bears on leave it open."""
    if word in _STATUSES:
        return issue.status == _STATUSES[word]
    if word in ("is:assigned", "is:unassigned"):
        return bool(issue.assignee) is (word == "is:assigned")
    return True


def _bears_on(fields: frozenset[str], word: str) -> bool:
    if word in _STATUSES:
        return bool(fields & {"status", "statusDetails", "substatus"})
    return word in ("is:assigned", "is:unassigned") and "assignedTo" in fields
