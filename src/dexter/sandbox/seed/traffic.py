"""When errors happen: the organization's day and week, releases that spike, and issues that come and go."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

HOUR_S = 3600
DAY_S = 86400
WINDOW_DAYS = 14
"""Hour by hour back to here; before it, one point a day."""

SHAPES = ("steady", "burst", "growing", "fading", "release", "rare")


@dataclass(frozen=True, slots=True)
class Life:
    """An issue's span and how its events lie in it."""

    first: float
    last: float
    total: int
    shape: str


def tide(epoch_s: float) -> float:
    """Give how busy an hour is, 1.0 on average over a working day: days over nights, weekdays over weekends."""
    hour = (epoch_s % DAY_S) / HOUR_S
    day = 1.0 + 0.75 * math.cos((hour - 15) / 24 * 2 * math.pi)
    weekday = int(epoch_s // DAY_S + 3) % 7
    return day * (0.55 if weekday >= 5 else 1.0)


def surge(epoch_s: float, releases: Sequence[float]) -> float:
    """Give how much the releases before a moment still stir things up: much in the first hours, little after a day."""
    ages = (epoch_s - moment for moment in releases if 0 <= epoch_s - moment < 36 * HOUR_S)
    return sum(3.0 * math.exp(-age / (5 * HOUR_S)) for age in ages)


class Climate:
    """A project's tides and surges by hour, each reckoned once."""

    def __init__(self, releases: Sequence[float]) -> None:
        self._releases = releases
        self._hours: dict[int, tuple[float, float]] = {}

    def at(self, hour: int) -> tuple[float, float]:
        """Give an hour's tide and surge."""
        found = self._hours.get(hour)
        if found is None:
            found = self._hours[hour] = (tide(hour), surge(hour, self._releases))
        return found


def draw_life(rng: random.Random, now: float) -> Life:
    """Give a life: a few minutes old, a few hours, days, or older than the window; log-normal in its number."""
    band = rng.random()
    if band < 0.03:
        age = rng.uniform(120, HOUR_S)
    elif band < 0.12:
        age = rng.uniform(HOUR_S, DAY_S)
    elif band < 0.40:
        age = rng.uniform(DAY_S, 7 * DAY_S)
    elif band < 0.68:
        age = rng.uniform(7 * DAY_S, WINDOW_DAYS * DAY_S)
    else:
        age = rng.uniform(WINDOW_DAYS * DAY_S, 29 * DAY_S)
    first = now - age
    alive = rng.random() < 0.62 or age < HOUR_S
    last = now - rng.expovariate(1 / min(5400, age / 3)) if alive else now - rng.uniform(0.05, 0.9) * age
    shape = rng.choices(SHAPES, (30, 18, 8, 18, 16, 10))[0]
    total = max(1, min(250_000, round(rng.lognormvariate(3.7, 2.0) * min(1.0, 0.15 + age / (3 * DAY_S)))))
    if shape == "rare":
        total = min(total, 12)
    return Life(first, min(now - 1, max(last, first)), total, shape)


def spread(rng: random.Random, life: Life, count: int, now: float, climate: Climate) -> dict[int, int]:
    """Give how many of `count` events fell into which hour (the epoch second of its start)."""
    hours = _hours(life, now)
    weights = [_weight(hour, life, *climate.at(hour)) * (0.6 + 0.8 * rng.random()) for hour in hours]
    if count < 3 * len(hours):
        found: dict[int, int] = {}
        for hour in rng.choices(hours, weights, k=count):
            found[hour] = found.get(hour, 0) + 1
        return found
    scale = count / sum(weights)
    shares = {hour: int(weight * scale) for hour, weight in zip(hours, weights, strict=True)}
    rest = count - sum(shares.values())
    shares[max(shares, key=lambda hour: shares[hour])] += rest
    return {hour: share for hour, share in shares.items() if share}


def _hours(life: Life, now: float) -> list[int]:
    start, end = int(life.first // HOUR_S) * HOUR_S, int(life.last // HOUR_S) * HOUR_S
    window = int((now - WINDOW_DAYS * DAY_S) // HOUR_S) * HOUR_S
    hours = list(range(max(start, window), end + 1, HOUR_S))
    return [*range(start, min(window, end), DAY_S), *hours] or [end]


def _weight(hour: int, life: Life, usual: float, stirred: float) -> float:
    span = max(HOUR_S, life.last - life.first)
    part = min(1.0, max(0.0, (hour - life.first) / span))
    weight = usual + 0.25 * stirred
    match life.shape:
        case "burst":
            return weight * (math.exp(-12 * part) + 0.01)
        case "growing":
            return weight * (0.1 + part * part)
        case "fading":
            return weight * (1.05 - part)
        case "release":
            return 0.1 * weight + stirred
        case _:
            return weight
