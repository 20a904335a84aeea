"""What this Sentry can do, found out with a few cheap reads and remembered for ten minutes."""

from __future__ import annotations

import asyncio
import os
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from dexter.catalog.endpoints import UNKNOWN, sentry_router
from dexter.errors import Garbled, UpstreamError
from dexter.observe.records import CapabilitiesProbed
from dexter.policy.capabilities import Address, Capabilities, State, kind_of, state_of
from dexter.upstream.bodies import close_body
from dexter.upstream.findings import LEASE_S, Findings
from dexter.upstream.json_text import NotJson, json_value
from dexter.wire import Answer, Call, Credential, Identity, Priority, Send

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.stores.cells import Cells
    from dexter.upstream.parts import Parts
    from dexter.upstream.upstream import Upstream

REMEMBERED_S = 600.0
"""How long what was found counts."""
DOUBTED_S = 30.0
"""How long a probe stands before an answer that contradicts it may cause another."""
PROBE_S = 10.0
"""How long a probe may take as a whole; what has not answered by then stays unknown."""
LOOK_S = 0.05
"""How often it is looked whether another process has found it out."""


@dataclass(frozen=True, slots=True)
class Asker:
    """With whose rights a Sentry is asked what it can do."""

    identity: Identity
    credential: Credential
    organization: str | None = None
    request_id: str = ""


class Prober:
    """Knows one upstream's capabilities. What it finds says what the server has, not what somebody may do there.

    One process of a host asks, and all know what it found.
    """

    def __init__(self, ask: Send, upstream: Upstream, parts: Parts, cells: Cells) -> None:
        self._ask = ask
        self._upstream = upstream
        self._parts = parts
        self._findings = Findings(cells, parts.clock.now)
        self._holder = f"{os.getpid()}-{secrets.token_hex(6)}"
        self._probe: asyncio.Task[Capabilities] | None = None

    @property
    def known(self) -> Capabilities:
        """Give what was found last, however old; nothing before the first probe."""
        return self._findings.capabilities

    def is_current(self) -> bool:
        """Whether what was found still counts."""
        return self._findings.are_younger_than(REMEMBERED_S)

    async def capabilities(self, asker: Asker, *, doubted: bool = False) -> Capabilities:
        """Give what this Sentry can do, asking it when that is not known. A crowd asks once; never raises.

        `doubted`: an answer contradicted what was found, so it counts for half a minute only.
        """
        if self._findings.are_younger_than(DOUBTED_S if doubted else REMEMBERED_S):
            return self.known
        if asker.identity.kind == "anonymous" or self._findings.is_in_vain(asker.identity.key, DOUBTED_S):
            # Whoever may see nothing learns nothing, and must not make the gateway ask again and again.
            return self.known
        if self._probe is None:
            self._probe = self._parts.background.start(self._found_out(asker))
            self._probe.add_done_callback(self._over)
        return await asyncio.shield(self._probe)

    def _over(self, _: asyncio.Task[Capabilities]) -> None:
        self._probe = None

    async def _found_out(self, asker: Asker) -> Capabilities:
        before = self.known.probed_at
        while not self._findings.may_probe(self._holder):
            # Another process is at it; should it die, its lease runs out.
            await self._parts.clock.sleep(LOOK_S)
            if self.known.probed_at != before or self._findings.is_in_vain(asker.identity.key, DOUBTED_S):
                return self.known
        try:
            if self.known.probed_at == before:
                await self._probed(asker)
            return self.known
        finally:
            self._findings.end_probe(self._holder)

    async def _probed(self, asker: Asker) -> None:
        survey = self._parts.background.start(Survey(self._ask, self._upstream, self._parts, asker).capabilities())
        while not survey.done():
            self._findings.may_probe(self._holder)
            await asyncio.wait({survey}, timeout=LEASE_S / 3)
        found = await survey
        if not found.addresses:
            # Nobody answered, or not to this credential: what was known before is the better guess, for now.
            self._findings.learned_nothing(asker.identity.key, DOUBTED_S)
            return
        found = replace(found, addresses=_with_what_was_known(found.addresses, self.known))
        self._findings.found(found)
        states = tuple((address.value, state.value) for address, state in found.addresses.items())
        self._parts.tell(CapabilitiesProbed(found.kind.value, found.version, found.dialect, states))


class Survey:
    """One probe: a dozen reads that change nothing, most of them at once."""

    def __init__(self, ask: Send, upstream: Upstream, parts: Parts, asker: Asker) -> None:
        self._ask = ask
        self._upstream = upstream
        self._parts = parts
        self._asker = asker
        self._deadline = parts.clock.monotonic() + PROBE_S

    async def capabilities(self) -> Capabilities:
        """Give what is found; without an organization that the credential may see, only kind and version."""
        config, index, organization = await asyncio.gather(
            self._get("/api/client-config/"), self._get("/api/0/"), self._organization()
        )
        kind, version = kind_of(self._upstream.base_url, _object(config), is_sentry=_is_index(index))
        found = Capabilities(kind, version, organization, {}, self._parts.clock.now())
        if organization is None:
            return found
        return replace(found, addresses=await self._addresses(organization))

    async def _organization(self) -> str | None:
        for name in dict.fromkeys(filter(None, (self._upstream.org, self._asker.organization))):
            answer = await self._get(f"/api/0/organizations/{quote(name, safe='')}/")
            if answer is not None and answer.status == 200:
                return name
        rows = _rows(await self._get("/api/0/organizations/"))
        return next((row["slug"] for row in rows if isinstance(row.get("slug"), str)), None)

    async def _addresses(self, organization: str) -> dict[Address, State]:
        org = f"/api/0/organizations/{quote(organization, safe='')}"
        lists, projects, everywhere, workflows = await asyncio.gather(
            self._get(f"{org}/issues/", "limit=1&query=&collapse=stats"),
            self._get(f"{org}/projects/", "per_page=1"),
            self._get("/api/0/projects/", "per_page=1"),
            self._get(f"{org}/workflows/", "per_page=1"),
        )
        states = {
            Address.ORGANIZATION_ISSUES: _state(lists),
            Address.ORGANIZATION_PROJECTS: _state(projects),
            Address.PROJECTS: _state(everywhere),
            Address.WORKFLOWS: _state(workflows),
        }
        project = next((row.get("slug") for row in _rows(projects)), None)
        issues = _rows(lists)
        if isinstance(project, str):
            in_project = f"/api/0/projects/{quote(organization, safe='')}/{quote(project, safe='')}"
            found, rules = await asyncio.gather(
                self._get(f"{in_project}/issues/", "limit=1&query="), self._get(f"{in_project}/rules/", "per_page=1")
            )
            states |= {Address.PROJECT_ISSUES: _state(found), Address.RULES: _state(rules)}
            issues = issues or _rows(found)
        # Without an issue the number 0 is asked for: Sentry says then that there is none, or that there is no address.
        issue = next((str(row["id"]) for row in issues if row.get("id")), "0")
        # Reading an issue itself would record that somebody has looked at it; its tags record nothing.
        new, old = await asyncio.gather(
            self._get(f"{org}/issues/{quote(issue, safe='')}/tags/"),
            self._get(f"/api/0/issues/{quote(issue, safe='')}/tags/"),
        )
        return states | {Address.ORGANIZATION_ISSUE: _state(new), Address.ISSUE: _state(old)}

    async def _get(self, path: str, query: str = "") -> Answer | None:
        """Give the answer to a read, or None when there is none to be had."""
        endpoint, params = sentry_router().match("GET", path) or (UNKNOWN, {})
        call = Call(
            endpoint=endpoint,
            method="GET",
            path=path,
            query=query,
            identity=self._asker.identity,
            credential=self._asker.credential,
            deadline=self._deadline,
            params=tuple(params.items()),
            headers=(("Accept", "application/json"),),
            # What a person waits for may depend on it.
            priority=Priority.INTERACTIVE,
            request_id=self._asker.request_id,
        )
        try:
            answer = await self._ask(call)
        except Garbled:
            # A page where JSON is promised comes from something else than Sentry's API: that is an answer too.
            return Answer(404, (), b"")
        except UpstreamError:
            return None
        await close_body(answer.body)
        return answer


def _with_what_was_known(found: Mapping[Address, State], before: Capabilities) -> dict[Address, State]:
    """Give the states with those that this probe could not tell as they were: one read may fail."""
    return {address: before.state(address) if state is State.UNKNOWN else state for address, state in found.items()}


def _state(answer: Answer | None) -> State:
    if answer is None or not isinstance(answer.body, bytes):
        return State.UNKNOWN
    return state_of(answer.status, answer.headers, answer.body)


def _json(answer: Answer | None) -> Any:
    if answer is None or answer.status != 200 or not isinstance(answer.body, bytes):
        return None
    try:
        return json_value(answer.body)
    except NotJson:
        return None


def _object(answer: Answer | None) -> dict[str, Any] | None:
    document = _json(answer)
    return document if isinstance(document, dict) else None


def _rows(answer: Answer | None) -> list[dict[str, Any]]:
    document = _json(answer)
    return [row for row in document if isinstance(row, dict)] if isinstance(document, list) else []


def _is_index(answer: Answer | None) -> bool:
    if answer is not None and answer.status == 401:
        return True
    return "version" in (_object(answer) or {})
