"""When a failed request is worth another try, as both faces say it in `Retry-After`."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from dexter.errors import RateLimited

if TYPE_CHECKING:
    from dexter.errors import DexterError
    from dexter.wire import Headers


def retry_after(error: DexterError, now: float) -> Headers:
    """Give the header for an error at the epoch second `now`; none where nobody knows.

    Rounded up: who comes back a fraction of a second early would be refused again.
    """
    wait_s = _wait_s(error, now)
    return () if wait_s is None else (("retry-after", str(max(1, ceil(wait_s)))),)


def _wait_s(error: DexterError, now: float) -> float | None:
    if isinstance(error, RateLimited):
        # Epoch seconds have no exact fraction of a microsecond; what is a whole second must stay one.
        return round(error.until - now, 6)
    # Whoever knows it says so: Sentry's failures, the throttle of sign-ins, a database that does not answer.
    known: float | None = getattr(error, "retry_after_s", None)
    return known
