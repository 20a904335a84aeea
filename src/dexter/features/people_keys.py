"""The keys that people's own Sentry tokens and subscriptions' secrets are encrypted with: a ring, which can be turned.

The newest is the first. What is kept says which key it was encrypted with. A new key is put in front; what older ones
encrypted is read with them until it has been encrypted anew. The ring is stated in `DEXTER_SECRET_KEYS`, or is a file
in the data directory that only its owner may read.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from dexter.errors import SettingsError

RING_FILE = "credentials.keys"
KEY_BYTES = 32
NONCE_BYTES = 12


class Unreadable(Exception):
    """What is kept was encrypted with a key that is not on the ring, or is not what was kept."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the ring; its id gives nothing of it away."""

    id: str
    secret: bytes = field(repr=False)


class KeyRing:
    """Encrypts with the newest key, and decrypts with whichever was used."""

    def __init__(self, data_dir: Path, stated: tuple[str, ...] = ()) -> None:
        """Hold the keys that are stated, or, where none are, those of the data directory's file."""
        self._path = data_dir / RING_FILE
        self._stated = tuple(_key(hashlib.sha256(f"dexter credentials\0{text}".encode()).digest()) for text in stated)
        self._keys: tuple[Key, ...] = self._stated

    @property
    def is_stated(self) -> bool:
        """Whether the settings state the keys, so that only whoever runs Dexter can turn the ring."""
        return bool(self._stated)

    @property
    def ids(self) -> tuple[str, ...]:
        """Give the ids of the keys, the newest first."""
        return tuple(key.id for key in self._held())

    def encrypt(self, text: str, about: str) -> tuple[bytes, str]:
        """Give a text encrypted, and the key's id. `about` says whose it is: nobody else's place can it be put in."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        if not self._stated:
            # Another process may have turned the ring: nothing new is encrypted with an old key.
            self._keys = ()
        key = self._held()[0]
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(key.secret).encrypt(nonce, text.encode(), about.encode()), key.id

    def decrypt(self, kept: bytes, key_id: str, about: str) -> str:
        """Give the text. Raises Unreadable when the key is gone or the bytes are not what was kept about it."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._find(key_id)
        try:
            return AESGCM(key.secret).decrypt(kept[:NONCE_BYTES], kept[NONCE_BYTES:], about.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise Unreadable("the bytes are not what was kept") from error

    def turn(self) -> str:
        """Put a new key in front and give its id. Raises SettingsError where the settings state the keys."""
        if self.is_stated:
            raise SettingsError(
                "DEXTER_SECRET_KEYS states the keys, so Dexter cannot make a new one.",
                remedy="Put a new one first in DEXTER_SECRET_KEYS on every host, start Dexter again, and run "
                "`dexter keys reencrypt`; then take the old one out.",
            )
        key = _key(secrets.token_bytes(KEY_BYTES))
        self._write((key, *(_read(self._path) if self._path.exists() else ())))
        return key.id

    def keep_only(self, ids: frozenset[str]) -> tuple[str, ...]:
        """Take every key off the ring's file but the two newest and those of `ids`; give the ids that went.

        The second newest stays for one more turn: somebody may be using it at this very moment.
        """
        if self.is_stated:
            return ()
        held = _read(self._path) if self._path.exists() else ()
        kept = tuple(key for at, key in enumerate(held) if at < 2 or key.id in ids)
        if len(kept) < len(held):
            self._write(kept)
        return tuple(key.id for key in held if key not in kept)

    def _held(self) -> tuple[Key, ...]:
        if not self._keys:
            if not self._path.exists():
                self._create()
            self._keys = _read(self._path)
        return self._keys

    def _find(self, key_id: str) -> Key:
        for attempt in range(2):
            for key in self._held():
                if key.id == key_id:
                    return key
            if attempt == 0 and not self._stated and self._path.exists():
                # Another process may have turned the ring since it was read.
                self._keys = _read(self._path)
        raise Unreadable(f"the key {key_id} is not on the ring")

    def _create(self) -> None:
        """Write a first key; of two processes that start together the first one's stays."""
        draft = _draft(self._path, (_key(secrets.token_bytes(KEY_BYTES)),))
        try:
            os.link(draft, self._path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()

    def _write(self, keys: tuple[Key, ...]) -> None:
        _draft(self._path, keys).replace(self._path)
        self._keys = keys


def _key(secret: bytes) -> Key:
    return Key(hashlib.sha256(b"dexter key id\0" + secret).hexdigest()[:12], secret)


def _draft(path: Path, keys: tuple[Key, ...]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)  # readable by its owner only
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write("".join(f"{key.secret.hex()}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    return Path(draft)


def _read(path: Path) -> tuple[Key, ...]:
    try:
        found = [bytes.fromhex(line) for line in path.read_text(encoding="ascii").split()]
    except ValueError:
        found = []
    if not found or any(len(secret) != KEY_BYTES for secret in found):
        raise SettingsError(
            f"{path} does not hold keys.",
            remedy="Put it back from a copy; or delete it: people must link their Sentry tokens anew, and "
            "subscriptions need new secrets.",
        )
    return tuple(_key(secret) for secret in found)
