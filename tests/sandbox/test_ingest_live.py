"""A real application with the real SDK, in a process of its own, sends to a sandbox on a real port."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest
import uvicorn

from dexter.sandbox.app import build_app
from dexter.sandbox.command import listen
from dexter.sandbox.founding import dsn
from dexter.sandbox.options import SandboxOptions

if TYPE_CHECKING:
    from collections.abc import Iterator

APPLICATION = """
import sys
import sentry_sdk

sentry_sdk.init(dsn=sys.argv[1], release="shop@1.2.3", environment="production", server_name="web-1")
sentry_sdk.set_user({"id": "7", "email": "ada@example.com"})
sentry_sdk.set_tag("plan", "gold")
sentry_sdk.add_breadcrumb(category="cart", message="added a kettle")


def pay(amount):
    fee = 3
    return amount / (fee - 3)


def checkout(amount):
    try:
        return pay(amount)
    except ZeroDivisionError as error:
        raise RuntimeError(f"payment of {amount} failed") from error


for amount in (10, 20):
    try:
        checkout(amount)
    except RuntimeError as error:
        sentry_sdk.capture_exception(error)
sentry_sdk.capture_message("stock of kettles is low", level="warning")
print(sentry_sdk.last_event_id())
sentry_sdk.flush(10)
"""


@pytest.fixture
def served() -> Iterator[tuple[Any, str]]:
    with contextlib.closing(listen("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        app = build_app(SandboxOptions(owner_token="sntryu_live"))
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield app.state.sandbox, address
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.mark.live
def test_a_real_application_becomes_issues(served: tuple[Any, str]) -> None:
    """What the sandbox exists for: an SDK that knows nothing of it sees its errors grouped."""
    sandbox, address = served
    project = sandbox.db.one(
        "SELECT p.*, k.public_key FROM projects p JOIN project_keys k ON k.project_id = p.id WHERE p.slug = 'shop-api'"
    )
    where = dsn(address, project["public_key"], project["id"])
    done = subprocess.run(
        [sys.executable, "-c", APPLICATION, where], capture_output=True, text=True, timeout=60, check=True
    )
    issues = sandbox.db.all("SELECT * FROM issues ORDER BY id")
    assert [(issue["title"], issue["times_seen"]) for issue in issues] == [
        ("RuntimeError: payment of 20 failed", 2),
        ("stock of kettles is low", 1),
    ]
    last = sandbox.db.one("SELECT * FROM events ORDER BY id DESC LIMIT 1")
    assert last["event_id"] == done.stdout.strip()
    body = json.loads(sandbox.db.value("SELECT data_json FROM events ORDER BY id LIMIT 1"))
    chain = body["exception"]["values"]
    assert [link["type"] for link in chain] == ["ZeroDivisionError", "RuntimeError"]
    frame = chain[0]["stacktrace"]["frames"][-1]
    assert (frame["function"], frame["vars"]["fee"], frame["in_app"]) == ("pay", "3", True)
    tags = dict(body["tags"])
    expected = {"environment": "production", "release": "shop@1.2.3", "user": "id:7", "plan": "gold", "handled": "yes"}
    assert tags.items() >= expected.items()
    assert body["errors"] == []
    assert sandbox.db.value("SELECT version FROM releases") == "shop@1.2.3"
