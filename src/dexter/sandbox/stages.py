"""What stands round every handler: calls are counted, limited, answered as the profile does, and harmed."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from dexter.sandbox.calls import CallLog, Handled
from dexter.sandbox.faults import HTML_404_BYTES, HTML_PAGE, MALFORMED_LINK, FaultPlan, Verdict, judge
from dexter.sandbox.rate_limits import Admission, Limit, RateLimiter
from dexter.sandbox.replies import SentryError, json_reply
from dexter.sandbox.standing import profiled, usual_limits

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from dexter.sandbox.request import Sandbox, SandboxRequest
    from dexter.sandbox.routing import Handler, Stage


@dataclass(slots=True)
class Controls:
    """What the admin surface reads and changes while the sandbox runs."""

    log: CallLog = field(default_factory=CallLog)
    limiter: RateLimiter = field(default_factory=RateLimiter)
    faults: FaultPlan = field(default_factory=FaultPlan)
    drawn: Counter[str] = field(default_factory=Counter)
    """How many verdicts were given for each operation under the plan in force."""

    def set_faults(self, plan: FaultPlan) -> None:
        """Put another plan in force; its misfortunes start from the first again."""
        self.faults = plan
        self.drawn.clear()

    def next_verdict(self, operation: str) -> Verdict:
        """Give the verdict on the next call of an operation."""
        number = self.drawn[operation]
        self.drawn[operation] += 1
        return judge(self.faults, operation, number, ingesting=is_ingestion(operation))


def controls(sandbox: Sandbox) -> Controls:
    """Give the controls of a sandbox, the same ones every time."""
    found: Controls = sandbox.shelf.setdefault(__name__, Controls())
    return found


def is_ingestion(operation: str) -> bool:
    """Tell whether an operation takes events in, rather than being a part of the API."""
    return " /api/{project_id}/" in operation


def stages(sandbox: Sandbox) -> list[Stage]:
    """Give the stages, outermost first."""
    given = controls(sandbox)
    given.limiter.set(usual_limits(sandbox))
    return [_counted(given), _limited(given), profiled(sandbox), _harmed(given)]


def _counted(given: Controls) -> Stage:
    def stage(handler: Handler) -> Handler:
        async def counted(request: SandboxRequest) -> Response:
            started = time.perf_counter()
            status = 500
            try:
                response = await handler(request)
                status = 0 if isinstance(response, Unanswered) else response.status_code
            except SentryError as error:
                status = error.status
                raise
            finally:
                given.log.add(_handled(request, status, started))
            return response

        return counted

    return stage


def _handled(request: SandboxRequest, status: int, started: float) -> Handled:
    return Handled(
        operation=request.operation_key,
        method=request.method,
        path=request.path,
        query=request.http.url.query,
        status=status,
        duration_ms=round((time.perf_counter() - started) * 1000, 3),
        at=request.now,
    )


def _limited(given: Controls) -> Stage:
    def stage(handler: Handler) -> Handler:
        async def limited(request: SandboxRequest) -> Response:
            operation = request.operation_key
            if given.limiter.plan is None or is_ingestion(operation):
                return await handler(request)
            caller = caller_of(request)
            admission = given.limiter.enter(caller, operation, request.now)
            assert admission is not None  # noqa: S101 - a plan is in force, so there is a word on every request
            if not admission.allowed:
                return refused(admission)
            try:
                response = await handler(request)
            except SentryError as error:
                error.headers.update(admission.headers())
                raise
            finally:
                given.limiter.leave(caller, operation)
            response.headers.update(dict(admission.headers()))
            return response

        return limited

    return stage


def caller_of(request: SandboxRequest) -> str:
    """Give whose bucket a request counts in: the user's, the integration's organization, or the address."""
    try:
        actor = request.actor
    except SentryError:
        return f"ip:{request.http.client.host if request.http.client else ''}"
    return f"user:{actor.user_id}" if actor.user_id is not None else "organization"


def refused(admission: Admission) -> Response:
    """Give the 429. It goes out without a JSON content type, as Sentry's does."""
    return Response(admission.refusal(), 429, dict(admission.headers()), media_type="text/html")


def _harmed(given: Controls) -> Stage:
    def stage(handler: Handler) -> Handler:
        async def harmed(request: SandboxRequest) -> Response:
            verdict = given.next_verdict(request.operation_key)
            if verdict.wait_s:
                await asyncio.sleep(verdict.wait_s)
            instead = _instead(verdict, given.faults, request)
            if instead is not None:
                return instead
            response = await handler(request)
            if verdict.act == "truncate":
                return _truncated(response)
            if verdict.act == "malformed_link":
                response.headers["Link"] = MALFORMED_LINK
            return response

        return harmed

    return stage


def _instead(verdict: Verdict, plan: FaultPlan, request: SandboxRequest) -> Response | None:
    """Give what a misfortune answers in the handler's place, or None where the handler still answers."""
    match verdict.act:
        case "drop":
            return Dropped()
        case "hang":
            return Hanging()
        case "fail":
            return _failure(plan.failure_status, request.now)
        case "html":
            return Response(HTML_PAGE, 200, media_type="text/html")
        case "html_404":
            return Response(HTML_PAGE.ljust(HTML_404_BYTES, b"\n"), 404, media_type="text/html")
        case "redirect":
            return Response(b"", 302, {"Location": plan.redirect_to or str(request.http.url)})
        case _:
            return None


def _failure(status: int, now: float) -> Response:
    if status == 429:
        limit = Limit(40, 1, 25)
        return refused(Admission(False, limit, 0, int(now) + limit.window_s, 25))
    if status == 500:
        return json_reply({"detail": "Internal Error", "errorId": "0" * 32}, status)
    if status in (502, 503, 504):
        said = b"upstream connect error or disconnect/reset before headers. reset reason: connection failure"
        return Response(said, status, media_type="text/plain")
    return json_reply({"detail": "A fault was injected here."}, status)


def _truncated(response: Response) -> Response:
    body = bytes(response.body)
    kept = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(body[: len(body) // 2], response.status_code, kept)


class Unanswered(Response):
    """A response that never comes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Leave the client without an answer."""
        while (await receive())["type"] != "http.disconnect":
            pass


class Hanging(Unanswered):
    """Keeps the connection open and silent until the client leaves."""


class Dropped(Unanswered):
    """Breaks the connection at once."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Abort the transport below; ASGI itself has no word for it, so this asks uvicorn's request cycle."""
        transport: Any = getattr(getattr(receive, "__self__", None), "transport", None)
        if transport is None:
            raise ConnectionAbortedError("a fault dropped this connection")
        transport.abort()
        await super().__call__(scope, receive, send)
