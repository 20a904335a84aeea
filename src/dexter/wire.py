"""The values that cross rooms: a call on its way to Sentry, and the answer on its way back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Protocol

Headers = tuple[tuple[str, str], ...]
"""Header fields in order, repeated names allowed, names as they were received."""


class Priority(IntEnum):
    """Who waits: a lower number goes first."""

    INTERACTIVE = 0
    REALTIME = 1
    BULK = 2
    PREFETCH = 3


@dataclass(frozen=True, slots=True)
class CacheRule:
    """How long an answer may be used, in seconds since it was stored, and what it is filed under.

    `fresh_s` of 0 means the answer is never stored. Within `stale_s` after that it is served while it is
    refreshed behind; within `if_error_s` it stands in when Sentry cannot answer. `tags` are templates
    over the path's parameters, such as `issues:{org}`; a purge names the same tags.
    """

    fresh_s: float = 0.0
    stale_s: float = 0.0
    if_error_s: float = 0.0
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One kind of call: the template it stands for and what the stages need to know of it.

    `name` is the catalog's key, `GET /api/0/organizations/{organization_id_or_slug}/issues/` for a
    Sentry operation or `*` for an address the catalog does not know. It is the only label that metrics
    and spans may carry, since paths hold identifiers.
    """

    name: str
    method: str
    template: str
    cache: CacheRule = CacheRule()
    purges: tuple[str, ...] = ()
    """Tags, as templates, that a successful write makes stale."""
    lists: tuple[str, ...] = ()
    """Tags of search results, which lag behind the write: not stored fresh for a while after it."""
    unless_shown: tuple[str, ...] = ()
    """Tags that a write makes stale as well, unless its answer shows the very issue that the address names."""
    secret: bool = False
    """The answer reveals a secret (a DSN key, a token): never cached, never through a shared credential."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose rights an answer was made with. `key` is a keyed hash, never a token; it is part of every cache key."""

    key: str
    kind: str
    """`token` for a caller's own Sentry credential, `service` for Dexter's, `anonymous` for none."""


@dataclass(frozen=True, slots=True)
class Credential:
    """The value of the `Authorization` header sent to Sentry; it never shows itself."""

    authorization: str | None = field(repr=False)


Body = bytes | AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Call:
    """One request to Sentry, ready to be sent.

    `path` and `query` are percent-encoded exactly as they go out; `deadline` is in monotonic seconds.
    """

    endpoint: Endpoint
    method: str
    path: str
    query: str
    identity: Identity
    credential: Credential
    deadline: float
    params: tuple[tuple[str, str], ...] = ()
    """The path template's parameters, decoded, for tags."""
    headers: Headers = ()
    body: Body | None = None
    priority: Priority = Priority.INTERACTIVE
    request_id: str = ""
    no_cache: bool = False
    """The caller wants Sentry's own word, not a stored answer."""
    max_age_s: float | None = None
    """How old a stored answer the caller takes, in seconds; None leaves that to the endpoint's rule."""
    max_stale_s: float = 0.0
    """How many seconds beyond that the caller takes it as stale, while Sentry is asked behind."""
    person: str = field(default="", repr=False)
    """Who asks, of those that share a credential; empty when nobody knows. They are told apart by what they wrote."""
    transparent: bool = False
    """The caller is a Sentry client: bodies may stream, and redirects are its own to follow."""


class Outcome(StrEnum):
    """Where an answer came from, in the words of RFC 9211 (`Cache-Status`)."""

    HIT = "hit"
    STALE = "stale"
    FALLBACK = "fallback"
    MISS = "miss"
    COLLAPSED = "collapsed"
    BYPASS = "bypass"


class Kept(Protocol):
    """A stored answer, as whoever gives it again must know it."""

    @property
    def key(self) -> str:
        """The key it is stored under."""

    @property
    def stored_at(self) -> float:
        """The epoch second at which Sentry was asked."""


class Reason(StrEnum):
    """Why Sentry was asked although an answer to the question was kept."""

    AGE = "age"
    """It was too old."""
    MAX_AGE = "max-age"
    """It was older than the caller takes."""
    CHANGE = "change"
    """Somebody changed what it shows, and it was from too long before that."""
    OWN_CHANGE = "own-change"
    """The caller changed something, or may have, that it does not show for certain."""
    NO_CACHE = "no-cache"
    """The caller wanted Sentry's own word, whatever was kept."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What Sentry said, or what was kept of it.

    `stored_at` is the epoch second at which a stored answer left Sentry, None for one straight from it.
    """

    status: int
    headers: Headers
    body: Body
    outcome: Outcome = Outcome.BYPASS
    stored_at: float | None = None
    fresh_s: float | None = None
    """For how long after `stored_at` a stored answer counts as fresh; None for one straight from Sentry."""
    upstream_s: float | None = None
    """How long Sentry took for this very answer, in seconds; None when it was not asked."""
    reason: Reason | None = None
    """Why Sentry was asked; None when nothing was kept, or what was kept was given."""
    kept: Kept | None = field(default=None, compare=False, repr=False)
    """The one stored answer that this is; as long as it is live, the same question may be answered with it again.
    Whoever makes an answer of more than that one must leave it out."""


Send = Callable[[Call], Awaitable[Answer]]
"""The one seam of the stack: a stage takes a `Send` and gives a `Send`."""


def header(headers: Headers, name: str) -> str | None:
    """Give the first value of a header, whatever the case of its name, or None."""
    wanted = name.lower()
    # Asked some thirty times a request, so that a generator would be felt.
    for key, value in headers:
        if key.lower() == wanted:
            return value
    return None
