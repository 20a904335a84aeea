"""Many issues at once in a real browser: select, look, confirm, watch, take back."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from bench.stand import Gateway, Sandbox, running_gateway, running_sandbox
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browser.conftest import NARROW, WIDE, sign_in, visit
from tests.browser.test_accessibility import SCHEMES, violations

ISSUES = 400
SOON_MS = 30_000


@pytest.fixture(scope="module")
def own_sandbox() -> Iterator[Sandbox]:
    """A sandbox of its own: whole lists are resolved in it."""
    with running_sandbox(issues=ISSUES) as running:
        yield running


@pytest.fixture(scope="module")
def own_gateway(own_sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway in front of it."""
    with running_gateway(own_sandbox.url, own_sandbox.token, DEXTER_BREAKER_RECOVERY="1s") as running:
        yield running


def opened(chromium: Browser, gateway: Gateway, size: tuple[int, int], path: str = "/") -> Iterator[Page]:
    """Sign in and open the stream."""
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]}, has_touch=size == NARROW)
    for page in visit(context, gateway):
        sign_in(page, gateway)
        page.goto(gateway.url + path)
        expect(rows(page).first).to_be_visible()
        yield page


@pytest.fixture
def stream(chromium: Browser, own_gateway: Gateway) -> Iterator[Page]:
    """The stream in a wide window."""
    yield from opened(chromium, own_gateway, WIDE)


@pytest.fixture
def narrow_stream(chromium: Browser, own_gateway: Gateway) -> Iterator[Page]:
    """The stream in a phone's window."""
    yield from opened(chromium, own_gateway, NARROW)


def rows(page: Page) -> Locator:
    return page.get_by_role("list", name="Issues").get_by_role("listitem")


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Actions for the selection")


def tray(page: Page) -> Locator:
    return page.get_by_role("region", name="Jobs")


def number_in(words: str | None) -> int:
    found = re.search(r"[\d,]+", words or "")
    assert found, words
    return int(found[0].replace(",", ""))


def unresolved(sandbox: Sandbox) -> int:
    """Give how many issues the default list holds, as the sandbox says."""
    path = "/api/0/organizations/acme/issues/?query=is:unresolved&statsPeriod=14d&limit=1"
    return int(sandbox.api("GET", path).headers["x-hits"])


def test_all_that_match_are_previewed_resolved_watched_and_brought_back(
    stream: Page, own_sandbox: Sandbox, own_gateway: Gateway
) -> None:
    """The road a morning's cleaning takes, past the first page, over a reload, and back again."""
    before = unresolved(own_sandbox)
    assert before > 100, "the list must be longer than what is loaded"
    stream.keyboard.press("*")
    stream.keyboard.press("a")
    offer = bar(stream).get_by_role("button", name=re.compile("^Select all [0-9,]+ matching$"))
    assert number_in(offer.text_content()) == before
    offer.click()
    expect(bar(stream).get_by_role("status")).to_have_text(f"All {before} matching issues selected")
    rows(stream).nth(2).get_by_role("checkbox").click()
    spared = rows(stream).nth(2).get_by_role("link").first.get_attribute("data-issue")
    expect(bar(stream).get_by_role("status")).to_have_text(f"All {before - 1} matching issues selected, without 1")

    bar(stream).get_by_role("button", name="Resolve", exact=True).click()
    preview = stream.get_by_role("dialog", name=f"Preview: {before - 1} issues")
    expect(preview.get_by_text(f"{before - 1} issues in")).to_be_visible(timeout=SOON_MS)
    assert unresolved(own_sandbox) == before, "a preview changes nothing"
    confirm = preview.get_by_role("button", name=f"Resolve: {before - 1} issues")
    expect(confirm).to_be_disabled()
    preview.get_by_label("to confirm").fill(str(before - 1))
    confirm.click()

    expect(tray(stream).get_by_text(f"Finished: {before - 1} done", exact=True)).to_be_visible(timeout=SOON_MS)
    assert unresolved(own_sandbox) == 1
    expect(rows(stream)).to_have_count(1, timeout=SOON_MS)
    expect(rows(stream).get_by_role("link").first).to_have_attribute("data-issue", spared or "")

    stream.reload()
    tray(stream).get_by_role("button", name=re.compile("what became of each$")).first.click()
    details = stream.get_by_role("dialog", name=f"Resolve · {before - 1} issues")
    expect(details.get_by_role("list", name="Issues of the job").get_by_role("listitem").first).to_contain_text("Done")
    details.get_by_role("button", name="Undo").click()
    stream.keyboard.press("Escape")
    undone = tray(stream).get_by_role("article", name=f"Undo · {before - 1} issues")
    expect(undone.get_by_text(f"Finished: {before - 1} done", exact=True)).to_be_visible(timeout=SOON_MS)
    assert unresolved(own_sandbox) == before
    expect(rows(stream).nth(10)).to_be_visible(timeout=SOON_MS)
    assert own_gateway.v1("GET", "/bulk").json()["data"][0]["state"] == "done"


def test_a_selection_outlasts_pages_order_and_a_look_into_an_issue(stream: Page) -> None:
    """What was chosen with care must not be lost by looking around."""
    rows(stream).nth(0).get_by_role("checkbox").click()
    rows(stream).nth(4).get_by_role("checkbox").click(modifiers=["Shift"])
    expect(bar(stream).get_by_role("status")).to_have_text("5 issues selected")
    stream.get_by_role("button", name="Sort by events").click()
    stream.wait_for_url(re.compile("sort=freq"))
    expect(bar(stream).get_by_role("status")).to_contain_text("5 issues selected")
    rows(stream).nth(7).get_by_role("link").first.click()
    expect(stream.get_by_role("heading", name="Comments")).to_be_visible()
    stream.go_back()
    expect(bar(stream).get_by_role("status")).to_contain_text("5 issues selected")
    stream.keyboard.press("Escape")
    expect(bar(stream)).to_have_count(0)


def test_deleting_says_that_it_cannot_be_undone_and_needs_the_number(stream: Page, own_sandbox: Sandbox) -> None:
    """What is irreversible is said in red before, and not offered to be taken back after."""
    before = unresolved(own_sandbox)
    rows(stream).nth(3).get_by_role("checkbox").click()
    bar(stream).get_by_role("button", name="More actions for the selection").click()
    stream.get_by_role("menuitem", name="Delete…").click()
    preview = stream.get_by_role("dialog", name="Preview: 1 issue")
    expect(preview.get_by_role("alert")).to_contain_text("This cannot be undone", timeout=SOON_MS)
    confirm = preview.get_by_role("button", name="Delete: 1 issue")
    expect(confirm).to_be_disabled()
    preview.get_by_label("Type 1 to confirm").fill("1")
    confirm.click()
    card = tray(stream).get_by_role("article", name="Delete · 1 issue")
    expect(card.get_by_text(re.compile("^Finished: 1 done"))).to_be_visible(timeout=SOON_MS)
    expect(card.get_by_role("button", name="Undo")).to_have_count(0)
    assert unresolved(own_sandbox) == before - 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_preview_tray_and_details_have_no_violations(stream: Page, scheme: Literal["light", "dark"]) -> None:
    """What decides over hundreds of issues is for everyone to read."""
    stream.emulate_media(color_scheme=scheme)
    stream.keyboard.press("*")
    stream.keyboard.press("a")
    stream.keyboard.press("Shift+B")
    stream.get_by_role("dialog", name=re.compile("^Change")).wait_for()
    stream.wait_for_timeout(300)  # the dialog's own movement, through which nothing has its contrast
    assert violations(stream) == []
    stream.keyboard.press("Escape")
    level = "Low" if scheme == "light" else "High"
    bar(stream).get_by_role("button", name="Priority…").click()
    stream.get_by_role("option", name=level).click()
    preview = stream.get_by_role("dialog", name=re.compile("^Preview"))
    apply = preview.get_by_role("button", name=re.compile("^Set the priority"))
    expect(apply).to_be_enabled(timeout=SOON_MS)
    stream.wait_for_timeout(300)
    assert violations(stream) == []
    apply.click()
    expect(tray(stream).get_by_text(re.compile("^Finished")).first).to_be_visible(timeout=SOON_MS)
    assert violations(stream) == []
    tray(stream).get_by_role("button", name="Details").first.click()
    stream.get_by_role("list", name="Issues of the job").wait_for()
    stream.wait_for_timeout(300)
    assert violations(stream) == []


def test_a_phone_previews_applies_and_takes_back(narrow_stream: Page) -> None:
    """The same, under a thumb: sheets from below, nothing cut off, no split."""
    page = narrow_stream
    for at in range(11):
        rows(page).nth(at).get_by_role("checkbox").tap()
    bar(page).get_by_role("button", name="Assign…").click()
    page.get_by_role("option", name="Nobody").tap()
    preview = page.get_by_role("dialog", name="Preview: 11 issues")
    apply = preview.get_by_role("button", name="Assign to nobody: 11 issues")
    expect(apply).to_be_in_viewport(ratio=1, timeout=SOON_MS)
    page.wait_for_timeout(300)
    assert violations(page) == []
    apply.tap()
    card = tray(page).get_by_role("article", name="Assign to nobody · 11 issues")
    expect(card.get_by_text(re.compile("^Finished"))).to_be_visible(timeout=SOON_MS)
    expect(card).to_be_in_viewport(ratio=1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []
    card.get_by_role("button", name="Undo").tap()
    undone = tray(page).get_by_role("article", name=re.compile("^Undo"))
    expect(undone.first.get_by_text(re.compile("^Finished"))).to_be_visible(timeout=SOON_MS)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_status_tabs_fit_a_phone(narrow_stream: Page) -> None:
    """A tab out of sight is a tab nobody knows of."""
    for name in ("Unresolved", "For review", "Archived", "Resolved", "All"):
        tab = narrow_stream.get_by_role("group", name="Status").get_by_role("button", name=name, exact=True)
        expect(tab).to_be_in_viewport(ratio=1)
