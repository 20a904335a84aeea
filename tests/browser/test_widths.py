"""Every width between a phone and a wide screen: nothing is cut off sideways."""

import pytest
from playwright.sync_api import Page, expect

WIDTHS = (390, 640, 768, 900, 1024, 1280)


@pytest.mark.parametrize("path", ["/?query=error.unhandled%3Atrue", "/gateway"])
def test_no_width_scrolls_sideways(page: Page, path: str) -> None:
    """At 768 px the filters once pushed the account menu out of the window."""
    page.goto(page.url.split("/?")[0] + path)
    expect(page.get_by_role("heading", level=1)).to_be_attached()
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => innerWidth === width", arg=width)
        expect(page.get_by_role("button", name="Account:")).to_be_in_viewport(ratio=1)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
