"""What can be set on the way to Sentry, with its defaults."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class TransportOptions:
    """How connections to Sentry are made."""

    connections: int = 100
    """How many connections to Sentry may be open at once."""
    connect_s: float = 5.0
    """How long a connection may take to be made."""
    trust_proxy_environment: bool = False
    """Whether HTTP_PROXY and its like are obeyed."""
