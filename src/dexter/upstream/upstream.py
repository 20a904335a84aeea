"""One Sentry: where it is, and with what Dexter itself may ask it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from dexter.errors import SettingsError
from dexter.wire import Credential

_PORTS = {"http": 80, "https": 443}


NO_CREDENTIAL = Credential(None)


@dataclass(frozen=True, slots=True)
class Upstream:
    """A Sentry server. `base_url` has no trailing slash and may have a path; credentials go to its origin only."""

    base_url: str
    credential: Credential = NO_CREDENTIAL
    org: str | None = None
    project: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.query or parts.fragment:
            raise SettingsError(
                f"SENTRY_BASE_URL is {self.base_url!r}; permitted is an address such as https://sentry.io"
            )
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))

    @property
    def base_path(self) -> str:
        """Give the path that stands before every address of this Sentry; empty for most."""
        return urlsplit(self.base_url).path

    def address(self, path: str, query: str) -> str:
        """Give the full address of a path and query that are percent-encoded already."""
        return f"{self.base_url}{path}?{query}" if query else f"{self.base_url}{path}"

    def own_target(self, location: str, path: str) -> tuple[str, str] | None:
        """Give path and query of where a redirect from `path` leads, or None when it leaves this Sentry."""
        try:
            target = urlsplit(urljoin(self.address(path, ""), location))
            here = urlsplit(self.base_url)
            same_origin = _origin(target.scheme, target.hostname, target.port) == _origin(
                here.scheme, here.hostname, here.port
            )
        except ValueError:
            return None
        if not same_origin or target.username or not target.path.startswith(f"{self.base_path}/"):
            return None
        return target.path[len(self.base_path) :], target.query


def _origin(scheme: str, host: str | None, port: int | None) -> tuple[str, str, int]:
    return scheme, (host or "").lower(), port or _PORTS.get(scheme, 0)
