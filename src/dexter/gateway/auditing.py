"""Writes every change that is asked of the gateway into the audit log, before it happens and when it is over.

What a face knows better than this does, it tells through `noted`: which values there were, which thing it was. A row
that cannot be written refuses the change: nothing is changed here that nobody can be asked about.

A caller with a Sentry token of their own is written down afterwards only, and only if something may have come of it:
whether their token is one is Sentry's to say, and a stranger must not be able to fill the log.
"""

from __future__ import annotations

import asyncio
import re
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import structlog

from dexter.catalog.endpoints import UNKNOWN
from dexter.database.audit import Actor, Outcome, Target, record, settle
from dexter.database.moments import at
from dexter.errors import DexterError
from dexter.gateway.asgi import AsgiApp, AsgiSend, Message, Receive, Scope, headers_of, query_of
from dexter.gateway.identity import SAFE_METHODS, Caller, Mode
from dexter.gateway.problems import LEGACY
from dexter.wire import header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sqlalchemy.ext.asyncio import AsyncConnection
    from starlette.requests import Request

    from dexter.catalog.router import Router
    from dexter.database.engine import Database
    from dexter.wire import Endpoint

log = structlog.get_logger("dexter.gateway")

NOTED = "audit"
"""The key in a scope's state under which the row of the request under way stands."""
SIGN_IN = "session.open"
NO_CHANGE = frozenset({"client_errors.report", "events.ticket", "traces.report", "searches.keep", "views.notify"})
"""What is sent as changes are, and changes nothing that anybody shares."""
CLI_AGENT = "dexter-cli"

_under_way: ContextVar[Noted | None] = ContextVar("dexter_audited", default=None)

_ISSUE = re.compile(r"/api/v1/(?:[A-Za-z0-9_\-]+/)?issues/([A-Za-z0-9_\-]+)")
"""Today's addresses of an issue, and those of earlier Dexters that begin with an organization."""
_OF_ORGANIZATION = re.compile(r"/api/0/(?:organizations|projects|teams)/([^/]+)/|/api/v1/([^/]+)/(?:issues|projects)/")
"""Addresses that begin with an organization: Sentry's own, and some of earlier Dexters."""
_NO_ISSUES = frozenset({"bulk", "export", "marks", "presence"})


@dataclass(frozen=True, slots=True)
class Part:
    """One of several things that a request did; `action` is the request's own unless it says another."""

    target: Target | None
    outcome: Outcome
    before: Any = None
    after: Any = None
    action: str | None = None


@dataclass(slots=True)
class Noted:
    """The row of one request. A face adds what it knows; what it leaves out is taken from the request."""

    actor: Actor
    action: str
    request_id: str
    organization: str | None = None
    target: Target | None = None
    before: Any = None
    after: Any = None
    number: int | None = None
    parts: list[Part] = field(default_factory=list)
    """The several things that the request did, each of which gets a row of its own."""
    seen: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Issues, by number, as Sentry's records of them were just before the change."""
    missed: set[str] = field(default_factory=set)
    """The numbers of issues that were looked for, and are not within the caller's reach."""
    is_settled: bool = field(default=False, init=False)
    is_kept: bool = field(default=False, init=False)
    """Whether it was settled together with what it tells of."""

    def tell(self, *, before: Any = None, after: Any = None, target: Target | None = None) -> None:
        """Add what was there before, what is there now, or what exactly it was done to."""
        self.before = self.before if before is None else before
        self.after = self.after if after is None else after
        self.target = target or self.target

    async def settle(self, connection: AsyncConnection, *, before: Any = None, after: Any = None) -> None:
        """Write down that it was done, in the transaction in which it is: a change of Dexter's own data."""
        self.tell(before=before, after=after)
        if self.number is not None:
            await settle(connection, self.number, Outcome.DONE, before=before, after=after, target=self.target)
            self.is_kept = True


def noted(request: Request) -> Noted | None:
    """Give the row of the request under way, to add to it; None where nothing is written down."""
    found: Noted | None = request.scope["state"].get(NOTED)
    return found


def under_way() -> Noted | None:
    """Give the row of the request under way, where only the call to Sentry is at hand."""
    return _under_way.get()


def tell_seen(issues: Mapping[str, dict[str, Any]], *, missed: Iterable[str]) -> None:
    """Tell the row of the request under way of issues that were looked at on the way, and of those not found."""
    row = under_way()
    if row is not None:
        row.seen.update(issues)
        row.missed.update(missed)


def tell_who(request: Request, caller: Caller) -> None:
    """Say who it is that acts, where the request itself could not: it has just signed them in."""
    row = noted(request)
    if row is not None:
        row.actor = actor_of(caller, "workbench")


def told_account(request: Request) -> Callable[[str], None]:
    """Give what tells the row of the request under way whose account Sentry is asked with."""

    def tell(account: str) -> None:
        row = noted(request)
        if row is not None:
            row.actor = replace(row.actor, sentry_account=account)

    return tell


def tell_each(request: Request, parts: Iterable[Part]) -> None:
    """Have a row written for each of the things that the request under way did, beside the one for the request."""
    row = noted(request)
    if row is not None:
        row.parts.extend(parts)


def tell_of(request: Request, *, before: Any = None, after: Any = None, target: Target | None = None) -> None:
    """Add to the row of the request under way, where there is one."""
    row = noted(request)
    if row is not None:
        row.tell(before=before, after=after, target=target)


class Audited:
    """An ASGI app round another one. The scope's state names the action, and says which values the address has."""

    def __init__(
        self,
        inner: AsgiApp,
        database: Database,
        identify: Callable[[tuple[tuple[str, str], ...]], Caller],
        now: Callable[[], float],
        organization: str | None,
        describe: Callable[[Scope], tuple[str, Target | None]],
        *,
        at_sentry: bool = False,
    ) -> None:
        """Stand round a face. `at_sentry` says that Sentry makes every change it is asked for."""
        self._inner = inner
        self._database = database
        self._identify = identify
        self._now = now
        self._organization = organization
        self._describe = describe
        self._at_sentry = at_sentry

    async def __call__(self, scope: Scope, receive: Receive, send: AsgiSend) -> None:
        row = self._begun(scope)
        if row is None:
            await self._inner(scope, receive, send)
            return
        entry, written_first = row
        scope["state"][NOTED] = entry
        if written_first:
            await self._begin(entry)

        async def told(message: Message) -> None:
            # Whoever has the answer finds in the log what it says.
            if message["type"] == "http.response.start":
                await asyncio.shield(self._finish(entry, message["status"]))
            await send(message)

        token = _under_way.set(entry)
        try:
            await self._inner(scope, receive, told)
        except DexterError as error:
            await self._finish(entry, error.status)
            raise
        except Exception:
            await self._finish(entry, 500)
            raise
        finally:
            _under_way.reset(token)

    def _begun(self, scope: Scope) -> tuple[Noted, bool] | None:
        """Give the row of a request, and whether it is written before anything happens; None for no row at all."""
        if scope["method"] in SAFE_METHODS:
            return None
        action, target = self._describe(scope)
        if action in NO_CHANGE:
            return None
        headers = headers_of(scope)
        try:
            caller = self._identify(headers)
        except DexterError:
            # The face will say what is wrong with the credential.
            return None
        if caller.mode is Mode.ANONYMOUS and action != SIGN_IN:
            return None
        actor = actor_of(caller, face_of(scope, caller))
        if self._at_sentry and caller.acting is not None:
            actor = replace(actor, sentry_account=caller.acting.account)
        entry = Noted(
            actor=actor,
            action=action,
            request_id=scope["state"]["request_id"],
            organization=_organization(scope) or self._organization,
            target=target,
            after=_selected(scope),
        )
        return entry, caller.mode is Mode.SERVICE

    async def _finish(self, entry: Noted, status: int) -> None:
        if entry.is_settled:
            return
        entry.is_settled = True
        outcome = outcome_of(status)
        if entry.is_kept and outcome is Outcome.DONE:
            return
        # Of a stranger's request nothing came, and nobody must be able to fill the log.
        if entry.number is None and outcome is Outcome.REFUSED:
            return
        try:
            async with self._database.transaction() as connection:
                await self._settle(connection, entry, outcome)
                for part in entry.parts:
                    if part.outcome is not Outcome.REFUSED or entry.number is not None:
                        await self._record(connection, entry, part)
        except DexterError:
            if entry.number is None:
                raise
            # It has happened; the row goes on saying that nobody knows what came of it.
            log.exception("audit_not_settled", number=entry.number, outcome=outcome.value)

    async def _settle(self, connection: AsyncConnection, entry: Noted, outcome: Outcome) -> None:
        if entry.number is None:
            await self._record(connection, entry, _whole(entry, outcome))
            return
        await settle(
            connection,
            entry.number,
            outcome,
            before=entry.before,
            after=entry.after,
            target=entry.target,
            organization=entry.organization,
            sentry_account=entry.actor.sentry_account,
        )

    async def _begin(self, entry: Noted) -> None:
        async with self._database.transaction() as connection:
            entry.number = await self._record(connection, entry, _whole(entry, Outcome.UNKNOWN))

    async def _record(self, connection: AsyncConnection, entry: Noted, part: Part) -> int:
        return await record(
            connection,
            entry.actor,
            part.action or entry.action,
            at=at(self._now()),
            organization=entry.organization,
            target=part.target,
            before=part.before,
            after=part.after,
            request_id=entry.request_id,
            outcome=part.outcome,
        )


def _whole(entry: Noted, outcome: Outcome) -> Part:
    """Give all that a request did as one."""
    return Part(entry.target, outcome, entry.before, entry.after)


def outcome_of(status: int) -> Outcome:
    """Give what an answer's status says of the change."""
    if status < 400:
        return Outcome.DONE
    return Outcome.REFUSED if status < 500 else Outcome.FAILED


def actor_of(caller: Caller, face: str) -> Actor:
    """Give who a caller is to the log."""
    person = caller.person
    if person is not None:
        return Actor(face, person.id, person.name)
    return Actor(face, None, "holder of a Sentry token" if caller.mode is Mode.PASS_THROUGH else None)


def face_of(scope: Scope, caller: Caller) -> str:
    """Give the face that a request came through."""
    if scope["state"].get(LEGACY):
        return "legacy"
    if caller.session is not None:
        return "workbench"
    return "cli" if (header(headers_of(scope), "user-agent") or "").startswith(CLI_AGENT) else "api"


def described(scope: Scope) -> tuple[str, Target | None]:
    """Give the action and the target of a request to `/api/v1`, from its name and its address."""
    action: str = scope["state"].get("context", "unknown")
    issue = _ISSUE.match(scope["path"])
    if issue is not None and issue[1] not in _NO_ISSUES:
        return action, Target("issue", issue[1])
    if scope["state"].get(LEGACY):
        # Its segments are no things of today's.
        return action, None
    kind, _, rest = scope["path"].removeprefix("/api/v1/").partition("/")
    thing = rest.split("/")[0] or None
    return action, Target(_SINGULAR.get(kind, kind.rstrip("s")), thing) if thing else None


def described_at_sentry(router: Router[Endpoint]) -> Callable[[Scope], tuple[str, Target | None]]:
    """Give what tells the action and the target of a request to Sentry's own addresses."""

    def described(scope: Scope) -> tuple[str, Target | None]:
        found = router.match(scope["method"], scope["path"])
        if found is None:
            return UNKNOWN.name, None
        endpoint, values = found
        if "issue_id" in values:
            return endpoint.name, Target("issue", values["issue_id"])
        # The last value names the thing; those before it name where it is.
        last = next(reversed(values.items()), None)
        return endpoint.name, Target(_kind(last[0]), last[1]) if last else None

    return described


_SINGULAR = {"people": "person", "bulk": "bulk_job", "searches": "search"}


def _kind(placeholder: str) -> str:
    """Give what a placeholder of Sentry's stands for.

    >>> _kind("project_id_or_slug"), _kind("version")
    ('project', 'version')
    """
    return placeholder.removesuffix("_id_or_slug").removesuffix("_id")


def _organization(scope: Scope) -> str | None:
    """Give the organization that a request names, in its path or its query."""
    found = _OF_ORGANIZATION.match(scope["path"])
    named = found[1] or found[2] if found is not None else None
    return named or _named(scope, "organization")


def _selected(scope: Scope) -> Any:
    """Give what a change under one of Sentry's own addresses picks out by its query, such as the issues of a list."""
    if not scope["path"].startswith("/api/0/"):
        return None
    try:
        pairs = query_of(scope)
    except DexterError:
        return None
    names = dict.fromkeys(name for name, _ in pairs)
    return {"query": {each: [value for name, value in pairs if name == each] for each in names}} if pairs else None


def _named(scope: Scope, name: str) -> str | None:
    try:
        return dict(query_of(scope)).get(name)
    except DexterError:
        return None
