"""Tells the audit log from which values to which a change at one of Sentry's own addresses led. Sentry is not asked.

What was there before is read from answers that are still fresh, from what the feed saw within the last minutes, and
from what was looked at on the way; what is there now is read from Sentry's answer. The rest is said to be not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote

from dexter.catalog.endpoints import ISSUE, ORG, sentry_router
from dexter.database.audit import Outcome, Target
from dexter.errors import DexterError
from dexter.features.issue_lookup import is_number
from dexter.gateway.auditing import Part, outcome_of, under_way
from dexter.gateway.bulk_scope import LISTS
from dexter.gateway.identity import SAFE_METHODS
from dexter.policy.cache_key import cache_key
from dexter.policy.change_values import Values, in_doubt, issue_values, thing_values
from dexter.policy.encoding import is_packed
from dexter.policy.freshness import Fresh, judge
from dexter.stores.feed_log import FeedUnavailable
from dexter.upstream.bodies import gunzip
from dexter.upstream.json_text import NotJson, json_value
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable

    from dexter.gateway.auditing import Noted
    from dexter.realtime.feed import Feed
    from dexter.stores.store import Store
    from dexter.wire import Answer, Call, Headers, Identity, Send

Json = dict[str, Any]

SEEN_WITHIN_S = 300.0
"""How long what the feed saw of an issue counts as what is there; as long as an answer is fresh that shows it."""
LARGEST_BODY_BYTES = 256 * 1024
"""Of a larger answer the log is told nothing: what it would keep is a row, not a document."""
_ONE = ("/issues/{issue_id}/", "/groups/{issue_id}/")


@dataclass(frozen=True, slots=True)
class LastKnown:
    """What was last seen of things at Sentry. `reads_as` reads for everybody who has Dexter's credential lent."""

    store: Store
    feed: Feed | None
    reads_as: Identity
    now: Callable[[], float]

    def readers(self, call: Call, row: Noted) -> tuple[Identity, ...]:
        """Give whose answers may tell what a caller is about to change."""
        own = () if row.actor.person_id is None else (self.reads_as,)
        return tuple(dict.fromkeys((call.identity, *own)))

    async def thing(self, path: str, readers: tuple[Identity, ...]) -> Json | None:
        """Give a thing as the answer to its own address shows it, if there is one that is fresh."""
        endpoint, _ = sentry_router().match("GET", unquote(path)) or (None, {})
        if endpoint is None:
            return None
        for identity in readers:
            entry = await self.store.get(cache_key(identity, "GET", path, ""))
            if entry is not None and isinstance(judge(entry, endpoint.cache, self.now()), Fresh):
                return _record(_document(entry.headers, entry.body))
        return None

    async def issue(self, path: str, organization: str, number: str, readers: tuple[Identity, ...]) -> Json | None:
        """Give an issue, as far as it is known; it has an address in its organization besides the one in use."""
        other = f"/api/0/organizations/{quote(organization, safe='')}/issues/{quote(number, safe='')}/"
        for each in dict.fromkeys((path, other)):
            found = await self.thing(each, readers)
            if found is not None:
                return found
        return (await self.issues(organization, [number])).get(number)

    async def issues(self, organization: str, numbers: list[str]) -> dict[str, Json]:
        """Give what the feed saw lately of some issues, by number, as Sentry's record would have it."""
        if self.feed is None or organization.lower() != self.feed.organization.lower():
            return {}
        try:
            return await self.feed.intake.records(self.feed.organization, numbers, self.now() - SEEN_WITHIN_S)
        except FeedUnavailable:
            return {}


def telling(send: Send, known: LastKnown, organization: str | None) -> Send:
    """Give a way to Sentry that tells the audit row of the request under way, if there is one, what changed."""

    async def told(call: Call) -> Answer:
        row = under_way()
        if row is None or call.method in SAFE_METHODS:
            return await send(call)
        change = _Change(call, row, known, dict(call.params).get(ORG, organization or ""))
        await change.look()
        try:
            answer = await send(call)
        except DexterError as error:
            change.tell(None, error.status)
            raise
        change.tell(_document(answer.headers, answer.body), answer.status)
        return answer

    return told


@dataclass(slots=True)
class _Change:
    """One change under way."""

    call: Call
    row: Noted
    known: LastKnown
    organization: str
    before: Json | None = None

    async def look(self) -> None:
        """See what is known of what is about to be changed."""
        path, readers = self.call.path, self.known.readers(self.call, self.row)
        if self._is_list:
            self.row.seen.update(await self.known.issues(self.organization, self._numbers()))
        elif self._is_issue:
            self.before = await self.known.issue(path, self.organization, dict(self.call.params)[ISSUE], readers)
        elif self.call.method != "POST":
            self.before = await self.known.thing(path, readers)

    def tell(self, answer: Any, status: int) -> None:
        """Tell the row what came of it. What Sentry refused changed nothing."""
        if 400 <= status < 500:
            return
        asked = _decoded(self.call.body)
        if self._is_list:
            self._tell_each(asked, answer, status)
            return
        values = self._values(asked, self.before, answer)
        values = values if status < 400 else in_doubt(values)
        self.row.tell(before=values.before, after=self._with_selection(values.after), target=self._target(answer))

    @property
    def _is_list(self) -> bool:
        return self.call.endpoint.template in LISTS

    @property
    def _is_issue(self) -> bool:
        return self.call.endpoint.template.endswith(_ONE)

    def _values(self, asked: Any, before: Json | None, answer: Any) -> Values:
        if not (self._is_issue or self._is_list) or self.call.method == "DELETE":
            return thing_values(self.call.method, asked, before, answer)
        return issue_values(asked if isinstance(asked, dict) else {}, before, _record(answer))

    def _target(self, answer: Any) -> Target | None:
        """Give an issue that was named by its short id by its number, as whoever asks for its history names it."""
        if not self._is_issue or is_number(dict(self.call.params)[ISSUE]):
            return None
        number = answer.get("id") if isinstance(answer, dict) else None
        return Target("issue", number) if isinstance(number, str) and is_number(number) else None

    def _with_selection(self, after: Any) -> Any:
        selected = self.row.after
        return {**selected, **after} if isinstance(selected, dict) and isinstance(after, dict) else after

    def _tell_each(self, asked: Any, answer: Any, status: int) -> None:
        """Tell of each issue that a bulk change names, and of what it asks for on the row for the whole of it."""
        for number in self._numbers():
            before = self.row.seen.get(number)
            if before is None and number in self.row.missed:
                continue  # Sentry passes over what is out of reach.
            values = self._values(asked, before, answer)
            values = values if status < 400 else in_doubt(values)
            # Sentry does not say which of them it found.
            outcome = outcome_of(status) if before is not None else Outcome.UNKNOWN
            self.row.parts.append(Part(Target("issue", number), outcome, values.before, values.after))
        self.row.tell(after=self._with_selection(asked if isinstance(asked, dict) else None))

    def _numbers(self) -> list[str]:
        pairs = parse_qsl(self.call.query)
        return list(dict.fromkeys(value for name, value in pairs if name == "id" and is_number(value)))


def _document(headers: Headers, body: Any) -> Any:
    """Give what a body says, or None for one that is streamed, too large or no JSON."""
    if not isinstance(body, bytes) or len(body) > LARGEST_BODY_BYTES:
        return None
    encoding = header(headers, "content-encoding")
    if not is_packed(encoding):
        return _decoded(body)
    if (encoding or "").strip().lower() not in ("gzip", "x-gzip"):
        return None
    try:
        return _decoded(gunzip(body, LARGEST_BODY_BYTES))
    except DexterError:
        return None


def _decoded(body: Any) -> Any:
    try:
        return json_value(body) if isinstance(body, bytes) else None
    except NotJson:
        return None


def _record(document: Any) -> Json | None:
    return document if isinstance(document, dict) else None
