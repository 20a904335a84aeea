"""A gateway for which time passes faster: `python -m bench.trace_gateway FACTOR`.

A trace that is replayed FACTOR times as fast would find everything FACTOR times as fresh. So the clock by which stored
answers age runs faster by the same factor, and the time for which search is taken to lag behind a write is shorter by
it. Time limits and pauses stay real seconds, since Sentry's latency does. Everything else is `dexter serve`.
"""

from __future__ import annotations

import sys
import time
from functools import partial

from dexter import serve
from dexter.settings import read_settings
from dexter.upstream import cached, purging
from dexter.upstream.clock import SystemClock


class FastClock(SystemClock):
    """Its epoch runs faster from the moment it is made; its monotonic seconds are real."""

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._began = time.time()

    def now(self) -> float:
        """Give the epoch second of the fast time."""
        return self._began + (time.time() - self._began) * self._factor


def main() -> None:
    """Serve until interrupted."""
    factor = float(sys.argv[1])
    purging.LAG_S /= factor  # type: ignore[attr-defined]
    cached.AGEING /= factor
    serve.create_app = partial(serve.create_app, clock=FastClock(factor))  # type: ignore[attr-defined]
    serve.run_server(read_settings())


if __name__ == "__main__":
    main()
