"""The Subscriptions screen, with a receiver that takes what is sent, or does not."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from bench.stand import Gateway
from playwright.sync_api import Page, expect
from tests.browser.conftest import NARROW, WIDE
from tests.browser.test_accessibility import violations
from tests.browser.test_live import change_here
from tests.browser.test_triage import first_issue

SLOW_MS = 30_000
NAME = "Chat of the shop"


class Receiver:
    """Takes deliveries on this host, with the status that a test wants."""

    def __init__(self) -> None:
        self.status = 204
        self.types: list[str] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", "0")))
                receiver.types.append(self.headers.get("x-dexter-event", ""))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_request(self, code: object = "-", size: object = "-") -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def subscribed(page: Page, receiver: Receiver) -> Iterator[Page]:
    """The page of a subscription to that receiver, which was made by hand."""
    page.keyboard.press("g")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", name="Subscriptions", exact=True)).to_be_visible(timeout=SLOW_MS)
    page.get_by_role("button", name="Add a subscription").click()
    dialog = page.get_by_role("dialog", name="Add a subscription")
    dialog.get_by_label("Name").fill(NAME)
    dialog.get_by_label("Address").fill(receiver.url)
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("button", name="I have it")).to_be_visible(timeout=SLOW_MS)
    assert len(page.locator("main code").inner_text()) > 20
    page.get_by_role("button", name="I have it").click()
    page.get_by_role("link", name=NAME).click()
    expect(page.get_by_role("heading", name=NAME)).to_be_visible(timeout=SLOW_MS)
    yield page
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete for good").click()
    expect(page.get_by_text("Nothing is forwarded yet")).to_be_visible(timeout=SLOW_MS)


def issue_of(page: Page) -> str:
    page.goto(page.url.split("/subscriptions")[0] + "/?query=error.unhandled%3Atrue")
    expect(page.get_by_role("list", name="Issues").get_by_role("listitem").first).to_be_visible(timeout=SLOW_MS)
    return first_issue(page)[0]


def test_what_happens_is_sent_and_shown_as_delivered(subscribed: Page, receiver: Receiver, gateway: Gateway) -> None:
    """From the form to the receiver and back to the list, with nothing but the screen."""
    page, address = subscribed, subscribed.url
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test was taken.")).to_be_visible(timeout=SLOW_MS)
    issue = issue_of(page)
    change_here(gateway, issue, {"status": "resolved"})
    page.goto(address)
    row = page.get_by_role("list", name="Deliveries").get_by_role("listitem").filter(has_text="Resolved")
    expect(row.first).to_contain_text("Delivered", timeout=SLOW_MS)
    assert "issue.resolved" in receiver.types
    change_here(gateway, issue, {"status": "unresolved"})


def test_a_receiver_that_fails_is_said_and_a_delivery_sent_again(
    subscribed: Page, receiver: Receiver, gateway: Gateway
) -> None:
    """Whoever mends the receiver sees why it failed, and need not wait for the next attempt."""
    page, address = subscribed, subscribed.url
    receiver.status = 500
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_text("The test was not taken.")).to_be_visible(timeout=SLOW_MS)
    issue = issue_of(page)
    change_here(gateway, issue, {"status": "resolved"})
    page.goto(f"{address}?state=pending")
    waiting = page.get_by_role("list", name="Deliveries").get_by_role("listitem").filter(has_text="Resolved").first
    expect(waiting).to_contain_text("The receiver answered 500", timeout=SLOW_MS)
    receiver.status = 204
    waiting.get_by_role("button", name="again").click()
    page.get_by_role("navigation", name="State").get_by_role("link", name="Delivered").click()
    expect(page.get_by_role("list", name="Deliveries")).to_contain_text("Resolved", timeout=SLOW_MS)
    change_here(gateway, issue, {"status": "unresolved"})


def test_a_paused_subscription_sends_nothing_until_it_goes_on(
    subscribed: Page, receiver: Receiver, gateway: Gateway
) -> None:
    page, address = subscribed, subscribed.url
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_role("button", name="Go on")).to_be_visible(timeout=SLOW_MS)
    issue = issue_of(page)
    change_here(gateway, issue, {"status": "resolved"})
    page.goto(address)
    expect(page.get_by_role("region", name="Deliveries")).to_contain_text("Nothing was sent yet", timeout=SLOW_MS)
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("list", name="Deliveries")).to_contain_text("Resolved", timeout=SLOW_MS)
    change_here(gateway, issue, {"status": "unresolved"})


def test_an_address_that_must_not_be_reached_is_refused_in_the_form(page: Page) -> None:
    """A cloud's metadata is nobody's receiver; whoever mistypes an address learns it before anything is sent."""
    page.goto(page.url.split("?")[0] + "subscriptions")
    page.get_by_role("button", name="Add a subscription").click()
    dialog = page.get_by_role("dialog", name="Add a subscription")
    dialog.get_by_label("Name").fill(NAME)
    dialog.get_by_label("Address").fill("http://169.254.169.254/latest")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("link-local", timeout=SLOW_MS)
    expect(dialog.get_by_label("Name")).to_have_value(NAME)


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_everybody_can_read_it(subscribed: Page, size: tuple[int, int]) -> None:
    """Names, roles and contrast in both themes, of the list, the form and one of them; nothing too wide."""
    page, address = subscribed, subscribed.url
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
        page.goto(address)
        expect(page.get_by_role("heading", name=NAME)).to_be_visible(timeout=SLOW_MS)
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.get_by_role("link", name="Subscriptions").last.click()
        expect(page.get_by_role("list", name="Subscriptions")).to_be_visible(timeout=SLOW_MS)
        assert violations(page) == []
        page.get_by_role("button", name="Add a subscription").click()
        # A dialog that fades in has no contrast yet.
        expect(page.get_by_role("dialog", name="Add a subscription")).to_have_css("opacity", "1")
        assert violations(page) == []
        page.keyboard.press("Escape")
    page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
    page.goto(address)
