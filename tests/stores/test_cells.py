"""Small values that processes share: never torn, never lost, and no reason to fail when they cannot be shared."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from dexter.stores.cells import CELL_BYTES, LARGEST_BYTES, Cell, Cells, HostCells, OwnCells

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("one", "other")
COUNTING = """
import sys
from pathlib import Path
from dexter.stores.cells import HostCells

cells = HostCells(Path(sys.argv[1]), ("one", "other"))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(2000):
    cells.change("one", lambda value: b"%d" % (int(value or b"0") + 1))
"""


@pytest.fixture(params=["host", "own"])
def cells(request: pytest.FixtureRequest, tmp_path: Path) -> Cells:
    return HostCells(tmp_path / "cells", NAMES) if request.param == "host" else OwnCells()


def test_a_value_is_made_of_the_one_before(cells: Cells) -> None:
    """Whoever changes one sees what it replaces, and nobody else's is touched."""
    assert cells.read("one") == b""
    assert cells.change("one", lambda value: value + b"a") == (b"", b"a")
    assert cells.change("one", lambda value: value + b"b") == (b"a", b"ab")
    assert (cells.read("one"), cells.read("other")) == (b"ab", b"")


def test_what_one_process_writes_the_others_read_at_once(tmp_path: Path) -> None:
    """Also who comes later, and after all have gone."""
    here, there = (HostCells(tmp_path / "cells", NAMES) for _ in range(2))
    here.change("other", lambda _: b"known")
    assert there.read("other") == b"known"
    del here, there
    assert HostCells(tmp_path / "cells", NAMES).read("other") == b"known"


def test_no_change_of_several_processes_is_lost(tmp_path: Path) -> None:
    """Failures that add up are the point of it."""
    command = [sys.executable, "-c", COUNTING, str(tmp_path / "cells")]
    counting = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    for process in counting:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    ended = [process.communicate(b"go\n")[1] for process in counting]
    assert ended == [b"", b""]
    assert HostCells(tmp_path / "cells", NAMES).read("one") == b"4000"


def tear(path: Path) -> None:
    """Leave the first cell half written."""
    with path.open("r+b") as file:
        file.seek(CELL_BYTES)
        file.write(b"\x01")


def test_a_thread_that_reads_waits_for_the_other_half_of_a_value(tmp_path: Path) -> None:
    """Figures are put together beside the event loop, and must not take a change in the midst for a broken one."""
    path = tmp_path / "cells"
    cells = HostCells(path, NAMES)
    cells.change("one", lambda _: b"old")
    seen: list[bytes] = []
    reader = threading.Thread(target=lambda: seen.append(cells.read("one")))

    def decide(_: bytes) -> bytes:
        tear(path)
        reader.start()
        reader.join(0.1)
        return b"new"

    cells.change("one", decide)
    reader.join()
    assert (seen, cells.read("one")) == ([b"new"], b"new")


def test_a_half_written_value_counts_as_none(tmp_path: Path) -> None:
    """Its process was killed in the midst; the next change heals it."""
    path = tmp_path / "cells"
    cells = HostCells(path, NAMES)
    cells.change("one", lambda _: b"whole")
    tear(path)
    assert cells.read("one") == b""
    cells.change("one", lambda value: value + b"anew")
    assert cells.read("one") == b"anew"


def test_a_length_that_cannot_be_reads_as_nothing(tmp_path: Path) -> None:
    """What is read is a file, which anybody may have written to."""
    path = tmp_path / "cells"
    cells = HostCells(path, NAMES)
    with path.open("r+b") as file:
        file.seek(CELL_BYTES)
        file.write(b"\xff" * 8)
    assert cells.read("one") == b""
    with pytest.raises(ValueError, match="no room"):
        cells.change("one", lambda _: bytes(LARGEST_BYTES + 1))


def test_without_a_file_a_process_has_values_of_its_own_and_says_so(tmp_path: Path) -> None:
    """A disk that is full or read-only is no reason not to serve; and it is used as soon as it can be."""
    said: list[bool] = []
    blocked = tmp_path / "folder"
    blocked.write_bytes(b"no folder")
    cells = HostCells(blocked / "cells", NAMES, said.append)
    cells.change("one", lambda _: b"own")
    assert (cells.read("one"), said) == (b"own", [True])


def test_a_lock_that_is_never_let_go_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was stopped in the midst of a change must not stop the others."""
    monkeypatch.setattr("dexter.stores.cells.PATIENCE_S", 0.0)
    monkeypatch.setattr("dexter.stores.cells.RETRY_S", 0.0)
    said: list[bool] = []
    path = tmp_path / "cells"
    cells = HostCells(path, NAMES, said.append)
    cells.change("one", lambda _: b"shared")
    stopped = os.open(path, os.O_RDWR)
    fcntl.flock(stopped, fcntl.LOCK_EX)
    cells.change("one", lambda _: b"own")
    assert (cells.read("one"), said) == (b"own", [True])
    os.close(stopped)
    cells.change("other", lambda _: b"more")
    assert (cells.read("one"), cells.read("other"), said) == (b"shared", b"more", [True, False])


def test_what_has_not_changed_is_not_decoded_again_nor_written(cells: Cells) -> None:
    """It is looked at before every call."""
    decoded: list[bytes] = []

    def decode(written: bytes) -> int:
        decoded.append(written)
        return int(written or b"0")

    cell = Cell(cells, "one", lambda value: b"%d" % value, decode)
    assert [cell.value() for _ in range(3)] == [0, 0, 0]
    assert decoded == [b""]
    assert cell.change(lambda value: value) == (0, 0)
    assert cell.change(lambda value: value + 300) == (0, 300)
    assert cells.read("one") == b"300"
