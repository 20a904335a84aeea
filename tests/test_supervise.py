"""`dexter up`: its children start together, are looked after, and end together."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from dexter.errors import SettingsError
from dexter.settings import read_settings
from dexter.supervise import RESTARTS, Child, Stopped, Supervisor, UpOptions, child_environment, children, panel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KEY = b"k" * 32


def test_children_get_the_sandbox_for_their_sentry_whatever_the_environment_says() -> None:
    """`dexter up` in a shell set up for a real Sentry must not send the demo's errors, or a change, there."""
    stated = {
        "PATH": "/bin",
        "SENTRY_BASE_URL": "https://sentry.io",
        "SENTRY_API_TOKEN": "real",
        "SENTRY_TOKEN": "real",
        "SENTRY_WEB_URL": "https://sentry.io",
        "ORGANIZATION_SLUG": "mine",
        "DEXTER_ACCESS_TOKEN": "access",
    }
    got = child_environment(stated, read_settings({"DEXTER_SANDBOX_PORT": "9123", "SENTRY_API_TOKEN": "real"}), KEY)
    assert got["SENTRY_BASE_URL"] == "http://127.0.0.1:9123"
    assert got["SENTRY_ORG"] == "acme"
    assert "real" not in got.values()
    assert "SENTRY_WEB_URL" not in got
    assert "ORGANIZATION_SLUG" not in got
    assert (got["PATH"], got["DEXTER_ACCESS_TOKEN"]) == ("/bin", "access")
    assert got["SENTRY_API_TOKEN"] == child_environment({}, read_settings({}), KEY)["SENTRY_API_TOKEN"]


def test_the_panel_says_everything_once_and_no_address_holds_the_token(tmp_path: Path) -> None:
    """An address with a token in it ends up in the browser's history."""
    text = panel(read_settings({"DEXTER_DATA_DIR": str(tmp_path)}), "dxt_token")
    assert text.count("dxt_token") == 1
    for said in ("http://localhost:8000/", "http://localhost:9000/", "Ctrl+C", str(tmp_path)):
        assert said in text
    assert not [word for word in text.split() if word.startswith("http") and "dxt_token" in word]
    assert len({len(line) for line in text.splitlines()}) == 1


def test_the_sandbox_keeps_its_state_in_the_data_directory(tmp_path: Path) -> None:
    """A second start finds everything as it was."""
    settings = read_settings({"DEXTER_DATA_DIR": str(tmp_path)})
    sandbox, gateway, demo = children(settings, UpOptions(seed=1, issues=2), tmp_path / "sandbox.sqlite3")
    assert sandbox.arguments[-6:] == ("--seed", "1", "--issues", "2", "--db", str(tmp_path / "sandbox.sqlite3"))
    assert (sandbox.essential, gateway.essential, demo.essential) == (True, True, False)


@pytest.fixture
def said() -> list[str]:
    return []


@contextmanager
def supervised(said: list[str], **child: bool) -> Iterator[tuple[Supervisor, Child]]:
    """A child that ends at once, under supervision."""
    supervisor = Supervisor({}, said.append)
    ending = Child("thing", ("-c", "raise SystemExit(3)"), ready_url="http://127.0.0.1:9/", **child)
    supervisor.start(ending)
    yield supervisor, ending
    supervisor.stop()


@pytest.mark.live
def test_a_child_that_cannot_be_kept_ends_everything_if_it_is_essential(said: list[str]) -> None:
    """A gateway without its Sentry, started for ever, would only look alive."""
    with supervised(said) as (supervisor, child):
        assert supervisor.watch() == 1
    assert child.starts == RESTARTS + 1
    assert "status 3" in said[0]
    assert "everything ends" in said[-1]


@pytest.mark.live
def test_a_child_that_is_an_extra_is_given_up_with_a_word(said: list[str]) -> None:
    """Without demo traffic everything still works."""
    with supervised(said, essential=False) as (supervisor, child):
        original = supervisor.request_stop

        def stop_when_given_up(text: str) -> None:
            said.append(text)
            if "again" in text:
                original()

        supervisor._say = stop_when_given_up
        assert supervisor.watch() == 0
    assert child.starts == RESTARTS + 1


@pytest.mark.live
def test_a_child_that_does_not_start_is_told(said: list[str]) -> None:
    """Waiting for an answer from a process that is gone would wait for ever."""
    with supervised(said) as (supervisor, child), pytest.raises(SettingsError, match="status 3"):
        supervisor.wait_until_ready(child)


@pytest.mark.live
def test_waiting_can_be_interrupted(said: list[str]) -> None:
    """Ctrl+C during a long first start must work."""
    supervisor = Supervisor({}, said.append)
    sleeping = Child("thing", ("-c", "import time; time.sleep(60)"), ready_url="http://127.0.0.1:9/")
    supervisor.start(sleeping)
    supervisor.request_stop()
    with pytest.raises(Stopped):
        supervisor.wait_until_ready(sleeping)
    supervisor.stop()
    assert sleeping.ended() is not None


def eventually(look: Callable[[], object], patience_s: float = 60.0) -> None:
    limit = time.monotonic() + patience_s
    while not look():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_up(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def told(sandbox: int) -> dict[str, int]:
    """Give what became of the sandbox's webhooks."""
    with urllib.request.urlopen(f"http://127.0.0.1:{sandbox}/_sandbox/webhooks", timeout=5) as reply:
        counts: dict[str, int] = json.load(reply)["counts"]
        return counts


@pytest.mark.live
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_all_of_it_starts_with_one_command_and_ends_with_it(tmp_path: Path, ending: signal.Signals) -> None:
    """Nothing may be left behind that holds a port, however the end came."""
    if ending is signal.SIGKILL and not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells children that their parent was killed")
    gateway, sandbox = free_port(), free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DEXTER_", "SENTRY_"))}
    environment = kept | {
        "DEXTER_DATA_DIR": str(tmp_path / "data"),
        "DEXTER_PORT": str(gateway),
        "DEXTER_SANDBOX_PORT": str(sandbox),
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        command = (sys.executable, "-m", "dexter.cli", "up", "--issues", "3")
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        eventually(lambda: process.poll() is not None or "Dexter is running" in log.read_text())
        assert process.poll() is None, log.read_text()
        assert is_up(gateway, "/health")
        assert is_up(sandbox, "/api/0/")
        # The sandbox tells the gateway of what the shop meets, which is how the demo is live.
        eventually(lambda: told(sandbox).get("taken", 0) >= 1)
        assert "refused" not in told(sandbox)
    finally:
        process.send_signal(ending)
        process.wait(30)
    eventually(lambda: not is_up(gateway, "/health") and not is_up(sandbox, "/api/0/"), 20)
    if ending is not signal.SIGKILL:
        assert process.returncode == 0
        assert log.read_text().rstrip().endswith("Stopped.")
