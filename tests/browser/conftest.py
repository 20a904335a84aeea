"""A real Chromium on the workbench of a real gateway in front of a seeded sandbox."""

import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from bench.feed_listener import FeedListener
from bench.feed_stand import send_error, telling_gateway
from bench.stand import Gateway, Sandbox, running_gateway, running_sandbox
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ISSUES = 1300
WIDE, NARROW = (1440, 900), (390, 844)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)
EXCEPTIONS = "/?query=error.unhandled%3Atrue"
"""Only exceptions, since a mere message has no stack trace to look at."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder drives a browser."""
    for item in items:
        if "tests/browser/" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A sandbox with more issues than a person can look through."""
    with running_sandbox(issues=ISSUES) as running:
        yield running


@pytest.fixture(scope="session")
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway in front of it."""
    with running_gateway(sandbox.url, sandbox.token, DEXTER_BREAKER_RECOVERY="1s") as running:
        yield running


@contextmanager
def told_gateway(sandbox: Sandbox, **settings: str) -> Iterator[Gateway]:
    """A gateway that the sandbox tells what happens, and that knows that it does."""
    with telling_gateway(sandbox, DEXTER_BREAKER_RECOVERY="1s", **settings) as running:
        limit = time.monotonic() + 60
        while True:
            with FeedListener(running) as listener:
                if listener.heard[0].message["webhooks_at"] is not None:
                    break
                # Numbers in a title do not make another issue.
                send_error(sandbox, "told " + "".join(map(secrets.choice, ["bcdfghjklm"] * 8)))
                listener.event("issue.created", limit_s=60)
            assert time.monotonic() < limit, "no webhook was noted"
            time.sleep(1)
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The Chromium that `tools/ensure-chromium.sh` found or installed."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    assert path, "there is no Chromium: run `make chromium`"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(chromium: Browser, gateway: Gateway) -> Iterator[Page]:
    """A wide window at the workbench, not signed in. A page error or a refused script fails the test."""
    yield from visit(chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}), gateway)


@pytest.fixture
def page(visitor: Page, gateway: Gateway) -> Page:
    """A wide window, signed in, the stream loaded."""
    return sign_in(visitor, gateway)


@pytest.fixture
def other(chromium: Browser, gateway: Gateway) -> Iterator[Page]:
    """A second person's window, signed in, the stream loaded."""
    context = chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
    for visitor in visit(context, gateway):
        yield sign_in(visitor, gateway)


@pytest.fixture
def phone(chromium: Browser, gateway: Gateway) -> Iterator[Page]:
    """A phone's window, signed in, the stream loaded."""
    context = chromium.new_context(viewport={"width": NARROW[0], "height": NARROW[1]}, has_touch=True)
    for visitor in visit(context, gateway):
        yield sign_in(visitor, gateway)


def visit(context: BrowserContext, gateway: Gateway) -> Iterator[Page]:
    """Open the workbench and watch what the page complains about."""
    context.set_default_timeout(PATIENCE_MS)
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(gateway.url + EXCEPTIONS)
    yield page
    context.close()
    assert complaints == []


def sign_in(page: Page, gateway: Gateway) -> Page:
    """Type the printed token as a newcomer would."""
    page.get_by_label("Access token", exact=True).fill(gateway.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("list", name="Issues").get_by_role("listitem").first).to_be_visible(timeout=PATIENCE_MS)
    return page
