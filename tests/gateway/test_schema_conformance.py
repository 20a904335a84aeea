"""Dexter's document against Dexter: requests that schemathesis makes up, answered over a sandbox in-process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.doubles.asgi_client import request

from dexter.app import Application, create_app
from dexter.gateway.openapi import document
from dexter.sandbox.app import build_app
from dexter.sandbox.options import SandboxOptions
from dexter.settings import read_settings
from dexter.upstream.upstream import Upstream
from dexter.wire import Answer, Call

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.breadth

TOKEN = "owner-token"
UPSTREAM = "http://localhost:9000"


class SandboxTransport:
    """A `Transport` to a sandbox in the same process, grown at the first call."""

    def __init__(self) -> None:
        self.upstream = Upstream(UPSTREAM)
        self._app: Any = None

    async def send(self, call: Call) -> Answer:
        if self._app is None:
            self._app = build_app(SandboxOptions(owner_token=TOKEN, issues=5))
        headers = dict(call.headers) | {"host": "localhost:9000", "authorization": call.credential.authorization or ""}
        target = f"{call.path}?{call.query}" if call.query else call.path
        body = call.body if isinstance(call.body, bytes) else None
        response = await request(self._app, call.method, target, headers, body, client=("127.0.0.1", 1))
        return Answer(response.status, tuple(response.headers.items()), response.body)

    async def aclose(self) -> None:
        pass


@pytest.fixture(scope="module")
def sandbox() -> SandboxTransport:
    """The Sentry of all tests."""
    return SandboxTransport()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where all gateways keep what they keep."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
def running(sandbox: SandboxTransport, folder: Path) -> Application:
    """A gateway whose Sentry is a sandbox. One for each test, since schemathesis ends its lifespan with the test."""
    environment = {
        "DEXTER_DATA_DIR": str(folder),
        "DEXTER_ACCESS_TOKEN": "access-token",
        "SENTRY_BASE_URL": UPSTREAM,
        "SENTRY_API_TOKEN": TOKEN,
        "SENTRY_ORG": "acme",
    }
    return create_app(read_settings(environment), transport=sandbox)


schema = schemathesis.openapi.from_dict(dict(document()))


@schema.parametrize()
@settings(max_examples=5, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_whatever_the_document_permits_is_answered_as_it_promises(
    case: schemathesis.Case, running: Application
) -> None:
    """A client generated from the document meets no surprise, and nothing it sends breaks the gateway."""
    response = case.call(app=running, base_url="http://localhost:8000", headers={"X-Dexter-Token": "access-token"})
    case.validate_response(
        response,
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
        ],
    )
