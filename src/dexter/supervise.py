"""`dexter up`: a sandbox, the gateway and demo traffic as children of one process, which live and end together."""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dexter.data_dir import made
from dexter.errors import SettingsError
from dexter.gateway import access_token
from dexter.settings import REMOVED, TABLE, Settings, own_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import TextIO

LOOPBACK = "127.0.0.1"
DATABASE_FILE = "sandbox.sqlite3"
LOCK_FILE = "up.lock"
DEMO_LOG = "demo.log"
"""The shop's own log: an application in trouble says a lot."""

ORGANIZATION = "acme"
WEBHOOKS = "/webhooks/sentry"
"""Where the gateway takes the sandbox's webhooks in."""

START_S = 120.0
"""How long a child may take until it answers; a first start grows a whole organization."""
STOP_S = 10.0
"""How long a child may take to end by itself."""
RESTARTS = 3
"""How often one child is started anew before all ends."""
TICK_S = 0.2
READY_TICK_S = 0.05
"""How often it is looked whether a child answers: somebody waits for it."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What `dexter up` is told."""

    seed: int = 42
    issues: int = 500
    traffic: bool = True


@dataclass(slots=True)
class Child:
    """One process under supervision.

    `ready_url` answers once it can be used; all end with one that is `essential`; what it says goes to `log`, or to
    this process's own standard error.
    """

    name: str
    arguments: tuple[str, ...]
    ready_url: str | None = None
    essential: bool = True
    log: Path | None = None
    starts: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it, or start it anew."""
        self.starts += 1
        parent = os.getpid()
        log = None if self.log is None else self.log.open("ab" if self.starts > 1 else "wb")
        self.process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            (sys.executable, *self.arguments),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            # What a child says at its start holds tokens, and the panel says all of it in one place.
            stdout=subprocess.DEVNULL,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: die_with(parent),  # noqa: PLW1509 (this process has one thread)
        )
        if log is not None:
            log.close()

    def ended(self) -> int | None:
        """Give its exit status, or None while it runs."""
        return None if self.process is None else self.process.poll()

    def stop(self) -> None:
        """End it, gently first."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Stopped(Exception):
    """Somebody asked for the end."""


class Supervisor:
    """Keeps children running until told to stop, or until one of them cannot be kept."""

    def __init__(self, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
        self._environment = environment
        self._say = say
        self._children: list[Child] = []
        self._stop = threading.Event()

    def request_stop(self, *_: object) -> None:
        """End everything soon; safe to call from a signal handler."""
        self._stop.set()

    def start(self, child: Child) -> None:
        """Start a child and look after it from here on."""
        child.start(self._environment)
        self._children.append(child)

    def wait_until_ready(self, child: Child) -> None:
        """Wait until a child answers. Raises SettingsError if it ends or takes too long, Stopped if told to stop."""
        deadline = time.monotonic() + START_S
        while not (child.ready_url and _answers(child.ready_url)):
            status = child.ended()
            if status is not None:
                raise SettingsError(f"The {child.name} did not start: it ended with status {status}.", remedy=_ABOVE)
            if time.monotonic() > deadline:
                raise SettingsError(f"The {child.name} did not answer within {START_S:g} s.", remedy=_ABOVE)
            self._pause(READY_TICK_S)

    def watch(self) -> int:
        """Watch until told to stop; give the exit status: 0, or 1 when an essential child could not be kept."""
        try:
            while True:
                self._pause()
                for child in self._children:
                    if child.ended() is not None and not self._revive(child):
                        return 1
        except Stopped:
            return 0

    def stop(self) -> None:
        """End all children, the last started first."""
        for child in reversed(self._children):
            child.stop()

    def _revive(self, child: Child) -> bool:
        status = child.ended()
        if child.starts > RESTARTS:
            self._say(f"The {child.name} ended again (status {status}).")
            if child.essential:
                self._say("It cannot be kept running, so everything ends.")
                return False
            self._children.remove(child)
            return True
        self._say(f"The {child.name} ended (status {status}); starting it anew.")
        child.start(self._environment)
        return True

    def _pause(self, seconds: float = TICK_S) -> None:
        if self._stop.wait(seconds):
            raise Stopped


_ABOVE = "What it said itself stands above."


def run_up(settings: Settings, options: UpOptions) -> int:
    """Run everything until interrupted and give the exit status. Raises SettingsError when a part cannot start."""
    settings = replace(
        settings,
        port=_free_port(settings.host, settings.port, "DEXTER_PORT"),
        sandbox_port=_free_port(LOOPBACK, settings.sandbox_port, "DEXTER_SANDBOX_PORT"),
    )
    alone = _only_one(made(settings.data_dir))
    key = access_token.key_of(settings.data_dir, settings.secret_key)
    supervisor = Supervisor(child_environment(own_environment(), settings, key), _say)
    signal.signal(signal.SIGINT, supervisor.request_stop)
    signal.signal(signal.SIGTERM, supervisor.request_stop)
    try:
        _start_all(supervisor, settings, options, key)
        return supervisor.watch()
    except Stopped:
        return 0
    finally:
        supervisor.stop()
        alone.close()
        _say("Stopped.")


def _only_one(data_dir: Path) -> TextIO:
    """Give what keeps every other `dexter up` from the same folder: two sandboxes would share one database."""
    held = (data_dir / LOCK_FILE).open("w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held.close()
        raise SettingsError(
            f"DEXTER_DATA_DIR: another `dexter up` runs with {data_dir}.",
            remedy="Stop that one, or set DEXTER_DATA_DIR to another folder.",
        ) from error
    return held


def _start_all(supervisor: Supervisor, settings: Settings, options: UpOptions, key: bytes) -> None:
    database = settings.data_dir / DATABASE_FILE
    sandbox, gateway, demo = children(settings, options, database)
    if not database.exists() and options.issues:
        _say(f"First start: growing an organization with {options.issues} issues ...")
    # Side by side, since the gateway asks the sandbox nothing before somebody asks the gateway.
    for child in (sandbox, gateway):
        supervisor.start(child)
    for child in (sandbox, gateway):
        supervisor.wait_until_ready(child)
    _say(panel(settings, settings.access_token or access_token.access_token(key), traffic=options.traffic))
    if options.traffic:
        # Last: nobody waits for it, and it would slow down those that somebody waits for.
        supervisor.start(demo)


def children(settings: Settings, options: UpOptions, database: Path) -> tuple[Child, Child, Child]:
    """Give the sandbox, the gateway and the demo's traffic, none of them started."""
    sandbox_url = f"http://{LOOPBACK}:{settings.sandbox_port}"
    grown = ("--seed", str(options.seed), "--issues", str(options.issues), "--db", str(database))
    gateway_url = f"http://{_reachable(settings.host)}:{settings.port}"
    # What they are signed with stands in the environment, where the gateway reads it, too.
    telling = ("--webhook", f"{gateway_url}{WEBHOOKS}")
    sandbox = Child("sandbox", ("-m", "dexter.cli", "sandbox", *telling, *grown), f"{sandbox_url}/api/0/")
    gateway = Child("gateway", ("-m", "dexter.cli", "serve"), f"{gateway_url}/health")
    demo = Child(
        "demo traffic",
        ("-m", "dexter.demo", "--sandbox", sandbox_url),
        essential=False,
        log=settings.data_dir / DEMO_LOG,
    )
    return sandbox, gateway, demo


def child_environment(environment: Mapping[str, str], settings: Settings, key: bytes) -> dict[str, str]:
    """Give the children's environment: this one's, with the Sentry in it replaced by the sandbox."""
    known = {name for setting in TABLE for name in (setting.key, *setting.older) if "SENTRY" in setting.key}
    kept = {name: value for name, value in environment.items() if name not in known and name not in REMOVED}
    return (
        {"DEXTER_LOG_LEVEL": "warning"}
        | kept
        | {
            "DEXTER_PORT": str(settings.port),
            "DEXTER_SANDBOX_PORT": str(settings.sandbox_port),
            "SENTRY_BASE_URL": f"http://{LOOPBACK}:{settings.sandbox_port}",
            # Never the environment's own, which belongs to a real Sentry; derived, so that it is at rest nowhere.
            "SENTRY_API_TOKEN": access_token.fingerprint(key, "sandbox", "owner token"),
            "SENTRY_WEBHOOK_SECRET": access_token.fingerprint(key, "sandbox", "webhook secret"),
            "SENTRY_ORG": settings.sentry_org or ORGANIZATION,
            "PYTHONUNBUFFERED": "1",
        }
    )


def panel(settings: Settings, token: str, *, traffic: bool = True) -> str:
    """Give the text that says how to reach everything. The token stands apart from the address on purpose."""
    about = "Sentry in a box, live demo traffic" if traffic else "Sentry in a box"
    rows = (
        ("Workbench", f"http://localhost:{settings.port}/"),
        ("Access token", token),
        ("API", f"http://localhost:{settings.port}/docs"),
        ("Sandbox", f"http://localhost:{settings.sandbox_port}/  ({about})"),
        ("State", str(settings.data_dir)),
        ("Stop", "Ctrl+C"),
    )
    lines = ["Dexter is running", *(f"{name:<13} {value}" for name, value in rows)]
    lines += [f"Note          {warning}" for warning in settings.warnings]
    width = max(map(len, lines))
    edge = "─" * (width + 4)
    return "\n".join((f"┌{edge}┐", *(f"│  {line:<{width}}  │" for line in lines), f"└{edge}┘"))


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _reachable(host: str) -> str:
    """Give where this machine reaches what listens on a host."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 (compared, not bound)
        return LOOPBACK
    return f"[{host}]" if ":" in host else host


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 (our own loopback address)
            return bool(response.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _free_port(host: str, port: int, key: str) -> int:
    """Give the port, or a free one for 0. Raises SettingsError naming the setting when something listens there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"{key}: cannot listen on {host}:{port}: {error.strerror}.",
                remedy=f"Stop what listens there (another `dexter up`?), or set {key} to another port.",
            ) from error
        return int(probe.getsockname()[1])


def die_with(parent: int) -> None:
    """Ask Linux to end this process when its parent ends, however that happens; elsewhere this does nothing."""
    if not sys.platform.startswith("linux"):
        return
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)
