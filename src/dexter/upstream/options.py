"""What can be set on the way to Sentry, with its defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

from dexter.policy.breaker import BreakerRule
from dexter.policy.retry import RetryRule
from dexter.policy.retry_budget import BudgetRule

MB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class StackOptions:
    """Limits of the stages."""

    request_s: float = 30.0
    """How long a request may take as a whole; uploads and downloads that make progress may take longer."""
    attempt_s: float = 10.0
    """How long one attempt may take, and how long a body on its way may stand still."""
    upload_idle_s: float = 60.0
    """How long a caller may pause while it sends a body."""
    whole_body_bytes: int = 8 * MB
    """Up to which size a Sentry client's JSON answer is read whole, checked and stored; larger ones stream through."""
    largest_body_bytes: int = 64 * MB
    """The largest answer that Dexter's own features read."""
    ahead_share: float = 0.25
    """How much may be asked ahead for each read by a person; 0 for nothing."""
    stand_in_after_s: float = 1.5
    """How long Sentry is waited for when there is an old answer to give instead."""
    breaker: BreakerRule = field(default_factory=BreakerRule)
    """When a part of Sentry that keeps failing is left alone, and for how long."""
    retry: RetryRule = field(default_factory=RetryRule)
    """How often a read is sent again."""
    retry_budget: BudgetRule = field(default_factory=BudgetRule)
    """How many retries all calls together may make."""
    connections: int = 100
    """How many calls may be under way at once; each class of calls has its share."""


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """How connections to Sentry are made."""

    connections: int = 100
    """How many connections to Sentry may be open at once."""
    connect_s: float = 5.0
    """How long a connection may take to be made."""
    trust_proxy_environment: bool = False
    """Whether HTTP_PROXY and its like are obeyed."""
