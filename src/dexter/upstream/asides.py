"""Calls that the gateway makes on the way to an answer, with the rights and the time of the caller it is for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec

from dexter.catalog.endpoints import UNKNOWN, sentry_router
from dexter.policy.link_header import next_cursor
from dexter.upstream.json_text import NotJson, json_value
from dexter.wire import Answer, Call, Send, header

JSON = "application/json"


class Instead(Exception):
    """Sentry answered an aside with something that must be the caller's answer as it is."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


async def aside(ask: Send, call: Call, method: str, path: str, query: str = "", body: bytes | None = None) -> Answer:
    """Give the answer to another call, whole, for the caller of `call`."""
    # The path is percent-encoded; the router reads decoded ones, but what is matched here has plain segments.
    endpoint, params = sentry_router().match(method, path) or (UNKNOWN, {})
    headers = (("Accept", JSON), *((("Content-Type", JSON),) if body is not None else ()))
    other = replace(
        call, endpoint=endpoint, method=method, path=path, query=query, params=tuple(params.items()),
        headers=headers, body=body, transparent=False,
    )  # fmt: skip
    return await ask(other)


async def pages(ask: Send, call: Call, path: str, query: str = "", *, most: int = 10) -> list[dict[str, Any]]:
    """Give the rows of a list to its end, at most so many pages. Raises Instead for an answer that is no list."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(most):
        asked = "&".join(filter(None, (query, f"cursor={cursor}" if cursor else "")))
        answer = await aside(ask, call, "GET", path, asked)
        rows += rows_of(answer)
        cursor = next_cursor(header(answer.headers, "link"))
        if cursor is None:
            break
    return rows


def rows_of(answer: Answer) -> list[dict[str, Any]]:
    """Give the objects of a list. Raises Instead for an answer that is none."""
    document = document_of(answer) if answer.status == 200 else None
    if not isinstance(document, list):
        raise Instead(answer)
    return [row for row in document if isinstance(row, dict)]


def document_of(answer: Answer) -> Any:
    """Give the JSON value of an answer, or None when it is none."""
    if not isinstance(answer.body, bytes):
        return None
    try:
        return json_value(answer.body)
    except NotJson:
        return None


def encoded(document: Any) -> bytes:
    """Give a document as JSON, with the lone surrogates that event texts may hold written as escapes."""
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return json.dumps(document).encode()


def said(status: int, detail: str) -> Answer:
    """Give an answer in Sentry's form."""
    return Answer(status, (("Content-Type", JSON),), msgspec.json.encode({"detail": detail}))


def no_such_thing() -> Answer:
    """Give Sentry's answer for what is not there."""
    return said(404, "The requested resource does not exist")
