"""A permalink leads to a page that says where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.conftest import Box


@pytest.mark.parametrize("path", ["/", "/organizations/acme/", "/organizations/acme/issues/1/"])
async def test_a_permalink_is_no_dead_end(box: Box, path: str) -> None:
    """Someone who clicks a link to Sentry in a demo should learn why it is not there."""
    reply = await box.http.get(path, headers={"authorization": ""})
    assert reply.status == 200
    assert b"no web pages" in reply.body
    assert "default-src 'none'" in reply.headers["content-security-policy"]


async def test_an_unknown_page_is_still_not_found(box: Box) -> None:
    """The page must not hide a wrong address."""
    assert (await box.http.get("/organizations/acme/nowhere/")).status == 404
