"""What an answer means to whoever keeps answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dexter.policy.outcome import (
    Content,
    changed_nothing,
    content,
    drops_identity,
    forgets_entry,
    garbled,
    is_failure,
    storable,
    write_is_certain,
)

if TYPE_CHECKING:
    from dexter.wire import Headers

JSON: Headers = (("Content-Type", "application/json"),)
HTML: Headers = (("content-type", "Text/HTML; charset=utf-8"),)


@pytest.mark.parametrize(
    ("headers", "empty", "reads", "expected"),
    [
        (JSON, False, True, Content.JSON),
        (JSON, False, False, Content.TRUNCATED),
        (JSON, True, False, Content.EMPTY),
        ((("Content-Type", "application/problem+json"),), False, True, Content.JSON),
        ((("Content-Type", "APPLICATION/JSON;charset=utf-8"),), False, True, Content.JSON),
        (HTML, False, False, Content.HTML),
        ((*HTML, ("Content-Disposition", "attachment; filename=x.html")), False, False, Content.OTHER),
        ((("Content-Type", "text/csv"),), False, False, Content.OTHER),
        ((), False, True, Content.OTHER),
    ],
)
def test_a_body_is_told_by_its_type_and_a_look(headers: Headers, empty: bool, reads: bool, expected: Content) -> None:
    """An uploaded web page is a file; a login page is a broken answer."""
    assert content(headers, empty=empty, reads_as_json=reads) is expected


@pytest.mark.parametrize(
    ("status", "kind", "expects_json", "is_garbled"),
    [
        (200, Content.HTML, True, True),
        (200, Content.TRUNCATED, False, True),
        (200, Content.EMPTY, True, True),
        (200, Content.EMPTY, False, False),
        (204, Content.EMPTY, True, False),
        (200, Content.JSON, True, False),
        (200, Content.OTHER, True, False),
        (404, Content.HTML, True, False),
        (502, Content.TRUNCATED, True, False),
        (302, Content.EMPTY, True, False),
    ],
)
def test_only_a_success_can_be_garbled(status: int, kind: Content, expects_json: bool, is_garbled: bool) -> None:
    """An error is an answer, however it is dressed."""
    assert (garbled(status, kind, expects_json=expects_json) is not None) is is_garbled


@pytest.mark.parametrize(
    ("status", "kind", "headers", "expected"),
    [
        (200, Content.JSON, JSON, True),
        (200, Content.JSON, (*JSON, ("Cache-Control", "no-store")), True),
        (200, Content.JSON, (*JSON, ("Set-Cookie", "a=b")), False),
        (200, Content.OTHER, JSON, False),
        (201, Content.JSON, JSON, False),
        *((status, Content.JSON, JSON, False) for status in (204, 302, 400, 401, 403, 404, 410, 429, 500, 503)),
    ],
)
def test_only_a_whole_json_200_is_kept(status: int, kind: Content, headers: Headers, expected: bool) -> None:
    """Everything else would be wrong for the next caller."""
    assert storable(status, headers, kind) is expected


@pytest.mark.parametrize(
    ("status", "failure", "drops", "forgets", "certain", "nothing"),
    [
        (200, False, False, False, True, False),
        (302, False, False, False, True, False),
        (400, False, False, False, True, True),
        (401, False, True, False, True, True),
        (403, False, True, False, True, True),
        (404, False, False, True, True, True),
        (408, False, False, False, False, False),
        (410, False, False, False, True, True),
        (429, False, False, False, True, True),
        (500, True, False, False, False, False),
        (504, True, False, False, False, False),
    ],
)
def test_a_status_says_what_must_happen(
    status: int, failure: bool, drops: bool, forgets: bool, certain: bool, nothing: bool
) -> None:
    """One table for what the stages ask."""
    assert is_failure(status) is failure
    assert drops_identity(status) is drops
    assert forgets_entry(status) is forgets
    assert write_is_certain(status) is certain
    assert changed_nothing(status) is nothing
