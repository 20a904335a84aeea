"""Stage that asks ahead for what people will open next: of the issues on a list what they opened of the last ones.

What that is it learns from them. An issue's own page is never among it, since a look at it counts in Sentry. It asks
with the credential of whoever is shown the list, behind everybody else, and not more than a share of what is asked by
people: issues that nobody opens must not cost much.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.errors import DexterError, UpstreamError
from dexter.policy.encoding import is_packed
from dexter.policy.sharing import is_issue_detail, may_refresh_behind, may_share
from dexter.upstream.bodies import close_body, gunzip
from dexter.wire import Outcome, Priority, header

if TYPE_CHECKING:
    from dexter.upstream.parts import Parts
    from dexter.wire import Answer, Call, Identity, Send

LISTS = "GET /api/0/organizations/{organization_id_or_slug}/issues/"
ROWS = 50
"""So many issues of a list are asked ahead for, from its head."""
LEARNED_FROM = 12
"""It is learned from so many issues that were opened last."""
LEARNED_AFTER = 3
"""So many issues have to be opened before anything is asked ahead."""
CALLERS = 50
"""So many callers' habits are remembered, those that came last."""
WAITING = 600
"""So much waits to be asked; beyond it, what has waited longest is let go."""
KNOWN = 3000
"""Of so much it is remembered that it was asked for, for each caller."""
AT_ONCE = 4
"""So much is asked at a time, by each process."""
ASK_S = 30.0
"""How long one of these may take."""
SAVED = 120.0
"""How much may be asked ahead at the start, and is saved up at most."""
LARGEST_LIST_BYTES = 8_000_000


class _Row(msgspec.Struct):
    id: str


_ROWS = msgspec.json.Decoder(list[_Row])

Kind = tuple[str, str, str]
"""What is asked of an issue: the operation, what follows the issue in the path, and the query."""


@dataclass(slots=True)
class _Habits:
    """What one caller asked of the issues opened last, and what of which issue needs no asking ahead any more."""

    opened: OrderedDict[str, set[Kind]] = field(default_factory=OrderedDict)
    samples: OrderedDict[Kind, Call] = field(default_factory=OrderedDict)
    known: OrderedDict[tuple[str, Kind], None] = field(default_factory=OrderedDict)

    def note(self, issue: str, kind: Kind, call: Call) -> None:
        """Note that something of an issue was asked."""
        self.opened.setdefault(issue, set()).add(kind)
        self.opened.move_to_end(issue)
        self.samples[kind] = call
        self.samples.move_to_end(kind)
        _shorten(self.opened, LEARNED_FROM)
        _shorten(self.samples, LEARNED_FROM)
        # Whoever opened it has it now, and keeps it fresh by looking.
        self.done(issue, kind)

    def usual(self) -> dict[Kind, Call]:
        """Give each kind that was asked of half of the issues, or more, with the call that asked it last."""
        if len(self.opened) < LEARNED_AFTER:
            return {}
        counts = Counter(kind for kinds in self.opened.values() for kind in kinds)
        usual = [kind for kind, count in counts.items() if 2 * count >= len(self.opened)]
        return {kind: self.samples[kind] for kind in usual if kind in self.samples}

    def done(self, issue: str, kind: Kind) -> None:
        """Note that something is not to be asked ahead, or not again: once is enough for what nobody opens."""
        self.known[issue, kind] = None
        _shorten(self.known, KNOWN)


class Foreseen:
    """A stage outside the one that gives stored answers, so that it sees what is given from them."""

    def __init__(self, inner: Send, parts: Parts) -> None:
        self._inner = inner
        self._parts = parts
        self._habits: OrderedDict[Identity, _Habits] = OrderedDict()
        self._seen_lists: OrderedDict[tuple[Identity, str, str], float | None] = OrderedDict()
        self._waiting: OrderedDict[tuple[Identity, str, Kind], Call] = OrderedDict()
        self._asking = 0
        self._allowed = SAVED

    async def __call__(self, call: Call) -> Answer:
        """Give the answer to a call, and ask for what its reader may want next behind it."""
        answer = await self._inner(call)
        if call.transparent:
            # A Sentry client's calls are its own affair, and so is what they cost of its quota.
            return answer
        if call.priority is not Priority.INTERACTIVE or answer.status != 200 or not may_share(call):
            return answer
        self._allowed = min(SAVED, self._allowed + self._parts.options.ahead_share)
        if call.endpoint.name == LISTS:
            self._look_ahead(call, answer)
        else:
            self._learn(call)
        return answer

    def _learn(self, call: Call) -> None:
        asked = _about_issue(call)
        if asked is None:
            return
        habits = self._habits.setdefault(call.identity, _Habits())
        self._habits.move_to_end(call.identity)
        _shorten(self._habits, CALLERS)
        habits.note(*asked, call)

    def _look_ahead(self, call: Call, answer: Answer) -> None:
        habits = self._habits.get(call.identity)
        usual = {} if habits is None else habits.usual()
        if habits is None or not usual or not isinstance(answer.body, bytes):
            return
        for issue in self._rows(call, answer, answer.body):
            for kind, sample in usual.items():
                if (issue, kind) not in habits.known:
                    ahead = replace(_of_issue(sample, issue), credential=call.credential, person=call.person)
                    self._waiting.setdefault((call.identity, issue, kind), ahead)
        _shorten(self._waiting, WAITING)
        while self._asking < AT_ONCE and self._asking < len(self._waiting) and self._allowed >= 1:
            self._asking += 1
            self._parts.background.start(self._ask_all())

    def _rows(self, call: Call, answer: Answer, body: bytes) -> list[str]:
        """Give the issues at the head of a list, unless this very answer was looked at."""
        shown = (call.identity, call.path, call.query)
        asked_at = self._parts.clock.now() if answer.stored_at is None else answer.stored_at
        if self._seen_lists.get(shown) == asked_at:
            return []
        self._seen_lists[shown] = asked_at
        _shorten(self._seen_lists, CALLERS)
        try:
            packed = is_packed(header(answer.headers, "content-encoding"))
            rows = _ROWS.decode(gunzip(body, LARGEST_LIST_BYTES) if packed else body)
        except (ValueError, RecursionError, DexterError):
            return []
        return [row.id for row in rows[:ROWS] if row.id.isdigit()]

    async def _ask_all(self) -> None:
        try:
            while self._waiting and self._allowed >= 1:
                (identity, issue, kind), call = self._waiting.popitem(last=False)
                habits = self._habits.get(identity)
                if habits is None or (issue, kind) in habits.known:
                    continue
                habits.done(issue, kind)
                deadline = self._parts.clock.monotonic() + ASK_S
                try:
                    answer = await self._inner(replace(call, deadline=deadline))
                except UpstreamError:
                    # Sentry is in trouble, or there is no quota to spare: this is the first to be left.
                    self._waiting.clear()
                    return
                await close_body(answer.body)
                if answer.outcome is Outcome.MISS:
                    self._allowed -= 1
        finally:
            self._asking -= 1


def _about_issue(call: Call) -> tuple[str, Kind] | None:
    """Give the issue that a call asks something of, and what; None for what is not asked ahead."""
    params = dict(call.params)
    issue = params.get("issue_id", "")
    before, found, after = call.path.partition(f"/issues/{issue}/")
    if not issue.isdigit() or not found or not after or not before.endswith(params.get("organization_id_or_slug", "/")):
        return None
    if is_issue_detail(call.endpoint) or not may_refresh_behind(call.endpoint) or not may_share(call):
        return None
    return issue, (call.endpoint.name, after, call.query)


def _of_issue(sample: Call, issue: str) -> Call:
    """Give the same question of another issue, from nobody who waits."""
    params = dict(sample.params)
    path = sample.path.replace(f"/issues/{params['issue_id']}/", f"/issues/{issue}/", 1)
    params["issue_id"] = issue
    return replace(
        sample,
        path=path,
        params=tuple(params.items()),
        priority=Priority.PREFETCH,
        no_cache=False,
        max_age_s=None,
        max_stale_s=0.0,
        request_id="",
    )


def _shorten(kept: OrderedDict[Any, Any], most: int) -> None:
    while len(kept) > most:
        kept.popitem(last=False)
