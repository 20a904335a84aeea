"""What processes of a host share about Sentry, and what is said when they cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dexter.gateway.host_cells import CELLS, SHARED_BREAKERS, host_cells
from dexter.observe.board import Board
from dexter.observe.promises import Promises

if TYPE_CHECKING:
    from pathlib import Path

SENTRY = "https://sentry.example"


def test_processes_before_another_sentry_share_nothing(tmp_path: Path) -> None:
    """One that is down says nothing of the other."""
    promises = Promises(Board())
    here, there, elsewhere = (host_cells(tmp_path, url, promises) for url in (SENTRY, SENTRY, "https://other.example"))
    here.change(CELLS[0], lambda _: b"known")
    assert (there.read(CELLS[0]), elsewhere.read(CELLS[0])) == (b"known", b"")
    assert promises.suspended() == []


def test_a_folder_that_holds_no_file_suspends_a_promise(tmp_path: Path) -> None:
    """Workers that each judge by themselves must be seen to do so."""
    (tmp_path / "data").write_bytes(b"no folder")
    promises = Promises(Board())
    cells = host_cells(tmp_path / "data", SENTRY, promises)
    cells.change(CELLS[0], lambda _: b"own")
    assert cells.read(CELLS[0]) == b"own"
    (suspended,) = promises.suspended()
    assert suspended.promise == SHARED_BREAKERS
    assert "disk" in suspended.why
