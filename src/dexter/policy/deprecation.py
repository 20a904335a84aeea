"""What Sentry says of an address that is on its way out, and how that is said to callers: pure.

Sentry sends `X-Sentry-Deprecation-Date` (ISO 8601) and `X-Sentry-Replacement-Endpoint` (a path). After that date the
address answers 410 now and then, for a minute or two (a brownout), and works again. Callers get the same in standard
words: `Deprecation` (RFC 9745), `Sunset` (RFC 8594) and a link to the successor (RFC 5829).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from dexter.wire import Headers, header

DATE = "X-Sentry-Deprecation-Date"
REPLACEMENT = "X-Sentry-Replacement-Endpoint"

_PATH = "/~!$&'()*+,;=:@%"


@dataclass(frozen=True, slots=True)
class Deprecation:
    """An address goes: since when (as Sentry wrote it), and what comes in its place."""

    date: str
    replacement: str | None = None

    @property
    def moment(self) -> datetime | None:
        """Give the date with its time zone, or None when it is not one."""
        try:
            parsed = datetime.fromisoformat(self.date)
        except ValueError:
            return None
        return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def deprecation(headers: Headers) -> Deprecation | None:
    """Give what an answer's headers say of its address, or None when they say nothing."""
    date = header(headers, DATE)
    if not date:
        return None
    return Deprecation(date.strip(), (header(headers, REPLACEMENT) or "").strip() or None)


def is_brownout(status: int, headers: Headers) -> bool:
    """Whether an answer says that the address is switched off for a while, not that it is gone."""
    return status == 410 and deprecation(headers) is not None


def filled(path: str, params: tuple[tuple[str, str], ...]) -> str:
    """Give a replacement's path with the placeholders whose values are known replaced by them.

    >>> filled("/organizations/{organization_id_or_slug}/issues/{id}/", (("organization_id_or_slug", "acme"),))
    '/organizations/acme/issues/{id}/'
    """
    for name, value in params:
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


def announced(headers: Headers, params: tuple[tuple[str, str], ...] = ()) -> Headers:
    """Give the standard fields for what Sentry's own say, to stand beside them; none when there is nothing to say.

    >>> announced((("X-Sentry-Deprecation-Date", "2026-05-14T00:00:00Z"),))
    (('Deprecation', '@1778716800'), ('Sunset', 'Thu, 14 May 2026 00:00:00 GMT'))
    """
    found = deprecation(headers)
    if found is None:
        return ()
    said: list[tuple[str, str]] = []
    if (moment := found.moment) is not None:
        said.append(("Deprecation", f"@{int(moment.timestamp())}"))
        said.append(("Sunset", format_datetime(moment.astimezone(UTC), usegmt=True)))
    if found.replacement is not None and found.replacement.startswith("/"):
        # A template's braces are no URL characters.
        address = quote(filled(found.replacement, params), safe=_PATH)
        said.append(("Link", f'<{address}>; rel="successor-version"'))
    return tuple(said)
