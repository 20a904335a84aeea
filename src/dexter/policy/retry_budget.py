"""How many retries the whole process may make, so that a Sentry in trouble is not asked all the more."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BudgetRule:
    """Every call earns a share of a retry, and a floor keeps a quiet process able to retry at all."""

    share: float = 0.1
    """Retries that one call earns: 0.1 is one in ten."""
    floor_per_s: float = 1.0
    """Retries earned every second besides."""
    most: float = 20.0
    """What can be saved up."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What is left, at a monotonic second."""

    retries: float
    at: float


def full(rule: BudgetRule, now: float) -> Budget:
    """Give the budget of a process that begins."""
    return Budget(rule.most, now)


def earned(budget: Budget, rule: BudgetRule, now: float, *, calls: int = 0) -> Budget:
    """Give the budget after some calls were made and time has passed."""
    grown = budget.retries + calls * rule.share + max(0.0, now - budget.at) * rule.floor_per_s
    return Budget(min(rule.most, grown), max(now, budget.at))


def spent(budget: Budget, rule: BudgetRule, now: float) -> Budget | None:
    """Give the budget after one retry, or None when it does not allow one."""
    grown = earned(budget, rule, now)
    return Budget(grown.retries - 1, grown.at) if grown.retries >= 1 else None
