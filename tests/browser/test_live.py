"""What happens in Sentry appears in an open workbench by itself."""

import json
import re
import urllib.request
from collections.abc import Iterator

import pytest
from bench.feed_stand import send_error
from bench.stand import Gateway, Sandbox, running_gateway
from playwright.sync_api import Browser, Page, expect
from tests.browser.test_triage import first_issue, rows

from .conftest import WIDE, sign_in, told_gateway

LATER_MS = 30_000
"""It takes a second on a machine that does nothing else, which `python -m bench live` measures."""


@pytest.fixture(scope="module")
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway that Sentry tells what happens."""
    with told_gateway(sandbox) as running:
        yield running


def change_here(gateway: Gateway, issue: str, update: dict[str, object]) -> None:
    """Change an issue as a colleague does."""
    request = urllib.request.Request(
        f"{gateway.url}/api/v1/issues/{issue}",
        data=json.dumps(update).encode(),
        method="PUT",
        headers={"X-Dexter-Token": gateway.token, "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.status == 200


def badge(page: Page, word: str) -> None:
    expect(page.locator("[data-liveness]")).to_have_attribute("data-liveness", word, timeout=60_000)


def test_the_badge_tells_the_truth_without_webhooks_and_without_a_gateway(chromium: Browser, sandbox: Sandbox) -> None:
    """What is found by asking is not live, and what nobody answers is not polled."""
    with running_gateway(sandbox.url, sandbox.token) as untold:
        # Not watched for complaints: what it loads ahead may be under way when nobody answers any more.
        context = chromium.new_context(viewport={"width": WIDE[0], "height": WIDE[1]})
        page = context.new_page()
        page.goto(untold.url)
        sign_in(page, untold)
        badge(page, "polling-sentry")
        untold.process.terminate()
        untold.process.wait(60)
        badge(page, "offline")
        expect(page.locator("[data-liveness]")).to_contain_text(re.compile(r"Offline [0-9]+ (s|min)"))
        context.close()


def test_a_colleagues_change_is_seen_without_a_reload(page: Page, gateway: Gateway) -> None:
    """The list that a person looks at must not lie until the next poll."""
    badge(page, "live")
    issue, name = first_issue(page)
    row = rows(page).filter(has=page.get_by_role("checkbox", name=f"Select {name}", exact=True))
    expect(row).to_have_count(1)
    change_here(gateway, issue, {"status": "resolved"})
    expect(row).to_have_count(0, timeout=LATER_MS)
    change_here(gateway, issue, {"status": "unresolved"})
    expect(row).to_have_count(1, timeout=LATER_MS)


def test_two_people_see_each_others_decisions(page: Page, other: Page) -> None:
    """Two windows, two people, one queue: whoever was first is seen by the other."""
    badge(page, "live")
    badge(other, "live")
    _, name = first_issue(page)
    here, there = (
        rows(each).filter(has=each.get_by_role("checkbox", name=f"Select {name}", exact=True)) for each in (page, other)
    )
    expect(there).to_have_count(1)
    here.get_by_role("link").first.focus()
    page.keyboard.press("e")
    expect(there).to_have_count(0, timeout=LATER_MS)
    page.keyboard.press("z")
    expect(there).to_have_count(1, timeout=LATER_MS)
    expect(here).to_have_count(1, timeout=LATER_MS)


def test_who_was_offline_catches_up_and_the_badge_says_so(page: Page, gateway: Gateway) -> None:
    badge(page, "live")
    issue, name = first_issue(page)
    row = rows(page).filter(has=page.get_by_role("checkbox", name=f"Select {name}", exact=True))
    page.context.set_offline(True)
    badge(page, "offline")
    change_here(gateway, issue, {"status": "resolved"})
    expect(row).to_have_count(1)
    page.context.set_offline(False)
    badge(page, "live")
    expect(row).to_have_count(0, timeout=LATER_MS)
    change_here(gateway, issue, {"status": "unresolved"})


def test_the_readers_place_and_selection_stay(page: Page, sandbox: Sandbox, gateway: Gateway) -> None:
    """Nothing moves under the eye: not for what comes, and not for what goes above it."""
    page.goto(gateway.url)
    badge(page, "live")
    first, _ = first_issue(page)
    scroller = page.get_by_role("list", name="Issues").locator("..")
    scroller.evaluate("box => box.scrollTo(0, 3000)")
    expect(page.locator(f'[data-issue="{first}"]')).to_have_count(0)
    top = scroller.evaluate(
        """(box) => {
          const under = (one) => one.getBoundingClientRect().top > box.getBoundingClientRect().top + 100;
          const row = [...box.querySelectorAll("[data-issue]")].find(under);
          row.closest("li").querySelector("input").click();
          return [row.dataset.issue, row.getBoundingClientRect().top];
        }"""
    )
    send_error(sandbox, "Something new while somebody reads")
    change_here(gateway, first, {"status": "resolved"})
    expect(page.get_by_role("button", name=re.compile("1 new issue|[0-9]+ new issues"))).to_be_visible(timeout=LATER_MS)
    read = page.locator(f'[data-issue="{top[0]}"]')
    assert abs(read.evaluate("one => one.getBoundingClientRect().top") - top[1]) < 2
    expect(page.locator("li", has=read).get_by_role("checkbox")).to_be_checked()
    change_here(gateway, first, {"status": "unresolved"})
    page.wait_for_timeout(1_000)
    assert abs(read.evaluate("one => one.getBoundingClientRect().top") - top[1]) < 2
