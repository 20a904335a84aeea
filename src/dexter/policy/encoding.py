"""Which content encoding a caller takes (RFC 9110, 12.5.3): pure."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache


class Coding(StrEnum):
    """The encodings that a body is given in; of those that a caller likes equally, the earlier one is given."""

    ZSTD = "zstd"
    BROTLI = "br"
    GZIP = "gzip"
    IDENTITY = "identity"


_UNSAID = 0.0001
"""What a body as it is weighs when nothing is said of it: acceptable, and behind everything that is asked for."""


@lru_cache(maxsize=512)
def choice(accept_encoding: str | None, at_hand: Coding | None = None) -> Coding:
    """Give the encoding that a caller likes best; with `at_hand`, that one if it is acceptable at all.

    A missing header takes anything by the RFC, but who omits it rarely can. `*` stands for gzip, which everybody who
    takes anything knows. Who refuses everything gets the body as it is: that says more than an error.

    >>> choice("gzip, deflate, br, zstd"), choice("br;q=0.5, gzip"), choice("identity;q=0, *"), choice("br;q=0")
    (<Coding.ZSTD: 'zstd'>, <Coding.GZIP: 'gzip'>, <Coding.GZIP: 'gzip'>, <Coding.IDENTITY: 'identity'>)
    >>> choice("gzip, br", Coding.GZIP), choice("br", Coding.GZIP), choice("*;q=0", Coding.GZIP), choice(None)
    (<Coding.GZIP: 'gzip'>, <Coding.BROTLI: 'br'>, <Coding.IDENTITY: 'identity'>, <Coding.IDENTITY: 'identity'>)
    """
    likes = _likes(_weights(accept_encoding))
    if at_hand is not None and likes[at_hand] > 0:
        return at_hand
    best = max(Coding, key=lambda coding: likes[coding])
    return best if likes[best] > 0 else Coding.IDENTITY


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether `Accept-Encoding` takes gzip.

    >>> accepts_gzip("br, gzip;q=0.5"), accepts_gzip("gzip;q=0, *"), accepts_gzip("*"), accepts_gzip(None)
    (True, False, True, False)
    """
    return _likes(_weights(accept_encoding))[Coding.GZIP] > 0


def is_packed(content_encoding: str | None) -> bool:
    """Whether a body is in any encoding at all."""
    return (content_encoding or "").strip().lower() not in ("", "identity")


def coding_of(content_encoding: str | None) -> Coding | None:
    """Give the encoding that a body is in, or None for one that is not dealt in here."""
    if content_encoding is None:
        return Coding.IDENTITY
    name = content_encoding.strip().lower()
    try:
        return Coding(_ALIASES.get(name, name))
    except ValueError:
        return None


_ALIASES = {"x-gzip": "gzip", "": "identity"}


def _likes(weights: dict[str, float]) -> dict[Coding, float]:
    others = weights.get("*", 0.0)
    return {
        Coding.ZSTD: weights.get("zstd", 0.0),
        Coding.BROTLI: weights.get("br", 0.0),
        Coding.GZIP: weights.get("gzip", weights.get("x-gzip", others)),
        Coding.IDENTITY: weights.get("identity", weights.get("*", _UNSAID)),
    }


def _weights(accept_encoding: str | None) -> dict[str, float]:
    return dict(_weighed(part) for part in (accept_encoding or "").lower().split(",") if part.strip())


def _weighed(part: str) -> tuple[str, float]:
    coding, _, parameters = part.partition(";")
    name, _, value = parameters.strip().partition("=")
    try:
        return coding.strip(), float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return coding.strip(), 0.0
