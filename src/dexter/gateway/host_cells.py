"""Opens the cells in which the processes of a host share what they find out about the Sentry they stand before."""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING

from dexter.gateway.probes import CONTACT
from dexter.policy.call_class import CallClass
from dexter.stores.cells import HostCells
from dexter.upstream.breakers import cell_of
from dexter.upstream.findings import CAPABILITIES, PROBE, SWITCHED_OFF

if TYPE_CHECKING:
    from pathlib import Path

    from dexter.observe.promises import Promises

SHARED_BREAKERS = "shared-breakers"
"""The promise that all processes of a host leave alone, together, what fails."""

CELLS = (*map(cell_of, CallClass), CAPABILITIES, PROBE, SWITCHED_OFF, CONTACT)


def host_cells(data_dir: Path, base_url: str, promises: Promises) -> HostCells:
    """Give the cells of the host's processes before one Sentry; a promise is suspended while they cannot be had."""
    # Whoever stands before another Sentry, or knows other things of it, has another file.
    layout = blake2b("\n".join((base_url, *CELLS)).encode(), digest_size=8).hexdigest()
    return HostCells(data_dir / f"sentry-{layout}.shared", CELLS, partial(_tell, promises))


def _tell(promises: Promises, is_alone: bool) -> None:
    if is_alone:
        promises.suspend(SHARED_BREAKERS, "the disk holds no file to share; each process judges Sentry alone")
    else:
        promises.restore(SHARED_BREAKERS)
