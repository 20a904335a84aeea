"""Take the pictures that the README shows, from a real browser on a seeded sandbox.

make install && .venv/bin/python -m tools.screenshots
"""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.stand import running_gateway, running_sandbox
from playwright.sync_api import Page, expect, sync_playwright

IMAGES = Path(__file__).parent.parent / "docs" / "images"
SIZE = {"width": 1440, "height": 860}
PATIENCE_MS = 15_000


def sign_in(page: Page, url: str, token: str) -> None:
    """Get to the stream."""
    page.goto(url)
    page.get_by_label("Access token", exact=True).fill(token)
    page.keyboard.press("Enter")
    has_issues(page)


def has_issues(page: Page) -> None:
    """Wait until the stream is there."""
    expect(page.get_by_role("list", name="Issues").get_by_role("listitem").first).to_be_visible(timeout=PATIENCE_MS)


def take(page: Page, url: str) -> None:
    """Take the stream and the page of an issue that has a stack trace."""
    page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / "stream.png")
    page.goto(f"{url}/?query=error.unhandled%3Atrue")
    has_issues(page)
    page.keyboard.press("j")
    page.keyboard.press("o")
    expect(page.get_by_role("heading", name="Stack trace")).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(500)
    page.screenshot(path=IMAGES / "issue.png")


def main() -> None:
    """Start everything, take the pictures, stop everything."""
    with (
        running_sandbox(issues=500) as sandbox,
        running_gateway(sandbox.url, sandbox.token) as gateway,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        sign_in(page, gateway.url, gateway.token)
        take(page, gateway.url)
        browser.close()


if __name__ == "__main__":
    main()
