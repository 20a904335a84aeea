"""Keeps a sandbox lively: customers visit the shop, the real `sentry-sdk` reports what goes wrong."""

from __future__ import annotations

import io
import json
import logging
import time
import uuid
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import sentry_sdk
from sentry_sdk.integrations.wsgi import SentryWsgiMiddleware

from dexter.demo import browser
from dexter.demo.customers import Visit, visits
from dexter.demo.shop.wsgi import Shop

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

log = logging.getLogger("dexter.demo")
RELEASES = ("shop-api@2.8.0", "shop-api@2.8.1")
OPENING_VISITS = 40
TIMEOUT_S = 5


@dataclass(frozen=True, slots=True)
class TrafficOptions:
    """Where the traffic goes and how dense it is."""

    sandbox_url: str = "http://127.0.0.1:9000"
    """The sandbox whose projects receive the errors."""
    api_project: str = "shop-api"
    """The project of the shop's server."""
    web_project: str = "shop-web"
    """The project of the shop's browser side."""
    pause_s: float = 1.5
    """The mean pause between two visits, in seconds."""
    seed: int | None = None
    """Makes the visits repeatable; None draws a new run."""


def dsn_of(sandbox_url: str, project: str) -> str:
    """Ask the sandbox for a project's DSN."""
    with urlopen(f"{sandbox_url}/_sandbox/dsn?project={quote(project)}", timeout=TIMEOUT_S) as reply:  # noqa: S310 (a local sandbox)
        dsn: str = json.load(reply)["dsn"]
    return dsn


def _environ(visit: Visit) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "GET", "PATH_INFO": visit.path, "QUERY_STRING": visit.query, "SCRIPT_NAME": "",
        "SERVER_NAME": "shop.fernandclay.example", "SERVER_PORT": "443", "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "shop.fernandclay.example", "HTTP_USER_AGENT": visit.agent, "HTTP_ACCEPT": "text/html",
        "REMOTE_ADDR": "203.0.113.7", "wsgi.url_scheme": "https",
        "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO(),
    }  # fmt: skip


def visit_shop(application: WSGIApplication, visit: Visit) -> None:
    """Let one customer ask for one page; what goes wrong is the SDK's to report."""
    with sentry_sdk.isolation_scope() as scope:
        scope.set_user({"id": visit.customer, "username": visit.customer, "email": f"{visit.customer}@example.com"})
        scope.set_tag("store", "lisbon" if visit.customer < "m" else "porto")
        sentry_sdk.add_breadcrumb(category="navigation", message=f"{visit.customer} opened {visit.path}")
        try:
            list(application(_environ(visit), lambda _status, _headers, _error=None: lambda _data: None))
        except Exception:
            log.debug("the shop failed a customer", exc_info=True)


def start_sdk(dsn: str, release: str) -> None:
    """Start the real SDK for the shop's server."""
    sentry_sdk.init(
        dsn=dsn, release=release, environment="production", server_name="shop-1", send_default_pii=True,
        max_breadcrumbs=30, in_app_include=["dexter.demo.shop"], auto_session_tracking=False,
    )  # fmt: skip


def run(options: TrafficOptions) -> None:
    """Send traffic until stopped."""
    chance = Random(options.seed)  # noqa: S311 (traffic, not secrets)
    web_dsn = dsn_of(options.sandbox_url, options.web_project)
    start_sdk(dsn_of(options.sandbox_url, options.api_project), RELEASES[-1])
    application = SentryWsgiMiddleware(Shop(chance))
    recorded = browser.recordings()
    for number, visit in enumerate(visits(chance)):
        visit_shop(application, visit)
        if chance.random() < 0.25:
            envelope = browser.renewed(
                chance.choice(recorded), event_id=uuid.uuid4().hex, now=time.time(), chance=chance
            )
            try:
                browser.send(web_dsn, envelope)
            except URLError as error:
                log.warning("the sandbox did not take an envelope: %s", error.reason)
        # A newcomer should see a living system at once, so the first customers come without a pause.
        time.sleep(0.02 if number < OPENING_VISITS else chance.expovariate(1 / options.pause_s))
