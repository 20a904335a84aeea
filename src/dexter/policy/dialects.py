"""Sentry's dialects: where a call goes on a server that lacks the address it was written for. Pure.

Servers from before 2019 know issues by number alone and lists by project; today's know both within the organization,
and the older addresses are being taken away. A translation is made only where it is certain to mean the same; where it
is not, an `Untranslatable` says what this Sentry lacks and what to do instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from dexter.policy.capabilities import Address

Pairs = tuple[tuple[str, str], ...]

_ORGANIZATION_ISSUE = re.compile(r"/api/0/organizations/([^/]+)/(?:issues|groups)/([^/]+)/(.*)")
_ORGANIZATION_ISSUES = re.compile(r"/api/0/organizations/([^/]+)/(?:issues|groups)/")
_ISSUE = re.compile(r"/api/0/(?:issues|groups)/([^/]+)/(.*)")
_PROJECTS = re.compile(r"/api/0/projects/")


@dataclass(frozen=True, slots=True)
class Place:
    """What an address names: which kind it is, and its parts, still percent-encoded."""

    address: Address
    organization: str | None = None
    issue: str | None = None
    rest: str = ""
    """What stands behind the issue, such as `events/latest/`."""


class Untranslatable(Exception):
    """This Sentry has nothing that is certain to mean the same; says what it lacks and what to do."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def place_of(path: str) -> Place | None:
    """Give what a path names if servers differ in it, or None."""
    if found := _ORGANIZATION_ISSUES.fullmatch(path):
        return Place(Address.ORGANIZATION_ISSUES, found[1])
    if found := _ORGANIZATION_ISSUE.fullmatch(path):
        return Place(Address.ORGANIZATION_ISSUE, found[1], found[2], found[3])
    if found := _ISSUE.fullmatch(path):
        return Place(Address.ISSUE, None, found[1], found[2])
    return Place(Address.PROJECTS) if _PROJECTS.fullmatch(path) else None


COUNTERPARTS: dict[Address, Address] = {
    Address.ORGANIZATION_ISSUES: Address.PROJECT_ISSUES,
    Address.ORGANIZATION_ISSUE: Address.ISSUE,
    Address.ISSUE: Address.ORGANIZATION_ISSUE,
    Address.PROJECTS: Address.ORGANIZATION_PROJECTS,
}
"""The address that means the same in the other dialect."""


# ---------------------------------------------------------------- one issue


_OF_AN_OLD_ISSUE = re.compile(
    r"(|events/|events/(latest|oldest|[0-9a-fA-F-]{32,36}|\d+)/|hashes/|tags/|tags/[^/]+/|tags/[^/]+/values/|activities/"
    r"|stats/|(comments|notes)/|(comments|notes)/\d+/|external-issues/|user-reports/|attachments/|similar/"
    r"|first-last-release/|current-release/|participants/)"
)
"""What stands behind an issue's number on the oldest servers."""

_OLD_WORDS = {"events/recommended/": "events/latest/", "events/helpful/": "events/latest/"}
"""Which event to show first is Sentry's to choose; before it weighed them it chose the latest."""


def has_counterpart(place: Place) -> bool:
    """Whether there is anything that a place could be in the other dialect."""
    return place.address is not Address.ORGANIZATION_ISSUE or _OF_AN_OLD_ISSUE.fullmatch(_older(place.rest)) is not None


def _older(rest: str) -> str:
    return _OLD_WORDS.get(rest, rest)


def without_organization(place: Place) -> str:
    """Give the path of an issue's address on a server that knows issues by number alone. Raises Untranslatable."""
    rest = _older(place.rest)
    if not _OF_AN_OLD_ISSUE.fullmatch(rest):
        raise Untranslatable(
            f"This Sentry is too old for {unquote(rest)!r} of an issue.", "Upgrade Sentry, or do without it here."
        )
    return f"/api/0/issues/{place.issue}/{rest}"


def in_organization(place: Place, organization: str) -> str:
    """Give the path of an issue's address within its organization."""
    return f"/api/0/organizations/{quote(organization, safe='')}/issues/{place.issue}/{place.rest}"


# ---------------------------------------------------------------- what is set


_ARCHIVES = {"archived_forever", "archived_until_condition_met"}
_LATER_FIELDS = {"priority": "priorities", "inbox": "an inbox to review"}


def older_update(body: Any) -> dict[str, Any]:
    """Give an update of issues as an old server takes it. Raises Untranslatable.

    It would pass over what it does not know and answer 200: nothing may go there that it does not know.
    """
    if not isinstance(body, dict):
        raise Untranslatable("The body is no JSON object.", "Send a JSON object of the fields to change.")
    kept = dict(body)
    for name, what in _LATER_FIELDS.items():
        if name in kept:
            raise Untranslatable(f"This Sentry is too old: its issues have no {what}.", f"Leave {name} out.")
    substatus = kept.pop("substatus", None)
    if substatus is None or kept.get("status") == "unresolved":
        return kept
    if substatus not in _ARCHIVES:
        raise Untranslatable(
            "This Sentry is too old to archive an issue until it escalates.",
            "Archive it forever, for a duration, or until a count of events or users is reached.",
        )
    return kept


# ---------------------------------------------------------------- searches


@dataclass(frozen=True, slots=True)
class ProjectSearch:
    """A search of an organization's issues as searches of its projects, whose answers are then merged."""

    pairs: Pairs
    """Each project's query, without limit and cursor."""
    projects: tuple[str, ...]
    """Ids or slugs; empty means all that are the caller's, `-1` all."""
    sort: str
    limit: int
    cursor: str | None
    series: str | None
    """What the series in the answer is called by the caller, where that differs from what is asked."""
    short_id: str | None = None
    """Set when the text is a short id that is to be looked up."""


SORT_KEYS = {"date": "lastSeen", "new": "firstSeen", "freq": "count"}
"""By sort: the member of an issue that the list is in descending order of."""

_SEARCH_NAMES = frozenset(
    [
        "query",
        "sort",
        "limit",
        "cursor",
        "statsPeriod",
        "groupStatsPeriod",
        "project",
        "environment",
        "expand",
        "collapse",
        "shortIdLookup",
        "utc",
    ]
)
_TERM = re.compile(r'(?:[^\s"]|"(?:\\.|[^"\\])*")+')
_PERIOD = re.compile(r"\d+[mhdw]")
_LATER_STATES = frozenset(["for_review", "new", "ongoing", "regressed", "escalating", "linked", "unlinked"])
_LATER_KEYS = frozenset(("issue.priority", "issue.category", "issue.type", "issue.seer_actionability", "detector"))
_MOST = 100


def project_search(query: str) -> ProjectSearch:
    """Give what a search of an organization's issues is for its projects. Raises Untranslatable."""
    pairs = parse_qsl(query, keep_blank_values=True)
    for name, value in pairs:
        if name not in _SEARCH_NAMES and value:
            raise Untranslatable(f"This Sentry is too old for {name!r} in a list of issues.", f"Leave {name} out.")
    one = dict(pairs)
    period = one.get("statsPeriod", "")
    text = one.get("query", "is:unresolved").strip()
    series, asked_series = _series(one.get("groupStatsPeriod", "24h"), period)
    terms = [*map(_older_term, _TERM.findall(text)), *_within(period)]
    return ProjectSearch(
        pairs=(
            ("query", " ".join(terms)),
            ("sort", _older_sort(one.get("sort") or "date")),
            ("statsPeriod", series),
            *(pair for pair in pairs if pair[0] == "environment" and pair[1]),
        ),
        projects=tuple(value for name, value in pairs if name == "project" and value),
        sort=one.get("sort") or "date",
        limit=_limit(one.get("limit")),
        cursor=one.get("cursor") or None,
        series=asked_series if asked_series != series else None,
        short_id=text if one.get("shortIdLookup") in ("1", "true") and " " not in text and ":" not in text else None,
    )


def _within(period: str) -> list[str]:
    """Give the term that keeps to issues with events since a time: a list by project has no period of its own."""
    if not period:
        return []
    if not _PERIOD.fullmatch(period):
        raise Untranslatable(f"This Sentry is too old for the period {period!r}.", "Use a period such as 24h or 14d.")
    return [f"lastSeen:-{period}"]


def _series(asked: str, period: str) -> tuple[str, str]:
    if asked != "auto":
        return (asked if asked in ("", "24h", "14d") else "24h"), asked
    return ("24h" if period.endswith(("m", "h")) else "14d"), asked


def _older_sort(sort: str) -> str:
    if sort not in SORT_KEYS:
        raise Untranslatable(
            f"This Sentry is too old to sort issues by {sort!r}.", f"Sort by one of {', '.join(SORT_KEYS)}."
        )
    return sort


def _older_term(term: str) -> str:
    negation, bare = ("!", term[1:]) if term.startswith("!") else ("", term)
    key, colon, value = bare.partition(":")
    if not colon:
        return term
    if key == "is" and value == "archived":
        return f"{negation}is:ignored"
    if (key == "is" and value in _LATER_STATES) or key in _LATER_KEYS or value.startswith("["):
        raise Untranslatable(f"This Sentry is too old for {term!r} in a search.", "Search without that term.")
    return term


def _limit(text: str | None) -> int:
    if not text:
        return _MOST
    if not (text.isascii() and text.isdigit()):
        raise Untranslatable("The limit is no whole number.", "Send a limit from 1 to 100.")
    return max(1, min(int(text), _MOST))


def with_older_words(query: str) -> str:
    """Give a search of issues in the words that every server knows: what is archived today was ignored before.

    >>> with_older_words("query=is%3Aarchived+a&limit=5")
    'query=is%3Aignored%20a&limit=5'
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    if not any(name == "query" and "is:archived" in value for name, value in pairs):
        return query
    older = {"is:archived": "is:ignored", "!is:archived": "!is:ignored"}
    turned = [
        (name, " ".join(older.get(term, term) for term in _TERM.findall(value)) if name == "query" else value)
        for name, value in pairs
    ]
    return urlencode(turned, quote_via=quote)


def bulk_ids(query: str) -> tuple[str, ...]:
    """Give the numbers that a mutation of many issues names. Raises Untranslatable when it names none.

    An old server would apply it to a search instead, of one project at a time: never a mutation that nobody asked for.
    """
    ids = tuple(dict.fromkeys(value for name, value in parse_qsl(query) if name == "id"))
    if not ids or not all(value.isascii() and value.isdigit() for value in ids):
        raise Untranslatable(
            "This Sentry is too old to change issues across projects by a search.", "Name the issues, as id=1&id=2."
        )
    return ids


def ids_query(ids: tuple[str, ...]) -> str:
    """Give the query that names some issues."""
    return urlencode([("id", value) for value in ids])
