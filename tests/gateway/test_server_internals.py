"""What the fast path rests on inside the server, which may change in any of its versions: each is held here."""

from __future__ import annotations

import asyncio
import inspect
import socket
from importlib.metadata import version
from typing import TYPE_CHECKING

import pytest
import uvicorn
from tests.doubles.connection import Connection, answers, get
from tests.doubles.sentry_double import BASE, JSON, SentryDouble, ok
from tests.gateway.conftest import ACCESS_TOKEN
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from dexter.app import create_app
from dexter.gateway.fast_path import FAST_PATH
from dexter.gateway.protocol import GatewayProtocol
from dexter.settings import read_settings

if TYPE_CHECKING:
    from pathlib import Path

    from dexter.app import Application

ISSUES = "/api/0/organizations/acme/issues/"
BEARER = ("Authorization", f"Bearer {ACCESS_TOKEN}")


def test_the_version_is_the_one_that_was_read() -> None:
    """A newer one must be read first; then this line and the pin move together."""
    assert version("uvicorn").startswith("0.54.")


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("data_received", ["self", "data"]),
        ("on_message_begin", ["self"]),
        ("on_url", ["self", "url"]),
        ("on_header", ["self", "name", "value"]),
        ("on_headers_complete", ["self"]),
        ("on_body", ["self", "body"]),
        ("on_message_complete", ["self"]),
        ("timeout_keep_alive_handler", ["self"]),
        ("send_400_response", ["self", "msg"]),
        ("shutdown", ["self"]),
    ],
)
def test_what_is_overridden_is_there(method: str, parameters: list[str]) -> None:
    """An override of something that is no longer called would be silently dead."""
    assert list(inspect.signature(getattr(HttpToolsProtocol, method)).parameters) == parameters
    assert hasattr(GatewayProtocol, method)


async def test_the_state_of_a_connection_has_the_parts_that_are_read(gateway: Application) -> None:
    """These attributes are no public interface."""
    connection = Connection(gateway)
    await connection.get("/health")
    protocol = connection.protocol
    assert isinstance(protocol.cycle, RequestResponseCycle)
    assert protocol.cycle.response_complete is True
    assert isinstance(protocol.flow, FlowControl)
    assert protocol.flow.write_paused is False
    assert protocol.app_state[FAST_PATH] is gateway.fast_path
    assert (protocol.limit_concurrency, protocol.expect_100_continue) == (None, False)
    assert protocol.url == b"/health"
    assert protocol.headers == [(b"host", b"localhost:8000")]
    assert protocol.scope["state"] is not protocol.app_state
    assert protocol.timeout_keep_alive_task is not None
    assert connection.state.total_requests == 1
    connection.lost()


async def test_the_newest_request_of_a_pipeline_ends_last(gateway: Application, sentry: SentryDouble) -> None:
    """That the last cycle is complete means that all are: that is how the way is known to be free."""
    sentry.will(ok(b"[1]", headers=JSON))
    connection = Connection(gateway, fast=False)
    ended = []
    begin = connection.protocol._start_asgi_task

    def watched(cycle: RequestResponseCycle, app: object) -> None:
        ended.append(connection.protocol.cycle.response_complete)
        begin(cycle, app)  # type: ignore[arg-type]

    connection.protocol._start_asgi_task = watched  # type: ignore[method-assign,assignment]
    await connection.ask(get(ISSUES, BEARER) * 3)
    assert ended == [False, False, False]
    assert connection.protocol.cycle.response_complete
    connection.lost()


async def test_a_limit_of_connections_is_the_servers_to_keep(gateway: Application) -> None:
    """With one set, every request goes the way on which it is checked."""
    connection = Connection(gateway)
    connection.protocol.config.limit_concurrency = 5
    limited = GatewayProtocol(
        config=connection.protocol.config, server_state=connection.state, app_state=connection.protocol.app_state
    )
    assert connection.protocol._fast_path is gateway.fast_path
    assert limited._fast_path is None
    connection.lost()


@pytest.mark.live
async def test_over_a_real_socket_connections_find_the_fast_path_and_end_with_the_server(tmp_path: Path) -> None:
    """The server copies the lifespan's state to each connection, renews the date, closes what is idle at its end."""
    environment = {
        "DEXTER_DATA_DIR": str(tmp_path), "DEXTER_ACCESS_TOKEN": ACCESS_TOKEN, "SENTRY_BASE_URL": BASE,
        "SENTRY_API_TOKEN": "sntryu_service", "SENTRY_ORG": "acme",
    }  # fmt: skip
    sentry = SentryDouble([ok(b"[" + b'{"id":"1"},' * 9_000 + b"{}]", headers=JSON)])
    app = create_app(read_settings(environment), transport=sentry)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, http=GatewayProtocol, log_level="critical", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        dates = set()
        for number in range(8):
            writer.write(get(ISSUES, BEARER))
            head = await reader.readuntil(b"\r\n\r\n")
            (said,) = answers(head)
            dates.add(said.header("date"))
            body = await reader.readexactly(int(said.header("content-length") or 0))
            assert len(body) == len(sentry.replies[0].body)  # type: ignore[union-attr,arg-type]
            if number == 5:
                await asyncio.sleep(1.2)
        assert app.fast_path.whole
        assert len(dates) > 1
        server.should_exit = True
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        await serving
    assert server.server_state.total_requests == 8
    assert len(sentry.calls) == 1
