"""The stand that measurements and live tests use: a sandbox and a gateway as real processes on free ports."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from collections.abc import Iterator

ORGANIZATION = "acme"
START_LIMIT_S = 60.0
STOP_LIMIT_S = 10.0
REPLY_LIMIT_S = 40.0


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply, whatever its status."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """Parse the body."""
        return json.loads(self.body)


def free_port() -> int:
    """Give a TCP port that nothing listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def request(method: str, url: str, *, body: Any = None, headers: dict[str, str] | None = None) -> Reply:
    """Send one request; `body` goes out as JSON unless it is bytes. An error status is a reply too."""
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    sent = Request(url, data=data, method=method, headers={"Content-Type": "application/json", **(headers or {})})
    try:
        with urlopen(sent, timeout=REPLY_LIMIT_S) as reply:
            return Reply(reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.read())
    except HTTPError as error:
        with error:
            return Reply(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running sandbox."""

    url: str
    token: str
    process: subprocess.Popen[bytes]

    def api(self, method: str, path: str, *, token: str | None = None, body: Any = None) -> Reply:
        """Call the Sentry API it serves."""
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return request(method, self.url + path, body=body, headers=headers)

    def dsn(self, project: str) -> str:
        """Give a project's DSN."""
        found: str = request("GET", f"{self.url}/_sandbox/dsn?project={project}").json()["dsn"]
        return found

    def new_token(self, *, scopes: list[str], projects: list[str] | None = None) -> str:
        """Make a token with these scopes, for these projects (None: all)."""
        wish = {"scopes": scopes, **({"projects": projects} if projects is not None else {})}
        made: str = request("POST", f"{self.url}/_sandbox/tokens", body=wish).json()["token"]
        return made

    def faults(self, **faults: Any) -> None:
        """Replace the injected faults; none at all ends them."""
        request("DELETE", f"{self.url}/_sandbox/faults")
        if faults:
            reply = request("PUT", f"{self.url}/_sandbox/faults", body=faults)
            assert reply.status < 300, reply.body

    def settings(self, **settings: Any) -> None:
        """Change settings of the running sandbox, such as `index_lag_s`."""
        reply = request("PUT", f"{self.url}/_sandbox/settings", body=settings)
        assert reply.status < 300, reply.body

    def forget_calls(self) -> None:
        """Set the count of calls to zero."""
        request("DELETE", f"{self.url}/_sandbox/calls")

    def calls(self) -> dict[str, int]:
        """Give how often each operation was called."""
        counted: dict[str, int] = request("GET", f"{self.url}/_sandbox/calls").json()["operations"]
        return counted


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway."""

    url: str
    token: str
    process: subprocess.Popen[bytes]
    log: Path

    def v1(self, method: str, path: str, *, body: Any = None, **query: Any) -> Reply:
        """Call `/api/v1` with Dexter's own token."""
        address = f"{self.url}/api/v1{path}" + (f"?{urlencode(query, doseq=True)}" if query else "")
        return request(method, address, body=body, headers={"X-Dexter-Token": self.token})

    def api0(self, method: str, path: str, *, token: str, body: Any = None) -> Reply:
        """Call `/api/0` with a caller's own token."""
        return request(method, self.url + path, body=body, headers={"Authorization": f"Bearer {token}"})


def wait_until_up(url: str, process: subprocess.Popen[bytes], log: Path, limit_s: float = START_LIMIT_S) -> None:
    """Return when the address answers 200; fail with the process's own words when it does not."""
    limit = time.monotonic() + limit_s
    while time.monotonic() < limit:
        if process.poll() is not None:
            break
        try:
            with urlopen(url, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{url} did not come up:\n{log.read_text()}")


@contextmanager
def started(
    name: str, arguments: list[str], environment: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `dexter NAME`; stop it afterwards, and kill it when it does not stop."""
    with running(("dexter.cli", name, *arguments), environment, log) as process:
        yield process


@contextmanager
def running(program: tuple[str, ...], environment: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a module of Python's with its arguments; stop it afterwards, and kill it when it does not stop."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DEXTER_", "SENTRY_"))}
    command = [sys.executable, "-m", *program]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=kept | environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def running_sandbox(
    *, issues: int = 120, seed: int = 42, folder: Path | None = None, port: int | None = None
) -> Iterator[Sandbox]:
    """Run a sandbox with a seeded organization; in a folder where one ran before, it goes on with that one's."""
    with tempfile.TemporaryDirectory() as made:
        home = folder or Path(made)
        port, token = port or free_port(), "sntryu_" + "5a" * 32
        environment = {"DEXTER_DATA_DIR": str(home), "DEXTER_SANDBOX_PORT": str(port), "SENTRY_API_TOKEN": token}
        arguments = ["--seed", str(seed), "--issues", str(issues), "--db", str(home / "bench-sandbox.sqlite")]
        log = home / "sandbox.log"
        with started("sandbox", arguments, environment, log) as process:
            url = f"http://127.0.0.1:{port}"
            # Ten thousand issues are made in a minute, if the machine has nothing else to do.
            wait_until_up(f"{url}/_sandbox/calls", process, log, START_LIMIT_S + issues / 40)
            yield Sandbox(url, token, process)


@contextmanager
def running_gateway(
    upstream: str,
    token: str | None,
    *,
    folder: Path | None = None,
    workers: int = 1,
    program: tuple[str, ...] = (),
    **settings: str,
) -> Iterator[Gateway]:
    """Run a gateway of some processes in front of an upstream, with the service credential `token`.

    `program` is the module that runs in the place of `dexter serve`, with its arguments.
    """
    with tempfile.TemporaryDirectory() as made:
        home = folder or Path(made)
        port, access = free_port(), "dexter-bench-access-token"
        environment = {
            "DEXTER_DATA_DIR": str(home), "DEXTER_PORT": str(port), "DEXTER_ACCESS_TOKEN": access,
            "SENTRY_BASE_URL": upstream, "SENTRY_ORG": ORGANIZATION, **settings,
        }  # fmt: skip
        if token is not None:
            environment["SENTRY_API_TOKEN"] = token
        log = home / "gateway.log"
        program = program or ("dexter.cli", "serve", "--workers", str(workers))
        with running(program, environment, log) as process:
            url = f"http://127.0.0.1:{port}"
            wait_until_up(f"{url}/health", process, log)
            yield Gateway(url, access, process, log)


@dataclass(slots=True)
class Redis:
    """A Redis that can be killed and brought back."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Run it, with whatever it last saved: nothing."""
        server = os.environ.get("DEXTER_TEST_REDIS_SERVER") or shutil.which("redis-server")
        assert server, "redis-server is not installed; see tools/ensure-redis.sh"
        quiet = ("--save", "", "--appendonly", "no", "--loglevel", "warning", "--dir", str(self.folder))
        command = [server, "--port", str(self.port), "--bind", "127.0.0.1", *quiet]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        limit = time.monotonic() + START_LIMIT_S
        while time.monotonic() < limit and self.process.poll() is None:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as probe:
                probe.sendall(b"PING\r\n")
                if probe.recv(5) == b"+PONG":
                    return
            time.sleep(0.02)
        raise RuntimeError("redis-server did not come up")

    def kill(self) -> None:
        """End it as a power failure does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def running_redis() -> Iterator[Redis]:
    """Run a Redis on a free port, which keeps nothing on disk."""
    with tempfile.TemporaryDirectory() as made:
        redis = Redis(free_port(), Path(made))
        redis.start()
        try:
            yield redis
        finally:
            redis.kill()
