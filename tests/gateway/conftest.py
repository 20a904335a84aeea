"""A whole gateway in front of a Sentry that says what a test tells it to; spoken to in HTTP only."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import structlog
from tests.conftest import ENGINES
from tests.doubles.asgi_client import Response, request
from tests.doubles.sentry_double import BASE, FakeClock, SentryDouble

from dexter.app import Application, create_app
from dexter.settings import read_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, MutableMapping
    from pathlib import Path

    from tests.doubles.postgres_server import PostgresServer

ACCESS_TOKEN = "dexter-access-token"
SERVICE_TOKEN = "sntryu_service"


class Visitor:
    """A client of the gateway: remembers cookies as a browser does, and sends the headers it was made with."""

    def __init__(self, app: Application, headers: dict[str, str]) -> None:
        self.app = app
        self.headers = headers
        self.cookies: dict[str, str] = {}

    async def send(self, method: str, target: str, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        fields = {**self.headers, **(headers or {})}
        if self.cookies:
            fields["cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        raw = body if body is None or isinstance(body, (bytes, list)) else msgspec.json.encode(body)
        if body is not None:
            fields.setdefault("content-type", "application/json")
        response = await request(self.app, method, target, fields, raw, client=("127.0.0.1", 50_000))
        self._remember(response)
        return response

    async def get(self, target: str, headers: dict[str, str] | None = None) -> Response:
        return await self.send("GET", target, headers=headers)

    def _remember(self, response: Response) -> None:
        for name, value in response.raw_headers:
            if name == b"set-cookie":
                pair, *attributes = value.decode().split("; ")
                key, _, cookie = pair.partition("=")
                self.cookies[key] = cookie.strip('"')
                if "Max-Age=0" in attributes:
                    del self.cookies[key]


@pytest.fixture(autouse=True)
def log() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is written to the log."""
    with structlog.testing.capture_logs() as written:
        yield written


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def sentry() -> SentryDouble:
    return SentryDouble()


ON_EACH_ENGINE = frozenset(
    {"test_people", "test_issue_management", "test_issue_people", "test_audit_routes", "test_sessions"}
)
"""The files whose gateways keep what people made: they run with each database."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what rests on the database with each engine."""
    if "kept_in" in metafunc.fixturenames and metafunc.module.__name__.rpartition(".")[2] in ON_EACH_ENGINE:
        metafunc.parametrize("kept_in", ENGINES, indirect=True)


@pytest.fixture
def kept_in(request: pytest.FixtureRequest, tmp_path: Path, sqlite_template: Path) -> Iterator[dict[str, str]]:
    """The settings of a database with the newest schema and nothing in it."""
    if getattr(request, "param", "sqlite") == "sqlite":
        # A file that was migrated before, which takes a hundredth of the time.
        shutil.copy(sqlite_template, tmp_path / "dexter.sqlite3")
        yield {}
        return
    from tests.doubles.postgres_server import TEMPLATE

    server: PostgresServer = request.getfixturevalue("postgres")
    with server.fresh(TEMPLATE) as name:
        yield {"DEXTER_DATABASE_URL": server.url(name), "DEXTER_SECRET_KEY": "k" * 32}


@pytest.fixture
def environment(request: pytest.FixtureRequest, tmp_path: Path, kept_in: dict[str, str]) -> dict[str, str]:
    """What the gateway under test is set up with; a test may change it by indirect parameters, None unsets."""
    stated = (
        kept_in
        | {
            "DEXTER_DATA_DIR": str(tmp_path),
            "DEXTER_ACCESS_TOKEN": ACCESS_TOKEN,
            "DEXTER_ATTEMPTS": "1",
            "SENTRY_BASE_URL": BASE,
            "SENTRY_API_TOKEN": SERVICE_TOKEN,
            "SENTRY_ORG": "acme",
        }
        | getattr(request, "param", {})
    )
    return {name: value for name, value in stated.items() if value is not None}


@pytest.fixture
async def gateway(environment: dict[str, str], sentry: SentryDouble, clock: FakeClock) -> AsyncIterator[Application]:
    app = create_app(read_settings(environment), transport=sentry, clock=clock)
    yield app
    await app.aclose()


@pytest.fixture
def visitor(gateway: Application) -> Callable[..., Visitor]:
    """Make a client that sends the given headers."""

    def made(**headers: str) -> Visitor:
        return Visitor(gateway, {name.replace("_", "-"): value for name, value in headers.items()})

    return made


@pytest.fixture
def operator(visitor: Callable[..., Visitor]) -> Visitor:
    """Somebody who shows Dexter's own token."""
    return visitor(x_dexter_token=ACCESS_TOKEN)


@pytest.fixture
def stranger(visitor: Callable[..., Visitor]) -> Visitor:
    """Somebody who shows nothing."""
    return visitor()


@pytest.fixture
def owner(visitor: Callable[..., Visitor]) -> Visitor:
    """Somebody who shows a Sentry token of their own."""
    return visitor(authorization="Bearer sntryu_own")
