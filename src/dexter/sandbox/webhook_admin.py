"""The admin surface's part for webhooks: where they go, what goes wrong with them, and one of one's own making."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from dexter.sandbox.replies import empty_reply, json_reply
from dexter.sandbox.webhook_bodies import SENTRY, Message
from dexter.sandbox.webhook_faults import WebhookFaults, parse_faults, shown_faults
from dexter.sandbox.webhook_post import Address
from dexter.sandbox.webhooks import webhooks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

    from dexter.sandbox.request import Sandbox

Body = dict[str, Any]


def shown(sandbox: Sandbox) -> Response:
    """Give where webhooks go and what became of them."""
    return json_reply(webhooks(sandbox).shown())


def install(sandbox: Sandbox, body: Mapping[str, Any]) -> Response:
    """Send webhooks to an address from now on. Raises ValueError for a body that names none."""
    webhooks(sandbox).install(address(body.get("url"), body.get("secret")))
    return shown(sandbox)


def remove(sandbox: Sandbox) -> Response:
    """Send no webhooks any more."""
    webhooks(sandbox).remove()
    return empty_reply()


def send(sandbox: Sandbox, body: Mapping[str, Any]) -> Response:
    """Send a webhook of the caller's making, such as an alert that the sandbox has no rule for."""
    resource, action, data = body.get("resource"), body.get("action"), body.get("data")
    if not isinstance(resource, str) or not isinstance(action, str) or not isinstance(data, dict):
        raise ValueError("resource, action: texts are needed; data: an object is needed")
    webhooks(sandbox).tell(Message(resource, action, data, body.get("actor") or SENTRY))
    return json_reply(webhooks(sandbox).shown(), 202)


def faults(sandbox: Sandbox) -> Response:
    """Give what goes wrong with webhooks."""
    return json_reply(shown_faults(webhooks(sandbox).faults))


def set_faults(sandbox: Sandbox, body: Mapping[str, Any]) -> Response:
    """Set what goes wrong with webhooks. Raises ValueError for what can not."""
    webhooks(sandbox).faults = parse_faults(body)
    return faults(sandbox)


def clear_faults(sandbox: Sandbox) -> Response:
    """Let all go well."""
    webhooks(sandbox).faults = WebhookFaults()
    return empty_reply()


def address(url: Any, secret: Any) -> Address:
    """Give an address for webhooks. Raises ValueError for what is none."""
    if not isinstance(url, str) or urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).hostname:
        raise ValueError(f"url: {url!r} is no address; it must begin with http:// or https://")
    if not isinstance(secret, str) or not secret:
        raise ValueError("secret: what webhooks are signed with is missing")
    return Address(url, secret)
