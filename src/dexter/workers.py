"""`dexter serve --workers N`: several processes on one port, each replaced when it dies, all ended together.

The parent serves nothing and imports little. It holds the listening sockets, so that a worker that dies takes no
waiting connection along, and starts another in its place. Told to stop, it closes the door and lets every worker
finish what is under way.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dexter.data_dir import made
from dexter.database.upgrade import prepare
from dexter.errors import SettingsError
from dexter.gateway import access_token
from dexter.listening import greet, listening_for
from dexter.observe.board import fresh_folder
from dexter.settings import own_environment
from dexter.supervise import die_with

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping
    from pathlib import Path

    from dexter.settings import Settings

TICK_S = 0.1
GRACE_S = 10.0
"""How much longer than a request may take a worker has to end before it is killed."""
SHORT_LIFE_S = 5.0
"""A worker that dies younger failed to start; the next one waits, twice as long each time."""
LONGEST_PAUSE_S = 30.0
MISTAKEN = 2
"""The exit status of a worker that cannot start with these settings; another one could not either."""


@dataclass(slots=True)
class Worker:
    """One place among the workers, and the process that fills it."""

    listener: socket.socket
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0.0
    failures: int = 0

    def start(self, board: Path, environment: Mapping[str, str]) -> None:
        """Fill the place with a new process."""
        parent, door = os.getpid(), self.listener.fileno()
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 (our own interpreter and module)
            (sys.executable, "-m", "dexter.cli", "serve", "--listener", str(door), "--board", str(board)),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            pass_fds=(door,),
            # An interrupt from the keyboard reaches the parent alone, which then ends its workers in order.
            start_new_session=True,
            preexec_fn=lambda: die_with(parent),  # noqa: PLW1509 (this process has one thread)
        )

    def pause_s(self) -> float:
        """Give how long to wait, since its last start, before the place is filled anew."""
        return min(LONGEST_PAUSE_S, 0.5 * 2**self.failures) if self.failures else 0.0


class Workers:
    """Keeps all places filled until told to stop."""

    def __init__(self, listeners: list[socket.socket], board: Path, environment: Mapping[str, str]) -> None:
        self._workers = [Worker(listener) for listener in listeners]
        self._board = board
        self._environment = environment
        self._is_over = False

    def request_stop(self, *_: object) -> None:
        """End everything soon; safe to call from a signal handler."""
        self._is_over = True

    def run(self) -> int:
        """Start all workers and replace those that die, until told to stop or none can start; give the exit status."""
        for worker in self._workers:
            worker.start(self._board, self._environment)
        while not self._is_over:
            time.sleep(TICK_S)
            for worker in self._workers:
                if not self._keep(worker):
                    return MISTAKEN
        return 0

    def stop(self, grace_s: float) -> None:
        """Close the door, let every worker finish what is under way, and kill those that do not end in time."""
        for worker in self._workers:
            worker.listener.close()
        running = [worker.process for worker in self._workers if worker.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + grace_s
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _keep(self, worker: Worker) -> bool:
        """Fill a place whose process ended; False when the settings are at fault."""
        if worker.process is not None:
            status = worker.process.poll()
            if status is None:
                return True
            lived_s = time.monotonic() - worker.started_at
            worker.failures = worker.failures + 1 if lived_s < SHORT_LIFE_S else 0
            worker.process = None
            if status == MISTAKEN:
                return False
            sys.stderr.write(f"A worker ended (status {status}) after {lived_s:.0f} s; another takes its place.\n")
        if time.monotonic() - worker.started_at >= worker.pause_s():
            worker.start(self._board, self._environment)
        return True


def run_workers(settings: Settings, count: int) -> int:
    """Serve with several processes until interrupted, and give the exit status.

    Raises SettingsError when the port is taken or Sentry is not named.
    """
    if settings.sentry_base_url is None:
        raise SettingsError(
            "SENTRY_BASE_URL is not set, so there is no Sentry to stand in front of.",
            remedy="Set it to your Sentry's address, or run `dexter up` for one of your own to try things on.",
        )
    made(settings.data_dir)
    prepare(settings.database)
    key = access_token.key_of(settings.data_dir, settings.secret_key)
    token = settings.access_token or access_token.access_token(key)
    with listening_for(count, settings.host, settings.port, "DEXTER_PORT") as listeners:
        workers = Workers(listeners, fresh_folder(settings.data_dir), own_environment())
        signal.signal(signal.SIGINT, workers.request_stop)
        signal.signal(signal.SIGTERM, workers.request_stop)
        greet(settings, token, listeners[0], count)
        try:
            return workers.run()
        finally:
            workers.stop(settings.request_deadline_s + GRACE_S)
