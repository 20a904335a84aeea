"""Which process is alive, as far as this host can tell: each holds a lock on a file that the system frees at its end.

A lease alone would keep the jobs of a killed process waiting until it runs out, also when the process that replaces
it starts at once.
"""

from __future__ import annotations

import fcntl
import os
import socket
from typing import IO, TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "executors"


class Executor:
    """This process, under a name that no other ever has."""

    def __init__(self, data_dir: Path) -> None:
        self.name = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:12]}"
        self._folder = data_dir / FOLDER
        self._file: IO[bytes] | None = None

    def begin(self) -> None:
        """Show that this process is alive, from here on."""
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = self._path(self.name).open("ab")
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def end(self) -> None:
        """Show that it is no more."""
        if self._file is not None:
            self._path(self.name).unlink(missing_ok=True)
            self._file.close()
            self._file = None

    def is_dead(self, name: str) -> bool:
        """Whether the process of a name certainly lives no more. Of other hosts' nobody here can tell."""
        if name == self.name or "/" in name:
            return False
        path = self._path(name)
        try:
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except OSError:
            return False  # there is no such file on this host, or its process holds it
        return True

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.lock"
