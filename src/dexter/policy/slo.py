"""The four technical objectives: what was measured, whether it is met, and how much error budget is left."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from dexter.policy.latency import percentile_s

if TYPE_CHECKING:
    from collections.abc import Sequence

Name = Literal["latency", "errors", "hit_ratio", "coverage"]
WINDOW_DAYS = 30


@dataclass(frozen=True, slots=True)
class Objective:
    """What is promised. Of all that is counted, `allowed_share` may miss it."""

    name: Name
    title: str
    unit: Literal["ms", "ratio"]
    direction: Literal["below", "above"]
    target: float
    allowed_share: float | None


OBJECTIVES = (
    Objective("latency", "95 of 100 requests answered within 200 ms", "ms", "below", 200.0, 0.05),
    Objective("errors", "Requests that end in an error of Sentry's or Dexter's (5xx)", "ratio", "below", 0.001, 0.001),
    Objective("hit_ratio", "Cacheable reads answered without waiting for Sentry", "ratio", "above", 0.80, 0.20),
    Objective("coverage", "Sentry's public operations routed and proven", "ratio", "above", 0.90, None),
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """What was counted in some span of time. A read is one that a store may answer; a 4xx is no error."""

    requests: float = 0
    errors: float = 0
    quick: float = 0
    """Requests answered within 200 ms."""
    reads: float = 0
    hits: float = 0
    latencies: Sequence[float] = field(default=())


LEAST = 100
"""Of fewer requests nothing is concluded: the first reads of a new gateway all wait for Sentry."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How many misses the window allows, had, and has left; a budget overspent is negative."""

    allowed: float
    spent: float
    left: float


@dataclass(frozen=True, slots=True)
class Standing:
    """How an objective stands. `measured` is None where nothing was counted, `met` where it was too little to tell."""

    objective: Objective
    measured: float | None
    met: bool | None
    last_hour: float | None
    budget: Budget | None


def standings(window: Traffic, last_hour: Traffic, *, covered: int, published: int) -> tuple[Standing, ...]:
    """Give how every objective stands over the window, in the order of OBJECTIVES."""
    coverage = covered / published if published else None
    return tuple(_standing(objective, window, last_hour, coverage) for objective in OBJECTIVES)


def _standing(objective: Objective, window: Traffic, last_hour: Traffic, coverage: float | None) -> Standing:
    if objective.name == "coverage":
        return Standing(objective, coverage, _is_met(objective, coverage), coverage, None)
    measured = _measured(objective.name, window)
    is_enough = _counted(objective.name, window) >= LEAST
    return Standing(
        objective,
        measured,
        _is_met(objective, measured) if is_enough else None,
        _measured(objective.name, last_hour),
        _budget(objective, window),
    )


def _counted(name: Name, traffic: Traffic) -> float:
    return traffic.reads if name == "hit_ratio" else traffic.requests


def _measured(name: Name, traffic: Traffic) -> float | None:
    if name == "latency":
        slow_s = percentile_s(traffic.latencies, 0.95)
        return None if slow_s is None else slow_s * 1000
    if name == "errors":
        return traffic.errors / traffic.requests if traffic.requests else None
    return traffic.hits / traffic.reads if traffic.reads else None


def _is_met(objective: Objective, measured: float | None) -> bool | None:
    if measured is None:
        return None
    return measured < objective.target if objective.direction == "below" else measured > objective.target


def _budget(objective: Objective, traffic: Traffic) -> Budget | None:
    if objective.allowed_share is None:
        return None
    counted = _counted(objective.name, traffic)
    spent = {
        "latency": traffic.requests - traffic.quick,
        "errors": traffic.errors,
        "hit_ratio": traffic.reads - traffic.hits,
    }[objective.name]
    allowed = counted * objective.allowed_share
    return Budget(allowed, spent, allowed - spent)
