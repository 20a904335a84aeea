"""`dexter slo`, as a person or a nightly job types it."""

from __future__ import annotations

import json
import socket
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from dexter.cli import main
from dexter.cli_slo import budget, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OBJECTIVE = {
    "name": "errors",
    "title": "Requests that end in an error",
    "unit": "ratio",
    "direction": "below",
    "target": 0.001,
    "measured": 0.0004,
    "met": True,
    "last_hour": None,
    "budget": {"allowed": 10.0, "spent": 4.0, "left": 6.0},
}


@contextmanager
def gateway(status: int, document: Any, location: str | None = None) -> Iterator[tuple[str, list[str | None]]]:
    """Give the address of a gateway that answers so, and the tokens it is shown."""
    shown_tokens: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown_tokens.append(self.headers.get("x-dexter-token"))
            self.send_response(status)
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", shown_tokens
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def slo(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run the command and give its exit status and what it printed."""
    monkeypatch.setenv("DEXTER_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.delenv("DEXTER_ACCESS_TOKEN", raising=False)

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["dexter", "slo", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out + err

    return run


def document(**changed: Any) -> dict[str, Any]:
    """A gateway's answer with one objective."""
    return {"window_days": 30, "since": None, "objectives": [OBJECTIVE | changed]}


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({}, 0, ["< 0.1 %", "0.04 %", "met", "6 of 10 (60 %)"]),
        ({"met": False, "budget": {"allowed": 10.0, "spent": 15.0, "left": -5.0}}, 1, ["missed", "-5 of 10 (-50 %)"]),
        ({"met": None, "measured": None, "budget": None}, 0, ["too few to tell"]),
    ],
)
def test_the_table_and_the_status_say_how_it_stands(
    slo: Any, changed: dict[str, Any], status: int, said: list[str]
) -> None:
    """A nightly job looks at the status, a person at the table."""
    with gateway(200, document(**changed)) as (url, tokens):
        ended, text = slo("--url", url, "--token", "given")
    assert ended == status
    assert [word for word in said if word not in text] == []
    assert tokens == ["given"]


def test_json_is_what_the_gateway_said(slo: Any) -> None:
    """Programs read it."""
    with gateway(200, document()) as (url, _):
        status, text = slo("--url", url, "--json")
    assert (status, json.loads(text)) == (0, document())


def test_this_installations_token_goes_to_this_machine_only(slo: Any) -> None:
    """A typing error must not give it away."""
    with gateway(200, document()) as (url, tokens):
        assert slo("--url", url)[0] == 0
    assert str(tokens[0]).startswith("dxt_")
    status, text = slo("--url", "http://dexter.example")
    assert status == 2
    assert "--token" in text


def test_a_redirect_is_not_followed(slo: Any) -> None:
    """The token would go along."""
    with gateway(200, document()) as (elsewhere, tokens), gateway(302, {}, elsewhere) as (url, _):
        status, text = slo("--url", url)
    assert (status, tokens) == (2, [])
    assert "302" in text


def test_a_refusal_and_a_silence_say_what_to_do(slo: Any) -> None:
    """Nobody should have to read a traceback."""
    with gateway(401, {}) as (url, _):
        status, text = slo("--url", url)
    assert status == 2
    assert "--token" in text
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        status, text = slo("--url", f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert status == 2
    assert "dexter serve" in text
    assert slo("--url", "nonsense")[0] == 2


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(187.4, "ms", "187 ms"), (0.0004, "ratio", "0.04 %"), (1.0, "ratio", "100 %")]
)
def test_figures_are_written_for_people(value: float, unit: str, text: str) -> None:
    """A ratio of 0.0004 says little."""
    assert shown(value, unit) == text
    assert shown(None, unit) == budget(None) == "-"
