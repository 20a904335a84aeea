"""How long it takes from an error in an application to a row in somebody's browser: with webhooks, and without.

A real Chromium shows the Feed screen and, in a second tab, the stream. Both look at themselves whenever they change:
the Feed for a row with the error's title, the stream for one more new issue than before, which it has then read from
the gateway.
"""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sentry_sdk
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from bench.stand import Gateway, Sandbox

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 60_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"

WATCHES = """
window.seen = {};
const look = () => {
  for (const link of document.querySelectorAll("main a")) {
    const title = /seen in a (?:row|poll) [a-z]{2}/.exec(link.textContent ?? "")?.[0];
    if (title !== undefined) window.seen[title] ??= Date.now();
  }
  const news = /^([0-9]+) new issues?$/.exec(document.querySelector("main [role=status] button")?.textContent ?? "");
  if (news !== null) window.seen[news[1]] ??= Date.now();
};
new MutationObserver(look).observe(document, { subtree: true, childList: true, characterData: true });
"""


def rows_after(sandbox: Sandbox, gateway: Gateway, what: str, count: int, every_s: float) -> dict[str, list[float]]:
    """Let an application meet errors of new kinds; give after how many seconds the Feed and the stream had each."""
    sent: dict[str, float] = {}
    client = sentry_sdk.Client(dsn=sandbox.dsn("shop-api"), default_integrations=False)
    with _tabs(gateway) as (feed, stream):
        for number in range(count):
            title = f"seen in a {what} {LETTERS[number // 26]}{LETTERS[number % 26]}"
            sent[title] = time.time()
            client.capture_event({"message": title, "level": "error"})
            # The page lives only while it is waited in.
            stream.wait_for_timeout(every_s * 1000)
        client.close()
        titles = list(sent)
        return {
            "feed": _after(feed, titles, list(sent.values())),
            # The stream counts what is new since it was opened.
            "stream": _after(stream, [str(number + 1) for number in range(count)], list(sent.values())),
        }


@contextmanager
def _tabs(gateway: Gateway) -> Iterator[tuple[Page, Page]]:
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(PATIENCE_MS)
        context.add_init_script(WATCHES)
        stream = context.new_page()
        stream.goto(gateway.url)
        stream.get_by_label("Access token", exact=True).fill(gateway.token)
        stream.get_by_role("button", name="Sign in").click()
        stream.get_by_role("list", name="Issues").get_by_role("listitem").first.wait_for()
        feed = context.new_page()
        feed.goto(f"{gateway.url}/feed")
        for page in (stream, feed):
            page.locator('[data-liveness="live"], [data-liveness="polling-sentry"]').wait_for()
        yield feed, stream
        browser.close()


def _after(page: Page, names: list[str], sent: list[float]) -> list[float]:
    """Give how long each took to be seen; one that is overtaken by the next was seen with it."""
    page.wait_for_function("name => name in window.seen", arg=names[-1], timeout=PATIENCE_MS)
    seen: dict[str, Any] = page.evaluate("() => window.seen")
    took: list[float] = []
    later = float("inf")
    for name, at in zip(reversed(names), reversed(sent), strict=True):
        later = min(later, seen.get(name, float("inf")) / 1000)
        took.append(later - at)
    return took
