"""Desktop notifications of what comes up in a saved view."""

import re
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from bench.feed_stand import send_error
from bench.stand import Gateway, Sandbox
from playwright.sync_api import Page, expect

from .conftest import told_gateway
from .test_live import LATER_MS, badge

RECORDS = """
const Real = window.Notification;
window.told = [];
window.Notification = class {
  static get permission() { return Real.permission; }
  static requestPermission() { return Real.requestPermission(); }
  constructor(title, options) { Object.assign(this, { title }, options); window.told.push(this); }
  close() {}
};
"""
"""Headless browsers show no notifications; what would be shown is remembered."""


@pytest.fixture(scope="module")
def gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway that Sentry tells what happens."""
    with told_gateway(sandbox) as running:
        yield running


def word() -> str:
    """A word that no issue has yet. Numbers in a title do not make another issue, so that it has none."""
    return "".join(map(secrets.choice, ["bcdfghjklm"] * 10))


def told(*pages: Page) -> list[dict[str, Any]]:
    return [
        each
        for page in pages
        for each in page.evaluate("() => window.told.map(({ title, body, tag }) => ({ title, body, tag }))")
    ]


def number_of(notices: list[dict[str, Any]]) -> int:
    """Of how many issues notices tell."""
    counts = [re.match(r"([0-9]+) new issues in", each["title"]) for each in notices]
    return sum(int(found[1]) if found else 1 for found in counts)


def until(page: Page, done: Any, limit_ms: int = 2 * LATER_MS) -> None:
    for _ in range(limit_ms // 100):
        if done():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come to that")


def kept(page: Page, gateway: Gateway, name: str) -> str:
    """Keep a view of the issues that a word finds, and show it."""
    form = {"name": name, "address": {"query": name}}
    view: str = gateway.v1("POST", "/views", body=form).json()["id"]
    page.goto(f"{gateway.url}/?query={name}")
    badge(page, "live")
    return view


def test_a_view_tells_what_comes_up_in_it_and_nothing_else(page: Page, sandbox: Sandbox, gateway: Gateway) -> None:
    """One notification over all tabs, a storm as a number, and quiet for who sees it anyway."""
    page.context.grant_permissions(["notifications"], origin=gateway.url)
    page.context.add_init_script(RECORDS)
    name = word()
    view = kept(page, gateway, name)
    page.get_by_role("button", name=name, exact=True).click()
    switch = page.get_by_role("menuitemcheckbox", name=re.compile("Notify me of"))
    expect(switch).to_have_attribute("aria-checked", "false")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "true", timeout=LATER_MS)
    assert [each["notify"] for each in gateway.v1("GET", "/views").json()["data"] if each["id"] == view] == [True]

    page.goto(f"{gateway.url}/gateway")
    badge(page, "live")
    tab = page.context.new_page()
    tab.goto(f"{gateway.url}/account")
    badge(tab, "live")

    title = f"{name} {word()}"
    send_error(sandbox, f"Something else {word()}")
    send_error(sandbox, title)
    until(page, lambda: told(page, tab))
    (only,) = told(page, tab)
    assert (only["title"], "shop-api" in only["body"], name in only["body"]) == (title, True, True)
    leader = page if told(page) else tab
    with page.context.expect_page() as opened:
        leader.evaluate("() => window.told[0].onclick()")
    expect(opened.value).to_have_url(re.compile(r"/issues/[0-9]+$"), timeout=LATER_MS)
    opened.value.close()

    for _ in range(6):
        send_error(sandbox, f"{name} {word()}")
    until(page, lambda: number_of(told(page, tab)) == 7)
    assert len(told(page, tab)) < 7

    tab.goto(f"{gateway.url}/?query={name}")
    badge(tab, "live")
    before = len(told(page, tab))
    seen = f"{name} {word()}"
    send_error(sandbox, seen)
    expect(tab.get_by_role("button", name=re.compile("new issue"))).to_be_visible(timeout=LATER_MS)
    page.wait_for_timeout(12_000)
    assert len(told(page, tab)) <= before
    tab.close()


def test_who_refused_notifications_is_told_how_to_allow_them(page: Page, gateway: Gateway) -> None:
    """A switch that does nothing, and does not say why, looks broken."""
    page.context.add_init_script(RECORDS.replace("Real.permission", '"denied"'))
    name = word()
    kept(page, gateway, name)
    page.get_by_role("button", name=name, exact=True).click()
    expect(page.get_by_role("menuitemcheckbox", name=re.compile("Notify me of"))).to_be_disabled()
    expect(page.get_by_text("Allow notifications for this address")).to_be_visible()
