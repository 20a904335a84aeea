"""What writers changed in the last half minute, so that they can be given a list as soon as it shows it."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import msgspec

from dexter.errors import DexterError
from dexter.policy.encoding import is_packed
from dexter.policy.freshness import OVERTAKEN_FOR_S
from dexter.policy.issue_facts import assignee
from dexter.policy.overtaken import noted_for_lists, own_writes
from dexter.policy.own_change_shown import OwnChange, Shown, is_shown
from dexter.upstream.bodies import gunzip
from dexter.wire import header

if TYPE_CHECKING:
    from dexter.stores.entry import Entry
    from dexter.stores.store import Store
    from dexter.upstream.clock import Clock
    from dexter.wire import Answer, Call, Headers

LISTS = "GET /api/0/organizations/{organization_id_or_slug}/issues/"
MOST_WRITERS = 2000
MOST_CHANGES = 20
"""Of so many writers, and so many changes of each, it is remembered what they are; the others count as unknown."""
LARGEST_LIST_BYTES = 8_000_000


class _Record(msgspec.Struct):
    id: str
    status: str
    priority: str | None = None
    assignedTo: dict[str, object] | None = None  # noqa: N815 (Sentry's name)

    def shown(self) -> Shown:
        return Shown(self.id, self.status, self.priority, assignee(self.assignedTo))


_RECORD = msgspec.json.Decoder(_Record)
_RECORDS = msgspec.json.Decoder(list[_Record])
_NAMES = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class _Noted:
    """A change that search may lag behind until a monotonic second; None when nobody knows what it was."""

    until: float
    change: OwnChange | None


class OwnChanges:
    """Remembers what this process changed, under the tags that a writer's writes are noted under.

    Another process may change something for the same writer. Its note says when, not what; then nothing counts as
    shown.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._noted: OrderedDict[str, tuple[_Noted, ...]] = OrderedDict()

    def note(self, call: Call, answer: Answer | None, until: float) -> None:
        """Note what a write changed, just before it is noted for all that there was one which lags so long."""
        change = None if answer is None else _change(call, answer)
        now = self._clock.monotonic()
        for tag in noted_for_lists(call):
            known = self._noted.pop(tag, ())
            if self._store.lagging((tag,), max((now, *(each.until for each in known)))):
                # Somebody else noted something since, which cannot be told from this one any more.
                known = (*known, _Noted(until, None))
            self._noted[tag] = _latest((*known, _Noted(until, change)), now)
        while len(self._noted) > MOST_WRITERS:
            self._noted.popitem(last=False)

    def are_shown(self, call: Call, entry: Entry, asked_at: float) -> bool:
        """Whether a list shows everything that its reader changed and that search may not have shown at `asked_at`.

        It must have been asked for after the last of these changes.
        """
        if call.endpoint.name != LISTS:
            return False
        changes: dict[str, OwnChange] = {}
        for tag in own_writes(call):
            if not self._store.lagging((tag,), asked_at):
                continue
            noted = [each for each in self._noted.get(tag, ()) if each.until > asked_at]
            if not noted or self._store.lagging((tag,), max(each.until for each in noted)):
                return False
            for each in noted:
                if each.change is None:
                    return False
                issue = each.change.after.issue
                changes[issue] = each.change.following(changes.get(issue))
        rows = _rows(entry)
        query = parse_qsl(call.query, keep_blank_values=True)
        return rows is not None and all(is_shown(change, query, rows) for change in changes.values())


def _latest(noted: tuple[_Noted, ...], now: float) -> tuple[_Noted, ...]:
    """Give what may still be asked for; what is too much is remembered as unknown."""
    noted = tuple(each for each in noted if each.until > now - OVERTAKEN_FOR_S)
    if len(noted) <= MOST_CHANGES:
        return noted
    return (_Noted(noted[-MOST_CHANGES].until, None), *noted[-MOST_CHANGES + 1 :])


def _change(call: Call, answer: Answer) -> OwnChange | None:
    """Give what a write changed, if it was a change of the one issue that it named and Sentry's answer shows that."""
    if not 200 <= answer.status < 300 or not call.endpoint.unless_shown:
        return None
    if not isinstance(call.body, bytes) or not isinstance(answer.body, bytes):
        return None
    try:
        fields = frozenset(_NAMES.decode(call.body))
        after = _RECORD.decode(_plain(answer.headers, answer.body)).shown()
    except (ValueError, RecursionError, DexterError):
        return None
    return OwnChange(fields, after) if after.issue == dict(call.params).get("issue_id") else None


def _rows(entry: Entry) -> list[Shown] | None:
    try:
        return [record.shown() for record in _RECORDS.decode(_plain(entry.headers, entry.body))]
    except (ValueError, RecursionError, DexterError):
        return None


def _plain(headers: Headers, body: bytes) -> bytes:
    return gunzip(body, LARGEST_LIST_BYTES) if is_packed(header(headers, "content-encoding")) else body
