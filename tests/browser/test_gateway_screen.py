"""The Gateway screen in a real browser, over a real gateway whose Sentry breaks."""

import re
from collections.abc import Iterator
from typing import Literal

import pytest
from bench.stand import Gateway, Sandbox, running_gateway, running_redis
from playwright.sync_api import Browser, Locator, Page, Request, expect
from tests.browser.conftest import NARROW, WIDE, sign_in, visit
from tests.browser.test_accessibility import SCHEMES, violations

RECOVERY_S = 2
SEEN_WITHIN_MS = 15_000
"""The screen asks every five seconds."""


@pytest.fixture(scope="module")
def own_gateway(sandbox: Sandbox) -> Iterator[Gateway]:
    """A gateway of its own, since its figures are what is looked at; it has had some traffic."""
    with running_gateway(sandbox.url, sandbox.token, DEXTER_BREAKER_RECOVERY=f"{RECOVERY_S}s") as running:
        for _ in range(40):
            assert running.v1("GET", "/issues").status == 200
        yield running


def opened(chromium: Browser, gateway: Gateway, size: tuple[int, int]) -> Iterator[Page]:
    """Sign in and open the screen."""
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
    for page in visit(context, gateway):
        sign_in(page, gateway)
        page.goto(f"{gateway.url}/gateway")
        expect(page.get_by_role("heading", name="Gateway")).to_be_visible()
        expect(plots(page)).to_have_count(4)
        yield page


@pytest.fixture
def screen(chromium: Browser, own_gateway: Gateway) -> Iterator[Page]:
    """The screen in a wide window."""
    yield from opened(chromium, own_gateway, WIDE)


@pytest.fixture
def narrow_screen(chromium: Browser, own_gateway: Gateway) -> Iterator[Page]:
    """The screen in a phone's window."""
    yield from opened(chromium, own_gateway, NARROW)


def plots(page: Page) -> Locator:
    return page.get_by_role("img", name=re.compile("^Plot: "))


def figure(page: Page, label: str) -> Locator:
    return page.locator("dl > div", has=page.get_by_text(label, exact=True))


def test_figures_and_plots_follow_the_traffic(screen: Page, own_gateway: Gateway) -> None:
    """The screen is live: what happens is seen within seconds, without a reload."""
    screen.get_by_role("button", name="Show the last hour").click()
    screen.wait_for_url(re.compile(r"window=60m"))
    expect(figure(screen, "Requests")).to_contain_text(re.compile(r"\d+ in all"))
    expect(figure(screen, "Hit ratio")).to_contain_text("%")
    expect(plots(screen).first.locator("svg path").first).to_be_attached()
    reads = figure(screen, "Hit ratio").inner_text()
    for _ in range(60):
        own_gateway.v1("GET", "/issues")
    expect(figure(screen, "Hit ratio")).not_to_have_text(reads, timeout=SEEN_WITHIN_MS)
    expect(screen.get_by_text(re.compile("did not wait for Sentry"))).to_be_visible()


def test_requests_of_the_screen_carry_its_trace(screen: Page) -> None:
    """Whoever looks into a slow screen finds the gateway's part of it under the same trace."""

    def asked_with_a_trace(request: Request) -> bool:
        return "/gateway/stats" in request.url and "traceparent" in request.headers

    with screen.expect_request(asked_with_a_trace) as asked:
        pass
    answer = asked.value.response()
    assert answer is not None
    trace = asked.value.headers["traceparent"].split("-")[1]
    assert re.fullmatch(r"[0-9a-f]{32}", trace)


def test_an_open_breaker_is_shown_with_its_errors_and_closes_again(
    screen: Page, own_gateway: Gateway, sandbox: Sandbox
) -> None:
    """When Sentry breaks, the screen says what is held back, why, and when it is tried again."""
    row = screen.get_by_role("row", name=re.compile("^Reading statistics"))
    expect(row).to_contain_text("Calls go through")
    issues = [issue["id"] for issue in own_gateway.v1("GET", "/issues", limit=20).json()["data"]]
    sandbox.faults(failure_rate=1.0, failure_status=503)
    try:
        for issue in issues[:8]:
            own_gateway.v1("GET", f"/issues/{issue}/stats", period="24h")
        expect(row).to_contain_text("Held back", timeout=SEEN_WITHIN_MS)
        expect(row).to_contain_text("Sentry answered 503")
        errors = screen.get_by_role("region", name="Recent errors")
        expect(errors.get_by_role("button", name="Copy the request id").first).to_be_visible()
    finally:
        sandbox.faults()
    screen.wait_for_timeout(RECOVERY_S * 1000)
    for issue in issues[8:12]:
        own_gateway.v1("GET", f"/issues/{issue}/stats", period="24h")
    expect(row).to_contain_text("Calls go through", timeout=SEEN_WITHIN_MS)


def test_without_redis_the_screen_says_what_is_suspended_and_that_it_holds_again(
    chromium: Browser, sandbox: Sandbox
) -> None:
    """Every loss of a promise is seen by whoever looks, with what to do; and it goes by itself."""
    with (
        running_redis() as redis,
        running_gateway(sandbox.url, sandbox.token, workers=2, DEXTER_REDIS_URL=redis.url) as gateway,
    ):
        sandbox.faults(rate_limit={"limit": 40, "window_s": 1, "concurrent": 25})
        for number in range(6):
            assert gateway.v1("GET", "/issues", query=f"timesSeen:>{number}").status == 200
        for page in opened(chromium, gateway, WIDE):
            suspensions = page.get_by_role("region", name="Suspended promise")
            expect(suspensions).to_have_count(0)
            redis.kill()
            for number in range(10, 16):
                assert gateway.v1("GET", "/issues", query=f"timesSeen:>{number}").status == 200
            fresh = suspensions.filter(has_text="a change shows everywhere at once")
            expect(fresh).to_be_visible(timeout=SEEN_WITHIN_MS)
            expect(fresh).to_contain_text("Bring Redis back")
            quota = suspensions.filter(has_text="all processes together keep within Sentry's quota")
            expect(quota).to_be_visible(timeout=SEEN_WITHIN_MS)
            redis.start()
            expect(suspensions).to_have_count(0, timeout=2 * SEEN_WITHIN_MS)
        sandbox.faults()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_screen_has_no_violations(screen: Page, scheme: Literal["light", "dark"]) -> None:
    """Figures, plots, tables and gauges, for everyone."""
    screen.emulate_media(color_scheme=scheme)
    expect(screen.get_by_role("table").first).to_be_visible()
    assert violations(screen) == []


def test_the_narrow_screen_has_no_violations_and_fits(narrow_screen: Page) -> None:
    """On a phone nothing is cut off sideways."""
    assert violations(narrow_screen) == []
    assert narrow_screen.evaluate("document.querySelector('#main').scrollWidth <= innerWidth")
