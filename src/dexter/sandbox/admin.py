"""The sandbox's own surface under `/_sandbox/`: DSNs, tokens, calls, faults, settings. For this machine only."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.routing import Route

from dexter.sandbox import webhook_admin
from dexter.sandbox.auth import OWNER_SCOPES, hash_token, new_token, store_token
from dexter.sandbox.clock import ShiftedClock
from dexter.sandbox.faults import FaultPlan, parse_plan, shown
from dexter.sandbox.founding import dsn
from dexter.sandbox.ingest.quotas import parse_quotas, shown_quotas
from dexter.sandbox.profiles import brownouts, profile
from dexter.sandbox.rate_limits import parse_limits, shown_limits
from dexter.sandbox.replies import empty_reply, json_reply
from dexter.sandbox.serialize.moment import iso
from dexter.sandbox.stages import controls
from dexter.sandbox.standing import standing, usual_limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from dexter.sandbox.request import Sandbox


class Refusal(Exception):
    """The admin surface will not do that: a status and a sentence that says why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def build_admin(sandbox: Sandbox) -> ASGIApp:
    """Give the ASGI application that stands at `/_sandbox`."""
    routes = [
        Route("/dsn", _bound(sandbox, _dsn), methods=["GET"]),
        Route("/token", _bound(sandbox, _owner_token), methods=["GET"]),
        Route("/tokens", _bound(sandbox, _make_token), methods=["POST"]),
        Route("/tokens", _bound(sandbox, _revoke_token), methods=["DELETE"]),
        Route("/calls", _bound(sandbox, _calls), methods=["GET"]),
        Route("/calls", _bound(sandbox, _forget_calls), methods=["DELETE"]),
        Route("/faults", _bound(sandbox, _faults), methods=["GET"]),
        Route("/faults", _bound(sandbox, _set_faults), methods=["PUT"]),
        Route("/faults", _bound(sandbox, _clear_faults), methods=["DELETE"]),
        Route("/quotas", _bound(sandbox, _quotas), methods=["GET"]),
        Route("/quotas", _bound(sandbox, _set_quotas), methods=["PUT"]),
        Route("/quotas", _bound(sandbox, _clear_quotas), methods=["DELETE"]),
        Route("/clock", _bound(sandbox, _clock), methods=["GET"]),
        Route("/clock", _bound(sandbox, _set_clock), methods=["PUT"]),
        Route("/settings", _bound(sandbox, _settings), methods=["GET"]),
        Route("/settings", _bound(sandbox, _set_settings), methods=["PUT"]),
        Route("/webhooks", _bound(sandbox, _webhooks), methods=["GET", "PUT", "DELETE"]),
        Route("/webhooks/faults", _bound(sandbox, _webhook_faults), methods=["GET", "PUT", "DELETE"]),
        Route("/webhooks/deliveries", _bound(sandbox, _send_webhook), methods=["POST"]),
    ]
    return _LocalOnly(Starlette(routes=routes), sandbox)


class _LocalOnly:
    """Answers peers on this machine that name it by its own name.

    The second half keeps out web pages: one whose name resolves to this machine could otherwise read the
    owner's token from a visitor's browser.
    """

    def __init__(self, app: ASGIApp, sandbox: Sandbox) -> None:
        self._app = app
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        peer = (scope.get("client") or ("",))[0]
        headers = dict(scope["headers"])
        host = urlsplit(f"//{headers.get(b'host', b'').decode('latin-1')}").hostname or ""
        if is_loopback(peer) and self._is_ours(host) and b"origin" not in headers:
            await self._app(scope, receive, send)
            return
        refusal = json_reply({"detail": "The sandbox's admin surface answers this machine only, and no web page."}, 403)
        await refusal(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        public = urlsplit(self._sandbox.options.public_url or "").hostname
        return host in ("localhost", public) or _address(host) is not None


def is_loopback(peer: str) -> bool:
    """Tell whether a peer's address is this machine's own."""
    address = _address(peer)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address is not None and address.is_loopback


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _bound(
    sandbox: Sandbox, answer: Callable[[Sandbox, Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    async def bound(request: Request) -> Response:
        try:
            return await answer(sandbox, request)
        except Refusal as refusal:
            return json_reply({"detail": refusal.text}, refusal.status)
        except ValueError as error:
            return json_reply({"detail": str(error)}, 400)

    return bound


async def _object(request: Request, *permitted: str) -> dict[str, Any]:
    raw = await request.body()
    try:
        body = msgspec.json.decode(raw or b"{}")
    except msgspec.DecodeError as error:
        raise Refusal(400, f"The body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be a JSON object.")
    unknown = sorted(set(body) - set(permitted)) if permitted else []
    if unknown:
        raise Refusal(400, f"{unknown[0]}: unknown; permitted are {', '.join(permitted)}")
    return body


async def _dsn(sandbox: Sandbox, request: Request) -> Response:
    slug = request.query_params.get("project")
    row = sandbox.db.one(
        "SELECT p.id, k.public_key FROM projects p JOIN project_keys k ON k.project_id = p.id AND k.is_active = 1"
        " WHERE ? IS NULL OR p.slug = ? OR CAST(p.id AS TEXT) = ? ORDER BY p.id, k.date_created LIMIT 1",
        slug, slug, slug,
    )  # fmt: skip
    if row is None:
        known = ", ".join(found["slug"] for found in sandbox.db.all("SELECT slug FROM projects ORDER BY slug"))
        raise Refusal(404, f"No project {slug} with an active key; there are {known or 'none'}.")
    return json_reply({"dsn": dsn(_base_url(sandbox, request), row["public_key"], row["id"])})


def _base_url(sandbox: Sandbox, request: Request) -> str:
    configured = sandbox.options.public_url
    return configured or f"{request.url.scheme}://{request.headers['host']}"


async def _owner_token(sandbox: Sandbox, request: Request) -> Response:
    return json_reply({"token": sandbox.owner_token})


async def _make_token(sandbox: Sandbox, request: Request) -> Response:
    body = await _object(request, "scopes", "projects", "user", "name")
    scopes = body.get("scopes", list(OWNER_SCOPES))
    unknown = [scope for scope in scopes if scope not in OWNER_SCOPES]
    if unknown:
        raise Refusal(400, f"scopes: {unknown[0]!r} is no scope; permitted are {', '.join(OWNER_SCOPES)}")
    token = new_token()
    projects = body.get("projects")
    store_token(
        sandbox.db,
        token,
        name=str(body.get("name", "made by the admin surface")),
        scopes=tuple(scopes),
        user_id=_user_id(sandbox, body.get("user")),
        projects=None if projects is None else tuple(_project_id(sandbox, slug) for slug in projects),
    )
    return json_reply({"token": token}, 201)


def _user_id(sandbox: Sandbox, name: Any) -> int | None:
    """Give the user a token speaks for: the owner unless one is named, nobody for an integration."""
    if name is None:
        found = sandbox.db.value("SELECT user_id FROM members WHERE role = 'owner' ORDER BY id LIMIT 1")
    elif name == "integration":
        return None
    else:
        found = sandbox.db.value(
            "SELECT id FROM users WHERE username = ? OR email = ? OR CAST(id AS TEXT) = ?", name, name, str(name)
        )
    if found is None:
        raise Refusal(400, f"user: there is no {name!r}; permitted are a username, an address, an id and integration")
    return int(found)


def _project_id(sandbox: Sandbox, slug: Any) -> int:
    found = sandbox.db.value("SELECT id FROM projects WHERE slug = ? OR CAST(id AS TEXT) = ?", slug, str(slug))
    if found is None:
        raise Refusal(400, f"projects: there is no {slug!r}")
    return int(found)


async def _revoke_token(sandbox: Sandbox, request: Request) -> Response:
    token = (await _object(request, "token")).get("token")
    if not isinstance(token, str):
        raise Refusal(400, "token: the token to revoke is missing")
    gone = sandbox.db.run("DELETE FROM tokens WHERE token_hash = ?", hash_token(token)).rowcount
    return empty_reply() if gone else json_reply({"detail": "There is no such token."}, 404)


async def _calls(sandbox: Sandbox, request: Request) -> Response:
    return json_reply(controls(sandbox).log.shown())


async def _forget_calls(sandbox: Sandbox, request: Request) -> Response:
    controls(sandbox).log.reset()
    return empty_reply()


async def _faults(sandbox: Sandbox, request: Request) -> Response:
    given = controls(sandbox)
    return json_reply(shown(given.faults) | {"rate_limit": shown_limits(given.limiter.plan)})


async def _set_faults(sandbox: Sandbox, request: Request) -> Response:
    body = await _object(request)
    limits = parse_limits(body.pop("rate_limit", None))
    plan = parse_plan(body)
    given = controls(sandbox)
    given.limiter.set(limits if limits is not None else usual_limits(sandbox))
    given.set_faults(plan)
    return await _faults(sandbox, request)


async def _clear_faults(sandbox: Sandbox, request: Request) -> Response:
    given = controls(sandbox)
    given.limiter.set(usual_limits(sandbox))
    given.set_faults(FaultPlan())
    return empty_reply()


async def _quotas(sandbox: Sandbox, request: Request) -> Response:
    return json_reply(shown_quotas(sandbox.ingest_limits, sandbox.clock()))


async def _set_quotas(sandbox: Sandbox, request: Request) -> Response:
    sandbox.ingest_limits[:] = parse_quotas(await _object(request, "quotas"), sandbox.clock())
    return await _quotas(sandbox, request)


async def _clear_quotas(sandbox: Sandbox, request: Request) -> Response:
    sandbox.ingest_limits.clear()
    return empty_reply()


async def _settings(sandbox: Sandbox, request: Request) -> Response:
    stands = standing(sandbox)
    document = {
        "index_lag_s": sandbox.options.index_lag_s,
        "profile": stands.profile.name,
        "brownout": stands.brownouts,
    }
    return json_reply(document)


async def _set_settings(sandbox: Sandbox, request: Request) -> Response:
    body = await _object(request, "index_lag_s", "profile", "brownout")
    stands = standing(sandbox)
    wanted = profile(body["profile"]) if "profile" in body else None
    when = brownouts(body.get("brownout", stands.brownouts))
    lag = body.get("index_lag_s", wanted.index_lag_s if wanted is not None else sandbox.options.index_lag_s)
    if isinstance(lag, bool) or not isinstance(lag, int | float) or lag < 0:
        raise Refusal(400, f"index_lag_s: {lag!r} is not a time; permitted are seconds from 0")
    sandbox.options = replace(sandbox.options, index_lag_s=float(lag))
    stands.brownouts = when
    if wanted is not None:
        stands.profile = wanted
        controls(sandbox).limiter.set(usual_limits(sandbox))
    return await _settings(sandbox, request)


async def _webhooks(sandbox: Sandbox, request: Request) -> Response:
    match request.method:
        case "PUT":
            return webhook_admin.install(sandbox, await _object(request, "url", "secret"))
        case "DELETE":
            return webhook_admin.remove(sandbox)
        case _:
            return webhook_admin.shown(sandbox)


async def _webhook_faults(sandbox: Sandbox, request: Request) -> Response:
    match request.method:
        case "PUT":
            return webhook_admin.set_faults(sandbox, await _object(request))
        case "DELETE":
            return webhook_admin.clear_faults(sandbox)
        case _:
            return webhook_admin.faults(sandbox)


async def _send_webhook(sandbox: Sandbox, request: Request) -> Response:
    return webhook_admin.send(sandbox, await _object(request, "resource", "action", "data", "actor"))


async def _clock(sandbox: Sandbox, request: Request) -> Response:
    clock = _shifted(sandbox)
    return json_reply({"now": iso(clock()), "epoch_s": clock(), "ahead_s": clock.ahead_s})


async def _set_clock(sandbox: Sandbox, request: Request) -> Response:
    body = await _object(request, "ahead_s", "forward_s")
    clock = _shifted(sandbox)
    for name, value in body.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Refusal(400, f"{name}: {value!r} is not a time; permitted are seconds")
    clock.ahead_s = float(body.get("ahead_s", clock.ahead_s)) + float(body.get("forward_s", 0))
    return await _clock(sandbox, request)


def _shifted(sandbox: Sandbox) -> ShiftedClock:
    if not isinstance(sandbox.clock, ShiftedClock):
        raise Refusal(409, "This sandbox was opened on a clock that cannot be shifted.")
    return sandbox.clock
