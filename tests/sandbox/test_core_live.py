"""The sandbox as a process: it greets, serves, stops when told, and remembers what its file holds."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

START = """
import sys
from dexter.sandbox.command import run
from dexter.sandbox.options import SandboxOptions

run(SandboxOptions(port=0, database=sys.argv[1], issues=20, owner_token=sys.argv[2] or None))
"""


@contextmanager
def started(database: Path, token: str = "") -> Iterator[dict[str, str]]:
    """Run a sandbox on a free port and give what its greeting says."""
    command = [sys.executable, "-c", START, str(database), token]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        said: dict[str, str] = {}
        while "token" not in said:
            line = process.stdout.readline()
            assert line, "the sandbox ended before it greeted"
            if match := re.match(r"  (\w+)\s+(\S+)", line):
                said[match[1]] = match[2]
        yield said
    finally:
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        _, complaints = process.communicate(timeout=20)
    assert (process.returncode, complaints) == (0, "")


def ask(said: dict[str, str], path: str, method: str = "GET", body: Any = None) -> Any:
    request = urllib.request.Request(
        said["address"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {said['token']}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as reply:
        return json.load(reply)


@pytest.mark.live
def test_a_restart_finds_what_was_done(tmp_path: Path) -> None:
    """The greeting is enough to reach it at once, and a file outlives the process."""
    database = tmp_path / "box.sqlite"
    issues = "/api/0/organizations/acme/issues/"
    with started(database) as said:
        first = ask(said, f"{issues}?query=is:unresolved")[0]
        ask(said, f"{issues}{first['id']}/", "PUT", {"status": "resolved"})
        earlier = said["token"]
    with started(database, "sntryu_fixed") as said:
        assert said["token"] == "sntryu_fixed" != earlier
        assert ask(said, f"{issues}{first['id']}/")["status"] == "resolved"
        assert len(ask(said, f"{issues}?query=")) == 20
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask({**said, "token": earlier}, issues)
