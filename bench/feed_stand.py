"""The stand for the feed: a sandbox that tells a gateway what happens, and what can be done to its issues."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bench.stand import ORGANIZATION, Gateway, Sandbox, request, running_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "dexter-bench-webhook-secret"
ISSUES = f"/api/0/organizations/{ORGANIZATION}/issues/"


def tell(sandbox: Sandbox, gateway: Gateway) -> None:
    """Have the sandbox send its webhooks to a gateway."""
    wish = {"url": f"{gateway.url}/webhooks/sentry", "secret": SECRET}
    assert request("PUT", f"{sandbox.url}/_sandbox/webhooks", body=wish).status == 200


def tell_nobody(sandbox: Sandbox) -> None:
    """Have the sandbox send no webhooks."""
    request("DELETE", f"{sandbox.url}/_sandbox/webhooks")


def webhook_faults(sandbox: Sandbox, **faults: Any) -> None:
    """Replace what goes wrong with webhooks."""
    assert request("PUT", f"{sandbox.url}/_sandbox/webhooks/faults", body=faults).status == 200


@contextmanager
def telling_gateway(
    sandbox: Sandbox, folder: Path | None = None, *, workers: int = 1, **settings: Any
) -> Iterator[Gateway]:
    """Run a gateway that the sandbox tells what happens."""
    with running_gateway(
        sandbox.url, sandbox.token, folder=folder, workers=workers, SENTRY_WEBHOOK_SECRET=SECRET, **settings
    ) as gateway:
        tell(sandbox, gateway)
        try:
            yield gateway
        finally:
            if sandbox.process.poll() is None:
                tell_nobody(sandbox)


def send_error(sandbox: Sandbox, message: str, level: str = "error", project: str = "shop-api") -> None:
    """Send an error as the oldest SDKs do."""
    parts = urlsplit(sandbox.dsn(project))
    number = parts.path.strip("/")
    key = {"X-Sentry-Auth": f"Sentry sentry_version=7, sentry_key={parts.username}"}
    event = {"message": message, "level": level, "platform": "python", "timestamp": time.time()}
    reply = request("POST", f"{sandbox.url}/api/{number}/store/", body=event, headers=key)
    assert reply.status == 200, reply.body


def change(sandbox: Sandbox, issue: str, **fields: Any) -> None:
    """Change an issue at Sentry itself, past Dexter."""
    reply = sandbox.api("PUT", f"{ISSUES}{issue}/", body=fields)
    assert reply.status == 200, reply.body


def comment(sandbox: Sandbox, issue: str, text: str) -> str:
    """Comment on an issue at Sentry itself, and give the comment's number."""
    reply = sandbox.api("POST", f"{ISSUES}{issue}/comments/", body={"text": text})
    assert reply.status == 201, reply.body
    return str(reply.json()["id"])


def truth(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Give what Sentry says of every issue, in the words of the feed."""
    found: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        reply = sandbox.api("GET", f"{ISSUES}?query=&limit=100&cursor={cursor}")
        for each in reply.json():
            assignee = each["assignedTo"]
            found[each["id"]] = {
                "status": each["status"],
                "assignee": f"{assignee['type']}:{assignee['id']}" if assignee else "",
                "priority": each["priority"],
                "count": int(each["lifetime"]["count"]),
                "comments": each["numComments"],
            }
        following = [part for part in reply.headers.get("link", "").split(",") if 'rel="next"' in part]
        if not following or 'results="true"' not in following[0]:
            return found
        cursor = following[0].partition('cursor="')[2].partition('"')[0]


def summed(start: dict[str, dict[str, Any]], events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Give what somebody knows who knew how it was at the start and has heard these events."""
    known = {issue: dict(facts) for issue, facts in start.items()}
    for event in events:
        if event["issue"] is None:
            continue
        issue = event["issue"]["id"]
        if event["type"] in ("issue.deleted", "issue.merged"):
            known.pop(issue, None)
        else:
            known.setdefault(issue, {}).update(
                {name: value for name, value in event["after"].items() if name in _WATCHED}
            )
    return known


_WATCHED = ("status", "assignee", "priority", "count", "comments")
