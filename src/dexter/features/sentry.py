"""Sentry as one caller sees it: operations by name, with the caller's identity, priority and time filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from dexter.catalog.endpoints import endpoint_for
from dexter.catalog.table import operation
from dexter.catalog.template import fill
from dexter.features.reply import Reply, ask
from dexter.wire import Call, Credential, Endpoint, Headers, Identity, Priority, Send

Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Sentry:
    """One caller's way to Sentry, within one request of theirs.

    `deadline` is in monotonic seconds and holds for all the calls together; `clock` gives epoch seconds.
    """

    send: Send
    identity: Identity
    credential: Credential
    organization: str
    deadline: float
    clock: Callable[[], float]
    request_id: str = ""

    async def get(
        self, path: str, params: Mapping[str, str] | None = None, query: Query = (), *, no_cache: bool = False
    ) -> Reply:
        """Give the reply to a GET of the catalog's, by its template; the organization need not be among `params`."""
        return await self._ask(endpoint_for(operation(f"GET {path}")), params or {}, query, no_cache=no_cache)

    async def put(self, path: str, params: Mapping[str, str], document: Any) -> Reply:
        """Give the reply to a PUT of a JSON document."""
        return await self._ask(
            endpoint_for(operation(f"PUT {path}")),
            params,
            (),
            headers=(("Content-Type", "application/json"),),
            body=msgspec.json.encode(document),
        )

    async def _ask(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str],
        query: Query,
        *,
        no_cache: bool = False,
        headers: Headers = (),
        body: bytes | None = None,
    ) -> Reply:
        filled = {"organization_id_or_slug": self.organization, **params}
        call = Call(
            endpoint=endpoint,
            method=endpoint.method,
            path=fill(endpoint.template, filled),
            query=encode_query(query),
            identity=self.identity,
            credential=self.credential,
            deadline=self.deadline,
            params=tuple(filled.items()),
            headers=headers,
            body=body,
            priority=Priority.INTERACTIVE,
            request_id=self.request_id,
            no_cache=no_cache,
        )
        return await ask(self.send, call, self.clock)


def encode_query(query: Query) -> str:
    """Give a query percent-encoded, sorted by name, so that one question has one cache entry."""
    return urlencode(sorted(query, key=lambda pair: pair[0]), quote_via=quote)
