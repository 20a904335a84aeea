"""Brings kept pages of issues up to date behind their readers, with reads that Sentry does not count as views."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from dexter.errors import DexterError, UpstreamError
from dexter.observe.records import RefreshFailed
from dexter.policy.encoding import is_packed
from dexter.policy.overtaken import wide
from dexter.policy.renewed_page import PUT_ASIDE_RENEWED_AGAIN_S, RENEWED_AGAIN_S, renewed_page
from dexter.policy.sharing import is_issue_detail
from dexter.upstream.asides import aside, document_of, encoded
from dexter.upstream.bodies import gunzip
from dexter.upstream.brevity import is_put_aside
from dexter.upstream.issue_shown import LONGEST_ISSUE_BYTES, ShownIssue, issue_shown
from dexter.wire import Priority, header

if TYPE_CHECKING:
    from dexter.stores.entry import Entry
    from dexter.upstream.parts import Parts
    from dexter.wire import Call, Send

MOST_PAGES = 2000
"""Of so many pages it is remembered who read them last."""
MOST_READERS = 8
"""Of so many readers of a page it is remembered who they are, those that came last."""
MOST_AT_ONCE = 4
"""So many callers' pages of one issue are renewed when it was changed, those that were read last."""
READ_LATELY_S = 900.0
"""After a change only pages are renewed that somebody else read in this time: whoever changes one issue after the other
must not pay for each of them thrice."""
RENEWAL_S = 30.0
"""How long a renewal may take."""
NOT_AGAIN_S = 60.0
"""How long a page is left alone that could not be renewed."""

_ORGANIZATION = "organization_id_or_slug"


@dataclass(slots=True)
class _Page:
    """The call that asked for a page last, who read it when, and until when it cannot be renewed: monotonic seconds."""

    call: Call
    read_by: OrderedDict[str, float] = field(default_factory=OrderedDict)
    blocked_until: float = 0.0

    def read(self, call: Call, now: float) -> None:
        """Note a reader."""
        self.call = call
        self.read_by[_who(call)] = now
        self.read_by.move_to_end(_who(call))
        while len(self.read_by) > MOST_READERS:
            self.read_by.popitem(last=False)


class Renewals:
    """Renews pages. `ask` goes to Sentry and gives plain bodies; one renewal of a page is under way at a time."""

    def __init__(self, ask: Send, parts: Parts) -> None:
        self._ask = ask
        self._parts = parts
        self._pages: OrderedDict[str, _Page] = OrderedDict()
        self._by_issue: dict[tuple[str, str], OrderedDict[str, None]] = {}
        self._under_way: set[str] = set()
        self._again: set[str] = set()

    def read(self, call: Call, key: str) -> None:
        """Note that a page is read, so that it is renewed when the issue is changed."""
        issue = _issue_of(call)
        if issue is None or not _is_whole(call) or call.priority is not Priority.INTERACTIVE:
            return
        page = self._pages.setdefault(key, _Page(call))
        self._pages.move_to_end(key)
        page.read(call, self._parts.clock.monotonic())
        keys = self._by_issue.setdefault(issue, OrderedDict())
        keys[key] = None
        keys.move_to_end(key)
        while len(self._pages) > MOST_PAGES:
            self._forget(*self._pages.popitem(last=False))

    def may_renew(self, call: Call, key: str, entry: Entry) -> bool:
        """Whether a page may be given as stale, since it can be renewed and nobody changed the issue meanwhile."""
        if entry.outdated or entry.fallback_only or call.max_age_s is not None:
            return False
        page = self._pages.get(key)
        if page is None or self._parts.clock.monotonic() < page.blocked_until:
            return False
        return bool(_shown(entry).short_id)

    def renew_if_due(self, key: str, entry: Entry, now: float) -> None:
        """Renew a page behind its reader, unless that was done lately."""
        pause_s = PUT_ASIDE_RENEWED_AGAIN_S if entry.brief else RENEWED_AGAIN_S
        if entry.renewed_at is None or now - entry.renewed_at >= pause_s:
            self._start(key)

    def changed(self, call: Call) -> None:
        """Renew the pages of the issue that a write changed, as far as others than the writer read them lately."""
        issue = _issue_of(call)
        since = self._parts.clock.monotonic() - READ_LATELY_S
        keys = list(self._by_issue.get(issue, ())) if issue is not None else []
        for key in keys[-MOST_AT_ONCE:]:
            readers = self._pages[key].read_by
            if any(at >= since for who, at in readers.items() if who != _who(call)):
                self._start(key)

    def _start(self, key: str) -> None:
        if key in self._under_way:
            # It may have asked before the change that this is about.
            self._again.add(key)
            return
        self._under_way.add(key)
        self._parts.background.start(self._renewed(key))

    async def _renewed(self, key: str) -> None:
        try:
            again = True
            while again:
                self._again.discard(key)
                page = self._pages.get(key)
                if page is not None and not await self._renew(key, page):
                    page.blocked_until = self._parts.clock.monotonic() + NOT_AGAIN_S
                again = key in self._again
        finally:
            self._under_way.discard(key)
            self._again.discard(key)

    async def _renew(self, key: str, page: _Page) -> bool:
        """Renew a page once; False when it cannot be."""
        store, clock = self._parts.store, self._parts.clock
        mark, asked_at = store.mark(), clock.now()
        entry = await store.get(key)
        if entry is None or entry.status != 200 or store.outdated(wide(entry.tags), entry.oldest_mark):
            return True
        short_id = _shown(entry).short_id
        if not short_id:
            return False
        base = f"/api/0/organizations/{quote(dict(page.call.params)[_ORGANIZATION], safe='')}"
        # Nobody else's flight is joined, which may have left before the change.
        asking = replace(
            page.call, priority=Priority.PREFETCH, deadline=clock.monotonic() + RENEWAL_S, no_cache=True, query=""
        )
        try:
            found, told = await asyncio.gather(
                aside(self._ask, asking, "GET", f"{base}/shortids/{quote(short_id, safe='')}/"),
                aside(self._ask, asking, "GET", f"{page.call.path}activities/"),
            )
        except UpstreamError as error:
            self._parts.tell(RefreshFailed(page.call.endpoint.name, type(error).__name__))
            return False
        if (found.status, told.status) != (200, 200):
            return False
        document = renewed_page(_document(entry), document_of(found), document_of(told))
        if document is None:
            return False
        await store.put(_renewed_entry(entry, document, asked_at), mark)
        return True

    def _forget(self, key: str, page: _Page) -> None:
        issue = _issue_of(page.call)
        if issue is not None and (keys := self._by_issue.get(issue)) is not None:
            keys.pop(key, None)
            if not keys:
                del self._by_issue[issue]


def _who(call: Call) -> str:
    return call.person or call.identity.key


def _issue_of(call: Call) -> tuple[str, str] | None:
    """Give the organization and the number of the issue that a call names; None for another spelling of it."""
    params = dict(call.params)
    organization, issue = params.get(_ORGANIZATION), params.get("issue_id")
    return None if organization is None or issue is None or not issue.isdigit() else (organization, issue)


def _is_whole(call: Call) -> bool:
    """Whether a call asks for an issue's page as a whole, and for nothing besides."""
    return is_issue_detail(call.endpoint) and not call.query


def _shown(entry: Entry) -> ShownIssue:
    return issue_shown(entry.headers, entry.body) or ShownIssue("")


def _document(entry: Entry) -> Any:
    packed = is_packed(header(entry.headers, "content-encoding"))
    try:
        return msgspec.json.decode(gunzip(entry.body, LONGEST_ISSUE_BYTES) if packed else entry.body)
    except (ValueError, RecursionError, DexterError):
        return None


def _renewed_entry(entry: Entry, document: dict[str, Any], asked_at: float) -> Entry:
    headers = tuple((name, value) for name, value in entry.headers if name.lower() not in _OF_THE_BODY)
    return replace(
        entry,
        headers=headers,
        body=encoded(document),
        renewed_at=asked_at,
        whole_mark=entry.oldest_mark,
        brief=is_put_aside(document.get("status")),
        outdated=False,
    )


_OF_THE_BODY = frozenset({"content-encoding", "content-length", "etag", "last-modified"})
