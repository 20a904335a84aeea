"""Dexter's own token: what it is, and how a token turns into a key that may be stored or logged.

The token itself is never at rest: it is derived from a key file that only the owner may read.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import tempfile
from pathlib import Path

from dexter.errors import SettingsError

KEY_BYTES = 32


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
    return "dxt_" + base64.b32encode(digest[:20]).decode().lower()


def fingerprint(key: bytes, purpose: str, value: str) -> str:
    """Give a keyed hash of a secret value: the same value gives the same hash, and the hash gives nothing away."""
    return hmac.new(key, f"{purpose}\0{value}".encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()[:32]


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(left.encode("utf-8", "surrogateescape"), right.encode("utf-8", "surrogateescape"))
