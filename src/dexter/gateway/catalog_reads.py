"""Answers every plain read of /api/v1 from its entry in the catalog: a new one is an entry there and no code here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from dexter.catalog.query import read_query
from dexter.errors import BadRequest
from dexter.gateway.asgi import Response
from dexter.gateway.identity import require_permission
from dexter.gateway.labelled_list import Page, labelled_page, names_labels
from dexter.gateway.ready import AgedBody, Hit
from dexter.gateway.representations import Representations, Source, in_coding, varying, wanted
from dexter.gateway.shapes import is_list, page, with_meta
from dexter.gateway.translations import DEPENDS_ON_TIME, WITH_META, Question, question
from dexter.gateway.validators import named, without_content
from dexter.policy.cache_status import age_s, cache_status
from dexter.policy.encoding import Coding
from dexter.wire import Headers, Outcome, header

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dexter.catalog.mappings import Mapping_
    from dexter.features.reply import Reply
    from dexter.gateway.runtime import Gateway

Pairs = tuple[tuple[str, str], ...]

SLUG = re.compile(r"[A-Za-z0-9_\-]+")
QUOTA_HEADERS = ("x-sentry-rate-limit-limit", "x-sentry-rate-limit-remaining", "x-sentry-rate-limit-reset")


@dataclass(frozen=True, slots=True)
class Read:
    """One request for an entry: its path's values and its query, decoded but unchecked."""

    entry: Mapping_
    values: Mapping[str, str]
    pairs: Pairs
    headers: Headers
    request_id: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a plain read, where it came from, and what must be known to give it again, if it may be."""

    response: Response
    outcome: Outcome
    hit: Hit | None


async def answer_read(gateway: Gateway, representations: Representations, read: Read) -> Answered:
    """Give the answer to a plain read. Raises what stands in the way of it."""
    if names_labels(read):
        return _answered_by_labels(gateway, await labelled_page(gateway, read))
    caller = gateway.sentry_caller("GET", read.headers)
    require_permission(caller, read.entry.endpoint, serve_secrets=gateway.options.serve_secrets)
    organization, asked = bind(read, gateway)
    sentry = gateway.sentry(caller, organization, read.request_id, read.headers)
    path, params = read.entry.bind({**read.values, "org": organization})
    reply = await sentry.ask(read.entry.endpoint, path, params, asked.pairs)
    if read.entry.shape != "object" and not is_list(reply) and reply.answer.stored_at is not None:
        # JSON of another shape was kept when it came; it must not stand there until it is old.
        reply = await replace(sentry, no_cache=True).ask(read.entry.endpoint, path, params, asked.pairs)
    now = gateway.clock.now()
    made = await _represented(representations, read, reply, asked)
    whole = made.body.at(now - reply.taken_at) if isinstance(made.body, AgedBody) else made.body
    headers = (*made.headers, *truth_headers(reply, now=now))
    return Answered(Response(made.status, whole, headers), reply.answer.outcome, _hit(read.entry, reply, made.body))


@dataclass(frozen=True, slots=True)
class _Made:
    """What a reply is answered with, as its caller takes it."""

    status: int
    headers: Pairs
    body: bytes | AgedBody


async def _represented(representations: Representations, read: Read, reply: Reply, asked: Question) -> _Made:
    """Give a reply's body under its tag in the encoding its caller takes, or none of it to one that has it already."""
    plain = _body(read.entry, reply, asked)
    aged = isinstance(plain, AgedBody)
    source = Source(reply.answer.kept or reply.body, plain.content if isinstance(plain, AgedBody) else plain)
    tag = await _tag(representations, source, reply, asked, aged=aged)
    headers: Pairs = (("content-type", "application/json"), ("cache-control", "no-store"), ("etag", tag))
    known = named(header(read.headers, "if-none-match"), tag)
    if known is not None:
        return _Made(304, without_content(varying(headers)), b"")
    coding = wanted(header(read.headers, "accept-encoding"), source)
    body = plain if coding is Coding.IDENTITY else await _packed(representations, source, plain, coding)
    return _Made(200, in_coding(varying(headers), coding), body)


async def _packed(
    representations: Representations, source: Source, plain: bytes | AgedBody, coding: Coding
) -> bytes | AgedBody:
    if isinstance(plain, bytes):
        return await representations.whole(source, coding)
    begun = await representations.begun(replace(source, body=plain.before + plain.content), coding)
    return AgedBody(b"", begun.packed, plain.between, plain.after, begun.close)


async def _tag(representations: Representations, source: Source, reply: Reply, asked: Question, *, aged: bool) -> str:
    """Give the tag of an answer: a weak one, since its age is in its body and says nothing new."""
    digest = await representations.digest(source)
    if aged:
        said = (digest, header(reply.headers, "link"), header(reply.headers, "x-hits"), reply.is_stale, asked.query)
        digest = blake2b(repr(said).encode(), digest_size=12).hexdigest()
    return f'W/"{digest}"'


def _answered_by_labels(gateway: Gateway, page: Page) -> Answered:
    truth = truth_headers(page.reply, now=gateway.clock.now()) if page.reply is not None else ()
    headers = (("content-type", "application/json"), ("cache-control", "no-store"), *truth)
    outcome = Outcome.BYPASS if page.reply is None else page.reply.answer.outcome
    # Labels change without Sentry, and so without anything that makes a ready answer stale.
    return Answered(Response(200, page.body, headers), outcome, None)


def bind(read: Read, gateway: Gateway) -> tuple[str, Question]:
    """Give the organization and Sentry's query for a request. Raises BadRequest for what is not permitted."""
    # An older address names the project in its path, where today's narrows the list by a parameter.
    from_path = tuple((name, value) for name, value in read.values.items() if name == "project")
    values = read_query(read.entry.query, (*read.pairs, *from_path))
    (named,) = values.get("organization", (None,))
    if named is not None and not SLUG.fullmatch(named):
        raise BadRequest("organization must be a slug or an id.")
    organization = ""
    if any(filler == "{org}" for _, filler in read.entry.binding):
        organization = gateway.organization(read.values.get("org") or named)
    return organization, question(read.entry, values, gateway.clock.now())


def _body(entry: Mapping_, reply: Reply, asked: Question) -> bytes | AgedBody:
    if entry.shape != "object":
        return page(reply, query=asked.query)
    return with_meta(reply) if entry.name in WITH_META else reply.body


def _hit(entry: Mapping_, reply: Reply, body: bytes | AgedBody) -> Hit | None:
    if reply.answer.kept is None or entry.name in DEPENDS_ON_TIME:
        return None
    return Hit(reply.answer, reply.endpoint.name, "/api/v1", entry.name, body)


def truth_headers(reply: Reply, *, now: float) -> Pairs:
    """Give the headers that say where an answer came from, how old it is and what quota is left."""
    answer = reply.answer
    headers = [("cache-status", cache_status(answer, now))]
    age = age_s(answer, now)
    if age is not None:
        headers.append(("age", str(age)))
    headers += [(name, left) for name in QUOTA_HEADERS if age is None and (left := header(answer.headers, name))]
    return tuple(headers)
