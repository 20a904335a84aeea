"""Stage that speaks the dialect of the Sentry behind it: calls for addresses it lacks go where it has the same.

A call goes out as it is first. Only an answer that says that there is no such address (a 404 that names no thing,
a 410) makes the stage ask what this Sentry has, and then the call goes to the counterpart if there is one. What was
found is remembered, so that later calls go there at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec

from dexter.catalog.endpoints import UNKNOWN, sentry_router
from dexter.errors import NotInThisSentry
from dexter.observe.records import CallTranslated
from dexter.policy.capabilities import Address, route_is_missing
from dexter.policy.deprecation import DATE, REPLACEMENT, announced, is_brownout
from dexter.policy.dialects import (
    COUNTERPARTS,
    Place,
    Untranslatable,
    has_counterpart,
    in_organization,
    older_update,
    place_of,
    with_older_words,
    without_organization,
)
from dexter.policy.encoding import is_packed
from dexter.policy.link_header import Link, format_links, parse
from dexter.upstream.asides import Instead, no_such_thing
from dexter.upstream.bodies import close_body, gunzip
from dexter.upstream.findings import Findings
from dexter.upstream.issue_homes import IssueHomes
from dexter.upstream.json_text import NotJson, json_value
from dexter.upstream.organization_lists import OrganizationLists
from dexter.upstream.probe import Asker, Prober
from dexter.wire import Answer, Call, Headers, Send, header

if TYPE_CHECKING:
    from dexter.stores.cells import Cells
    from dexter.upstream.parts import Parts
    from dexter.upstream.upstream import Upstream

_LARGEST_ERROR_BYTES = 1024 * 1024

BROWNOUT_S = 60.0
"""How long after a brownout's 410 the counterpart is asked at once."""


class Translated:
    """A stage; calls in whose address servers do not differ pass it by."""

    def __init__(self, inner: Send, ask: Send, prober: Prober, upstream: Upstream, parts: Parts, cells: Cells) -> None:
        self._inner = inner
        self._prober = prober
        self._parts = parts
        self._homes = IssueHomes(ask, parts, upstream.org)
        self._lists = OrganizationLists(ask, self._homes, upstream)
        self._findings = Findings(cells, parts.clock.now)

    async def __call__(self, call: Call) -> Answer:
        """Give the answer to a call, from where this Sentry has it. Raises NotInThisSentry where that is nowhere."""
        place = place_of(call.path)
        if place is None or call.method == "OPTIONS":
            return await self._inner(call)
        if self._goes_elsewhere(place) and not self._prober.is_current():
            await self._prober.capabilities(_asker(call, place))
        if self._goes_elsewhere(place):
            answer = await self._elsewhere_if_still(call, place)
            if answer is not None:
                return answer
        call = self._in_older_words(call, place)
        answer = await self._inner(call)
        if not _says_missing(call, answer) or not _can_be_sent_again(call) or not has_counterpart(place):
            return answer
        if is_brownout(answer.status, answer.headers):
            self._findings.switched_off(place.address, BROWNOUT_S)
        await self._prober.capabilities(_asker(call, place), doubted=True)
        if not self._goes_elsewhere(place):
            return answer
        await close_body(answer.body)
        return await self._elsewhere(call, place, _announcement(call, answer.headers))

    async def _elsewhere_if_still(self, call: Call, place: Place) -> Answer | None:
        """Give the answer from elsewhere, or None when this Sentry has the address after all: it was upgraded."""
        try:
            answer = await self._elsewhere(call, place, ())
        except NotInThisSentry:
            if await self._still_goes_elsewhere(call, place):
                raise
            return None
        if not _says_missing(call, answer) or not _can_be_sent_again(call):
            return answer
        if await self._still_goes_elsewhere(call, place):
            return answer
        await close_body(answer.body)
        return None

    async def _still_goes_elsewhere(self, call: Call, place: Place) -> bool:
        await self._prober.capabilities(_asker(call, place), doubted=True)
        return self._goes_elsewhere(place)

    def _in_older_words(self, call: Call, place: Place) -> Call:
        """Give a call in the words of a server that lists issues by organization but lacks today's issues there.

        Raises NotInThisSentry for a change that such a server would pass over.
        """
        if place.address is not Address.ORGANIZATION_ISSUES or not self._prober.known.lacks(Address.ORGANIZATION_ISSUE):
            return call
        if call.method != "PUT":
            return replace(call, query=with_older_words(call.query))
        try:
            return _with_body(call, msgspec.json.encode(older_update(_document(call))))
        except Untranslatable as error:
            raise NotInThisSentry(error.message, remedy=error.remedy) from error

    def _goes_elsewhere(self, place: Place) -> bool:
        known = self._prober.known
        if not known.has(COUNTERPARTS[place.address]):
            return False
        return known.lacks(place.address) or self._findings.is_switched_off(place.address, BROWNOUT_S)

    async def _elsewhere(self, call: Call, place: Place, announcement: Headers) -> Answer:
        try:
            answer = await self._translate(call, place)
        except Instead as told:
            answer = told.answer
        except Untranslatable as error:
            raise NotInThisSentry(error.message, remedy=error.remedy) from error
        self._parts.tell(CallTranslated(call.endpoint.name, place.address.value, answer.status))
        return replace(answer, headers=(*answer.headers, *announcement)) if announcement else answer

    async def _translate(self, call: Call, place: Place) -> Answer:
        match place.address:
            case Address.ISSUE:
                organization = await self._homes.organization_of(call, place)
                if organization is None:
                    return no_such_thing()
                return await self._at(call, in_organization(place, organization))
            case Address.ORGANIZATION_ISSUE:
                return await self._by_number(call, place)
            case Address.ORGANIZATION_ISSUES:
                return await self._lists.issues(call, place)
            case _:
                return await self._lists.projects(call)

    async def _by_number(self, call: Call, place: Place) -> Answer:
        found = await self._homes.number_of(call, place)
        if found is None:
            return no_such_thing()
        if call.method == "PUT" and place.rest == "":
            call = _with_body(call, msgspec.json.encode(older_update(_document(call))))
        return await self._at(call, without_organization(replace(place, issue=found)))

    async def _at(self, call: Call, path: str) -> Answer:
        """Give the answer from another address, its links turned back to the one that was asked."""
        endpoint, params = sentry_router().match(call.method, path) or (UNKNOWN, {})
        answer = await self._inner(replace(call, endpoint=endpoint, path=path, params=tuple(params.items())))
        link = header(answer.headers, "link")
        if link is None:
            return answer
        turned = format_links(tuple(Link(_back(one.url, path, call.path), one.params) for one in parse(link)))
        kept = tuple((name, value) for name, value in answer.headers if name.lower() != "link")
        return replace(answer, headers=(*kept, ("Link", turned)) if turned else kept)


def _asker(call: Call, place: Place) -> Asker:
    return Asker(call.identity, call.credential, place.organization, call.request_id)


def _says_missing(call: Call, answer: Answer) -> bool:
    if call.method == "HEAD" or answer.status not in (404, 410):
        # Without a body there is no telling a missing thing from a missing address.
        return False
    body = answer.body if isinstance(answer.body, bytes) else b""
    packed = is_packed(header(answer.headers, "content-encoding"))
    return route_is_missing(answer.status, gunzip(body, _LARGEST_ERROR_BYTES) if packed and body else body)


def _can_be_sent_again(call: Call) -> bool:
    return call.body is None or isinstance(call.body, bytes)


def _document(call: Call) -> object:
    if not isinstance(call.body, bytes):
        raise Untranslatable("The body is too long to be put in this Sentry's words.", "Send a shorter one.")
    try:
        return json_value(call.body)
    except NotJson as error:
        raise Untranslatable("The body is no JSON.", "Send a JSON object.") from error


def _with_body(call: Call, body: bytes) -> Call:
    # The client's length is that of its own body.
    headers = tuple((name, value) for name, value in call.headers if name.lower() != "content-length")
    return replace(call, headers=headers, body=body)


def _announcement(call: Call, headers: Headers) -> Headers:
    """Give what a switched off address says of itself: the caller should hear it, though it gets its answer."""
    said = tuple((name, value) for name in (DATE, REPLACEMENT) if (value := header(headers, name)))
    return (*said, *announced(headers, call.params))


def _back(url: str, path: str, asked: str) -> str:
    return url.replace(path, asked, 1)
