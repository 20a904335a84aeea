"""Sentry as one caller sees it: entries of the catalog by name, with the caller's identity and time filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from dexter.catalog.endpoints import endpoint_for
from dexter.catalog.mappings import mapping
from dexter.catalog.table import operation
from dexter.errors import Forbidden, Unauthenticated
from dexter.features.people_acting import Acting, refused_link
from dexter.features.reply import Reply, ask
from dexter.policy.people import READS
from dexter.wire import Call, Credential, Endpoint, Headers, Identity, Priority, Send

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sentry:
    """One caller's way to Sentry, within one request of theirs.

    `deadline` is in monotonic seconds and holds for all the calls together; `clock` gives epoch seconds.
    `no_cache` means that the caller wants Sentry's own word, `max_age_s` how old an answer the caller takes, and
    `max_stale_s` how much older as stale.
    """

    send: Send
    identity: Identity
    credential: Credential
    organization: str
    deadline: float
    clock: Callable[[], float]
    request_id: str = ""
    no_cache: bool = False
    max_age_s: float | None = None
    max_stale_s: float = 0.0
    priority: Priority = Priority.INTERACTIVE
    person: str = ""
    """What tells the caller from others with the same credential."""
    times: Callable[[Endpoint], Endpoint] = lambda endpoint: endpoint
    """Gives an endpoint the cache times that hold here."""
    permit: Callable[[Endpoint, Mapping[str, str]], None] = lambda endpoint, params: None
    """Raises Forbidden for what the caller's role does not permit; asked before every call, with the path's values."""
    acting: Acting | None = None
    """On whose behalf this is, in service mode. What changes something goes with the token that they linked."""
    tell_account: Callable[[str], None] = lambda account: None
    """Hears whose account it is, before Sentry is asked to change something on somebody's behalf."""

    async def get(self, name: str, values: Mapping[str, str], query: Query = ()) -> Reply:
        """Give the reply to a read of the mappings, such as `issues.detail`; `{org}` need not be among the values."""
        entry = mapping(name)
        path, params = entry.bind({"org": self.organization, **values})
        return await self.ask(entry.endpoint, path, params, query)

    async def put(self, name: str, values: Mapping[str, str], document: Any) -> Reply:
        """Give the reply to a write of the mappings that takes a JSON document."""
        entry = mapping(name)
        path, params = entry.bind({"org": self.organization, **values})
        headers = (("Content-Type", "application/json"),)
        return await self.ask(entry.endpoint, path, params, headers=headers, body=msgspec.json.encode(document))

    async def get_operation(self, path: str) -> Reply:
        """Give the reply to a read of an operation whose path has no parameters."""
        return await self.ask(endpoint_for(operation(f"GET {path}")), path, {})

    async def ask(
        self,
        endpoint: Endpoint,
        path: str,
        params: Mapping[str, str],
        query: Query = (),
        *,
        headers: Headers = (),
        body: bytes | None = None,
    ) -> Reply:
        """Give the reply to a call at a path that is already filled in and percent-encoded."""
        self.permit(endpoint, params)
        linked = None
        if self.acting is not None and endpoint.method not in READS:
            linked = self.acting.as_linked()
            self.tell_account(self.acting.account)
        whose = self if linked is None else linked
        if self.acting is not None:
            query = [(name, self.acting.searching(value) if name == "query" else value) for name, value in query]
        call = Call(
            endpoint=self.times(endpoint),
            method=endpoint.method,
            path=path,
            query=encode_query(query),
            identity=whose.identity,
            credential=whose.credential,
            deadline=self.deadline,
            params=tuple(params.items()),
            headers=headers,
            body=body,
            priority=self.priority,
            request_id=self.request_id,
            no_cache=self.no_cache,
            max_age_s=self.max_age_s,
            max_stale_s=self.max_stale_s,
            person=self.person,
        )
        try:
            return await ask(self.send, call, self.clock)
        except (Unauthenticated, Forbidden) as error:
            if linked is None or self.acting is None:
                raise
            raise refused_link(self.acting.person, error) from error


def encode_query(query: Query) -> str:
    """Give a query percent-encoded and sorted by name, so that one question has one cache entry."""
    return _encoded(tuple(query))


@lru_cache(maxsize=1024)
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    return urlencode(sorted(query, key=lambda pair: pair[0]), quote_via=quote)
