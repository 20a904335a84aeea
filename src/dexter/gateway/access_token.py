"""Dexter's own tokens: the one that is printed, those that people make for scripts, and how a token turns into a key
that may be stored or logged.

No token is at rest. The printed one is derived from a key file that only the owner may read; of the others a keyed hash
is kept.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import re
import secrets
import tempfile
import zlib
from pathlib import Path

from dexter.errors import SettingsError

KEY_BYTES = 32
PREFIX = "dxt_"
"""What every token that Dexter makes begins with, and none of Sentry's."""

_PERSONAL = re.compile(r"dxt_([a-z2-7]{32})([a-z2-7]{7})")


def load_key(data_dir: Path) -> bytes:
    """Give this installation's secret key, made at the first start; the file is readable by its owner only."""
    path = data_dir / "secret.key"
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not path.exists():
        _create(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise SettingsError(f"{path} does not hold a key; delete it to have a new one made (everybody is signed out).")
    return key


def key_of(data_dir: Path, stated: str | None) -> bytes:
    """Give the key that is stated for all hosts together, or else this installation's own."""
    return load_key(data_dir) if stated is None else hashlib.sha256(f"dexter key\0{stated}".encode()).digest()


def _create(path: Path) -> None:
    """Write a new key whole or not at all; of two processes that start together the first one's key stays."""
    descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # readable by its owner only
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        Path(draft).unlink()


def access_token(key: bytes) -> str:
    """Give the token that goes with a key: 160 bits, as `dxt_` and 32 letters and digits."""
    digest = hmac.digest(key, b"dexter access token", hashlib.sha256)
    return PREFIX + _base32(digest[:20])


def new_personal_token() -> str:
    """Give a new token for scripts: `dxt_`, 160 random bits, and a checksum, in letters and digits."""
    secret = _base32(secrets.token_bytes(20))
    return PREFIX + secret + _checksum(secret)


def is_personal_token(token: str) -> bool:
    """Whether a text is of the form of a token for scripts; a mistyped one is not, and nobody need look it up."""
    match = _PERSONAL.fullmatch(token)
    return match is not None and _checksum(match[1]) == match[2]


def personal_token_hash(key: bytes, token: str) -> str:
    """Give what is kept of a token for scripts."""
    return hmac.digest(key, f"personal token\0{token}".encode("utf-8", "surrogateescape"), hashlib.sha256).hex()


def session_id_hash(session_id: str) -> str:
    """Give what is kept of a session's id: a plain hash, since there is nothing to guess in 256 random bits."""
    return hashlib.sha256(session_id.encode("utf-8", "surrogateescape")).hexdigest()


def _checksum(secret: str) -> str:
    return _base32(zlib.crc32(secret.encode()).to_bytes(4, "big"))


def _base32(value: bytes) -> str:
    return base64.b32encode(value).decode().lower().rstrip("=")


def fingerprint(key: bytes, purpose: str, value: str) -> str:
    """Give a keyed hash of a secret value: the same value gives the same hash, and the hash gives nothing away."""
    return hmac.new(key, f"{purpose}\0{value}".encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:32]


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(left.encode("utf-8", "surrogateescape"), right.encode("utf-8", "surrogateescape"))
