"""Text from events is hostile: nothing in it can run or load."""

import json
import time
import uuid

from bench.stand import Gateway, Sandbox, request
from playwright.sync_api import Page, Request, expect

HOSTILE = '<img src="https://evil.example/p.png" onerror="window.pwned=1"><script>window.pwned=1</script>'
LINK = "javascript:window.pwned=1"


def send_hostile_event(sandbox: Sandbox) -> None:
    """Send an event with hostile text wherever an SDK lets the application put text."""
    dsn = sandbox.dsn("shop-web")
    key, project = dsn.split("://")[1].split("@")[0], dsn.rsplit("/", 1)[1]
    event = {
        "event_id": uuid.uuid4().hex, "timestamp": time.time(), "platform": "javascript", "level": "error",
        "exception": {"values": [{"type": f"Hostile{HOSTILE}", "value": HOSTILE, "stacktrace": {"frames": [
            {"filename": LINK, "abs_path": LINK, "function": HOSTILE, "lineno": 1, "in_app": True,
             "context_line": HOSTILE, "pre_context": [HOSTILE], "vars": {HOSTILE: HOSTILE}}]}}]},
        "breadcrumbs": [{"timestamp": time.time(), "category": HOSTILE, "message": HOSTILE, "data": {"url": LINK}}],
        "request": {"url": LINK, "headers": {"Referer": LINK}, "data": HOSTILE},
        "user": {"username": HOSTILE, "email": HOSTILE}, "tags": {"hostile": HOSTILE, "url": LINK},
        "contexts": {"hostile": {"value": HOSTILE, "link": LINK}}, "release": f"hostile@{HOSTILE}",
    }  # fmt: skip
    reply = request("POST", f"{sandbox.url}/api/{project}/store/?sentry_key={key}&sentry_version=7", body=event)
    assert reply.status == 200, reply.body


def test_hostile_text_is_shown_and_neither_runs_nor_loads(page: Page, sandbox: Sandbox, gateway: Gateway) -> None:
    """Whoever can make an application fail can write anything into its error."""
    foreign: list[str] = []

    def watch(sent: Request) -> None:
        if not sent.url.startswith((gateway.url, "data:")):
            foreign.append(sent.url)

    page.on("request", watch)
    send_hostile_event(sandbox)
    found = sandbox.api("GET", "/api/0/organizations/acme/issues/?query=has:hostile").json()
    page.goto(f"{gateway.url}/issues/{found[0]['id']}")
    expect(page.get_by_role("heading", name="Stack trace")).to_be_visible()
    expect(page.get_by_text("onerror=").first).to_be_visible()
    assert page.evaluate("window.pwned") is None
    assert page.locator("img[src*=evil]").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0
    assert foreign == []
    assert json.dumps(HOSTILE)[1:20] not in page.evaluate("document.head.innerHTML")
