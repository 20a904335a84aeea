"""Looks a Sentry and a credential over before anybody relies on them: what works, what does not, what to do."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from dexter.catalog.endpoints import endpoint_for
from dexter.catalog.mappings import mappings
from dexter.catalog.table import operation
from dexter.errors import UpstreamError
from dexter.features.limitations import limitations
from dexter.policy.capabilities import Capabilities, Kind
from dexter.upstream.json_text import NotJson, json_value
from dexter.wire import Answer, Call, header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dexter.upstream.clock import Clock
    from dexter.upstream.probe import Asker
    from dexter.upstream.stack import Stack

EXAMINED_S = 30.0
"""How long the whole examination may take."""
SKEW_S = 30.0
"""From how many seconds on two clocks are apart: rate limits and freshness are told in epoch seconds."""

_INDEX = "/api/0/"
_DIALECTS = {
    "organization": "within their organization, as today",
    "orgless": "by number and by project, as before 2019",
    "mixed": "in a mix of today's addresses and older ones",
    "unknown": "at no address that could be found",
}


class State(StrEnum):
    """How a finding is meant."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    check: str
    state: State
    said: str
    remedy: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What Sentry says of a credential; `scopes` None: it says nothing."""

    valid: bool | None
    user: str | None = None
    scopes: tuple[str, ...] | None = None


async def examine(stack: Stack, asker: Asker, clock: Clock) -> tuple[Finding, ...]:
    """Give what is found in front of a Sentry with a credential. Never raises for what Sentry does."""
    try:
        answer = await stack(_index_call(asker, clock))
    except UpstreamError as error:
        return (Finding("reach", State.PROBLEM, error.message, error.remedy),)
    known = await stack.prober.capabilities(asker)
    credentials = credentials_of(answer, given=asker.credential.authorization is not None)
    return (
        _reach(answer),
        _clock(answer, clock.now()),
        _credential(credentials),
        *_scopes(credentials),
        *_server(known, asker.organization),
        *_limits(known),
    )


def has_problem(findings: tuple[Finding, ...]) -> bool:
    """Whether anything that was looked at will not work."""
    return any(finding.state is State.PROBLEM for finding in findings)


def credentials_of(answer: Answer, *, given: bool) -> Credentials:
    """Give what `GET /api/0/` says of the credential that it was asked with."""
    document = _document(answer)
    if not given or answer.status == 401 or document is None:
        return Credentials(False if given and answer.status == 401 else None)
    auth, user = document.get("auth"), document.get("user")
    scopes = auth.get("scopes") if isinstance(auth, dict) else None
    name = user.get("name") or user.get("email") if isinstance(user, dict) else None
    return Credentials(
        valid=isinstance(auth, dict),
        user=name if isinstance(name, str) else None,
        scopes=tuple(sorted(map(str, scopes))) if isinstance(scopes, list) else None,
    )


def refused_for_lack_of_scopes(scopes: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Give Dexter's own addresses that a credential with these scopes cannot serve, each with what would do."""
    return tuple(
        (entry.name, entry.operation.scopes)
        for entry in mappings()
        if entry.operation.scopes and not set(entry.operation.scopes) & set(scopes)
    )


def _index_call(asker: Asker, clock: Clock) -> Call:
    return Call(
        endpoint=endpoint_for(operation(f"GET {_INDEX}")),
        method="GET",
        path=_INDEX,
        query="",
        identity=asker.identity,
        credential=asker.credential,
        deadline=clock.monotonic() + EXAMINED_S,
        no_cache=True,
    )


def _reach(answer: Answer) -> Finding:
    took = f" in {answer.upstream_s * 1000:.0f} ms" if answer.upstream_s is not None else ""
    if answer.status in (200, 401):
        return Finding("reach", State.OK, f"Sentry answers{took}.")
    return Finding(
        "reach", State.PROBLEM, f"Sentry answers {answer.status} at {_INDEX}.",
        "Check SENTRY_BASE_URL: it is the address without /api/0.",
    )  # fmt: skip


def _clock(answer: Answer, now: float) -> Finding:
    said = header(answer.headers, "date")
    try:
        theirs = parsedate_to_datetime(said or "").timestamp()
    except ValueError:
        return Finding("clock", State.WARNING, "Sentry does not say what time it is.")
    apart_s = now - theirs
    if abs(apart_s) <= SKEW_S:
        return Finding("clock", State.OK, f"This machine's clock and Sentry's agree to {abs(apart_s):.0f} s.")
    ahead = "ahead of" if apart_s > 0 else "behind"
    return Finding(
        "clock", State.WARNING, f"This machine's clock is {abs(apart_s):.0f} s {ahead} Sentry's.",
        "Set the clock by NTP: waits for rate limits are reckoned with it.",
    )  # fmt: skip


def _credential(credentials: Credentials) -> Finding:
    if credentials.valid is None:
        return Finding(
            "credential", State.WARNING, "Dexter has no credential of its own: only callers with theirs are served.",
            "Set SENTRY_API_TOKEN to the token of an internal integration or of a person.",
        )  # fmt: skip
    if not credentials.valid:
        return Finding(
            "credential", State.PROBLEM, "Sentry does not accept SENTRY_API_TOKEN.",
            "Make a new token in Sentry and set SENTRY_API_TOKEN to it.",
        )  # fmt: skip
    whose = f" of {credentials.user}" if credentials.user else ", which stands for no person"
    return Finding("credential", State.OK, f"Sentry accepts the token{whose}.")


def _scopes(credentials: Credentials) -> Iterator[Finding]:
    if not credentials.valid or credentials.scopes is None:
        return
    refused = refused_for_lack_of_scopes(credentials.scopes)
    if not refused:
        yield Finding("scopes", State.OK, f"The token's scopes serve all of it: {', '.join(credentials.scopes)}.")
    by_need: dict[tuple[str, ...], list[str]] = {}
    for name, needed in refused:
        by_need.setdefault(needed, []).append(name)
    for needed, names in by_need.items():
        yield Finding(
            "scopes", State.WARNING, f"Will be refused: {', '.join(names)}.",
            f"Add one of {', '.join(needed)} to the token; it has {', '.join(credentials.scopes) or 'none'}.",
        )  # fmt: skip


def _server(known: Capabilities, organization: str | None) -> Iterator[Finding]:
    version = f" {known.version}" if known.version else ""
    if known.kind is Kind.UNKNOWN:
        yield Finding(
            "server", State.PROBLEM, "What answers there is no Sentry that Dexter knows.",
            "Check SENTRY_BASE_URL, and that no sign-in page or proxy stands before it.",
        )  # fmt: skip
    else:
        yield Finding("server", State.OK, f"It is a {known.kind.value} Sentry{version}.")
    if organization is not None and known.organization != organization:
        yield Finding(
            "organization", State.PROBLEM, f"The credential does not see the organization {organization!r}.",
            f"Set SENTRY_ORG to {known.organization!r}, or use another token."
            if known.organization else "Check SENTRY_ORG and the token.",
        )  # fmt: skip
    elif known.organization is not None:
        yield Finding("organization", State.OK, f"The organization {known.organization!r} is there.")
    if known.addresses:
        yield Finding("dialect", State.OK, f"Issues are spoken of {_DIALECTS[known.dialect]} ({known.dialect}).")


def _limits(known: Capabilities) -> Iterator[Finding]:
    for told in limitations(known):
        yield Finding("capabilities", State.OK if told.works else State.WARNING, told.what, told.remedy)


def _document(answer: Answer) -> dict[str, Any] | None:
    if answer.status != 200 or not isinstance(answer.body, bytes):
        return None
    try:
        document = json_value(answer.body)
    except NotJson:
        return None
    return document if isinstance(document, dict) else None
