"""Slows down whoever guesses tokens: a few failed attempts are free, then each caller waits."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from dexter.errors import CallerError

if TYPE_CHECKING:
    from collections.abc import Callable


class TooManyAttempts(CallerError):
    """Too many sign-in attempts failed; `retry_after_s` says how long to wait."""

    status = 429
    remedy = "Wait, then sign in with the access token that Dexter printed at its start."

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many sign-in attempts failed. Try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s


class SignInThrottle:
    """Counts failed attempts per client address in a sliding window; forgets the oldest addresses beyond a bound."""

    def __init__(
        self, clock: Callable[[], float], *, attempts: int = 10, window_s: float = 60.0, addresses: int = 4096
    ) -> None:
        self._clock = clock
        self._attempts = attempts
        self._window_s = window_s
        self._addresses = addresses
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def admit(self, address: str) -> None:
        """Raise TooManyAttempts if this address has used up its attempts."""
        failures = self._recent(address)
        if len(failures) >= self._attempts:
            raise TooManyAttempts(max(1, round(failures[0] + self._window_s - self._clock())))

    def failed(self, address: str) -> None:
        """Count a failed attempt."""
        failures = self._recent(address)
        failures.append(self._clock())
        self._failures[address] = failures
        self._failures.move_to_end(address)
        while len(self._failures) > self._addresses:
            self._failures.popitem(last=False)

    def succeeded(self, address: str) -> None:
        """Forget the failures of an address that proved itself."""
        self._failures.pop(address, None)

    def _recent(self, address: str) -> deque[float]:
        failures = self._failures.get(address, deque())
        horizon = self._clock() - self._window_s
        while failures and failures[0] <= horizon:
            failures.popleft()
        return failures
