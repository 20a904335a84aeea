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
    remedy = "Wait, then sign in with the access token that Dexter printed, or your e-mail address and password."

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Too many sign-in attempts failed. Try again in {retry_after_s} seconds.")
        self.retry_after_s = retry_after_s


class SignInThrottle:
    """Counts failed attempts per key in a sliding window: an address, an account. Forgets the oldest beyond a bound."""

    def __init__(
        self, clock: Callable[[], float], *, attempts: int = 10, window_s: float = 60.0, keys: int = 4096
    ) -> None:
        self._clock = clock
        self._attempts = attempts
        self._window_s = window_s
        self._keys = keys
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def attempt(self, *keys: str) -> None:
        """Count an attempt; raise TooManyAttempts if one of the keys has used up its attempts.

        It counts before anybody knows how it ends: otherwise many at once would all be let in.
        """
        for key in keys:
            failures = self._recent(key)
            if len(failures) >= self._attempts:
                raise TooManyAttempts(max(1, round(failures[0] + self._window_s - self._clock())))
        for key in keys:
            self._count(key)

    def succeeded(self, *keys: str) -> None:
        """Forget the failures of those who proved themselves."""
        for key in keys:
            self._failures.pop(key, None)

    def _count(self, key: str) -> None:
        failures = self._recent(key)
        failures.append(self._clock())
        self._failures[key] = failures
        self._failures.move_to_end(key)
        while len(self._failures) > self._keys:
            self._failures.popitem(last=False)

    def _recent(self, key: str) -> deque[float]:
        failures = self._failures.get(key, deque())
        horizon = self._clock() - self._window_s
        while failures and failures[0] <= horizon:
            failures.popleft()
        return failures
