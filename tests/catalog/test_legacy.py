"""The operations that Sentry's document had once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from dexter.catalog.endpoints import sentry_router
from dexter.catalog.router import Router
from dexter.catalog.table import operation, operations, routed_operations
from dexter.catalog.template import fill, placeholders

if TYPE_CHECKING:
    from dexter.catalog.operation import Operation

LEGACY = [known for known in operations() if known.dialect == "legacy"]
ROUTED = Router((known.method, known.path, known) for known in routed_operations())


def test_all_that_left_the_document_are_there() -> None:
    """Older servers speak them, and clients of old ask for them."""
    assert len(LEGACY) == 57
    assert not [known.key for known in LEGACY if known.dialect == "public"]


@pytest.mark.parametrize("known", LEGACY, ids=lambda known: known.key)
def test_each_says_when_it_was_last_seen_and_what_comes_instead(known: Operation) -> None:
    """A replacement that does not exist would send people nowhere; a release goes with a date."""
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", known.last_seen or "")
    assert known.until is None or re.fullmatch(r"0\.\d+\.0", known.until)
    if known.instead is not None:
        assert operation(known.instead).dialect != "legacy"


@pytest.mark.parametrize("known", LEGACY, ids=lambda known: known.key)
def test_each_is_routed_or_covered_by_another(known: Operation) -> None:
    """`events/latest/` left the document when it became one of the values of `events/{event_id}/`."""
    path = fill(known.path, dict.fromkeys(placeholders(known.path), "1"))
    found = ROUTED.match(known.method, path)
    assert found is not None
    assert (found[0].key != known.key) is known.covered
    routed = sentry_router().match(known.method, path)
    assert routed is not None
    assert routed[0].name == found[0].key


def test_a_token_among_them_is_a_secret() -> None:
    """The upload tokens of repositories are never cached, nor lent out."""
    secrets = {known.path.rpartition("/owner/")[2] for known in LEGACY if known.secret}
    assert secrets == {"{owner}/repositories/tokens/", "{owner}/repository/{repository}/token/regenerate/"}
