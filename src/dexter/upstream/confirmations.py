"""Whether Sentry still accepts a caller's own token: known for a minute, then asked again."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from dexter.observe.records import IdentityDropped
from dexter.policy.cache_key import cache_key
from dexter.policy.outcome import drops_identity
from dexter.policy.purge import identity_tag
from dexter.policy.revalidation import may_have_stored
from dexter.stores.entry import Entry
from dexter.wire import Call, Endpoint, Identity, Priority, Send

if TYPE_CHECKING:
    from dexter.upstream.parts import Parts

INDEX = Endpoint("GET /api/0/", "GET", "/api/0/")
"""Sentry's own statement of who a credential belongs to: `auth` is null for one it does not know."""

REMEMBERED_IDENTITIES = 10_000


class Whoami(msgspec.Struct):
    """What `GET /api/0/` says of a credential."""

    auth: Any = None
    user: Any = None


@dataclass(slots=True)
class Known:
    """What is known of one token; moments are monotonic seconds at which it was sent to Sentry."""

    accepted_at: float | None = None
    refused_at: float | None = None
    rights: str | None = None


class Confirmations:
    """Remembers when Sentry last accepted each token, and asks it when that is too long ago."""

    def __init__(self, ask: Send, parts: Parts) -> None:
        self._ask = ask
        self._parts = parts
        self._known: OrderedDict[Identity, Known] = OrderedDict()
        self._probes: dict[Identity, asyncio.Task[None]] = {}

    def is_confirmed(self, identity: Identity) -> bool:
        """Whether stored data may be given to an identity now."""
        known = self._known.get(identity)
        return may_have_stored(identity, known.accepted_at if known else None, self._parts.clock.monotonic())

    async def confirm(self, call: Call) -> bool:
        """Whether stored data may be given to the caller, after asking Sentry when that is not known.

        A crowd asks once. Raises an UpstreamError when Sentry cannot say.
        """
        if self.is_confirmed(call.identity) or call.identity.kind != "token":
            return self.is_confirmed(call.identity)
        key = call.identity
        probe = self._probes.get(key)
        if probe is None:
            probe = self._probes[key] = self._parts.background.start(self._probe(call))
            probe.add_done_callback(lambda _: self._probes.pop(key, None))
        await asyncio.shield(probe)
        return self.is_confirmed(call.identity)

    def accepted(self, identity: Identity, sent_at: float) -> None:
        """Note that Sentry accepted the credential that was sent at a monotonic second."""
        known = self._of(identity)
        if known.refused_at is None or sent_at > known.refused_at:
            known.accepted_at = max(sent_at, known.accepted_at or sent_at)

    async def refused(self, identity: Identity, sent_at: float, endpoint: str, status: int) -> None:
        """Drop what is stored for a credential that Sentry doubted; an older acceptance counts no more."""
        known = self._of(identity)
        known.refused_at = max(sent_at, known.refused_at or sent_at)
        known.accepted_at = None
        entries = await self._parts.store.purge((identity_tag(identity),))
        self._parts.tell(IdentityDropped(endpoint, identity.kind, status, entries))

    async def _probe(self, call: Call) -> None:
        sent_at = self._parts.clock.monotonic()
        answer = await self._ask(
            Call(
                endpoint=INDEX,
                method="GET",
                path=INDEX.template,
                query="",
                identity=call.identity,
                credential=call.credential,
                deadline=sent_at + self._parts.options.request_s,
                headers=(("Accept", "application/json"),),
                priority=Priority.INTERACTIVE,
                request_id=call.request_id,
            )
        )
        if drops_identity(answer.status):
            await self.refused(call.identity, sent_at, INDEX.name, answer.status)
        if answer.status != 200 or not isinstance(answer.body, bytes):
            return
        try:
            whoami = msgspec.json.decode(answer.body, type=Whoami)
        except (ValueError, RecursionError):
            return
        if whoami.auth is None:
            await self.refused(call.identity, sent_at, INDEX.name, answer.status)
            return
        # A digest: it outlives this process, and nobody else need know who the token belongs to.
        rights = blake2b(msgspec.json.encode(whoami, order="sorted"), digest_size=16).hexdigest()
        await self._compare_rights(call.identity, rights)
        self.accepted(call.identity, sent_at)

    async def _compare_rights(self, identity: Identity, rights: str) -> None:
        known = self._of(identity)
        before = known.rights or await self._noted_rights(identity)
        if before is not None and before != rights:
            await self._parts.store.purge((identity_tag(identity),))
        known.rights = rights
        await self._note_rights(identity, rights)

    async def _noted_rights(self, identity: Identity) -> str | None:
        """Give the rights that this or another process last saw, which stored answers may have been made with."""
        note = await self._parts.store.get(_note_key(identity))
        return None if note is None else note.body.decode()

    async def _note_rights(self, identity: Identity, rights: str) -> None:
        store, now = self._parts.store, self._parts.clock.now()
        tags = frozenset((identity_tag(identity),))
        await store.put(Entry(_note_key(identity), 200, (), rights.encode(), now, tags), store.mark())

    def _of(self, identity: Identity) -> Known:
        known = self._known.setdefault(identity, Known())
        self._known.move_to_end(identity)
        while len(self._known) > REMEMBERED_IDENTITIES:
            self._known.popitem(last=False)
        return known


def _note_key(identity: Identity) -> str:
    # No question has this method, so that no answer has this key.
    return cache_key(identity, "RIGHTS", "/", "")
