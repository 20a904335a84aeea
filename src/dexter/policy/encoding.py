"""Which content encoding a caller takes (RFC 9110, 12.5.3); Dexter deals in gzip and in none."""

from __future__ import annotations


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether `Accept-Encoding` takes gzip. A missing header takes anything by the RFC, but who omits it rarely can.

    >>> accepts_gzip("br, gzip;q=0.5"), accepts_gzip("gzip;q=0, *"), accepts_gzip("*"), accepts_gzip(None)
    (True, False, True, False)
    """
    weights = dict(_weighed(part) for part in (accept_encoding or "").lower().split(",") if part.strip())
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def is_packed(content_encoding: str | None) -> bool:
    """Whether a body is in any encoding at all."""
    return (content_encoding or "").strip().lower() not in ("", "identity")


def _weighed(part: str) -> tuple[str, float]:
    coding, _, parameters = part.partition(";")
    name, _, value = parameters.strip().partition("=")
    try:
        return coding.strip(), float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return coding.strip(), 0.0
