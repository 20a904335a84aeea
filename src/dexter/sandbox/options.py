"""How a sandbox is started."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """Everything a sandbox wants to know before it starts."""

    host: str = "127.0.0.1"
    """The address to listen on; the sandbox has no business outside this machine."""
    port: int = 9000
    """The port to listen on; 0 takes any free one."""
    database: str = ":memory:"
    """A file that keeps the state between starts, or `:memory:` to forget it."""
    organization: str = "acme"
    """The slug of the organization that a new database gets."""
    owner_token: str | None = field(default=None, repr=False)
    """The token with every right; None makes a new one at each start."""
    seed: int = 42
    """What the believable organization grows from: the same seed gives the same organization."""
    issues: int = 0
    """How many issues a new database is seeded with; 0 leaves an organization with two silent projects."""
    index_lag_s: float = 0.0
    """How long the search index trails behind writes and new issues, in seconds."""
    profile: str | None = None
    """Which Sentry it stands for: a name of `profiles.yaml`; None serves everything it knows."""
    public_url: str | None = None
    """Sentry's address in Link headers, permalinks and DSNs; None takes the one a request came to."""
    webhook_url: str | None = None
    """Where changes are told, as Sentry tells an installed app; None tells nobody."""
    webhook_secret: str | None = field(default=None, repr=False)
    """What webhooks are signed with."""
