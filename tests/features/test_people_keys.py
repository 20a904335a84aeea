"""The ring of keys that linked tokens are encrypted with: turned, shared between processes, and never guessed round."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from dexter.errors import SettingsError
from dexter.features.people_keys import RING_FILE, KeyRing, Unreadable

if TYPE_CHECKING:
    from pathlib import Path

STATED = ("a" * 32, "b" * 32)


def test_a_text_comes_back_and_is_not_to_be_seen(tmp_path: Path) -> None:
    """What is kept must be worth nothing without the ring."""
    ring = KeyRing(tmp_path)
    kept, key_id = ring.encrypt("sntryu_secret", "ada https://sentry.example")
    assert b"sntryu" not in kept
    assert ring.encrypt("sntryu_secret", "ada https://sentry.example")[0] != kept
    assert KeyRing(tmp_path).decrypt(kept, key_id, "ada https://sentry.example") == "sntryu_secret"
    assert stat.S_IMODE((tmp_path / RING_FILE).stat().st_mode) == 0o600


def test_a_row_cannot_be_put_in_anothers_place_or_changed(tmp_path: Path) -> None:
    """Whoever can write to the database must not make somebody act with another's token."""
    ring = KeyRing(tmp_path)
    kept, key_id = ring.encrypt("sntryu_secret", "ada https://sentry.example")
    for bad, about in (
        (kept, "eve https://sentry.example"),
        (kept[:-1] + b"x", "ada https://sentry.example"),
        (b"", "ada https://sentry.example"),
    ):
        with pytest.raises(Unreadable):
            ring.decrypt(bad, key_id, about)


def test_a_turned_ring_reads_the_old_and_writes_with_the_new_also_elsewhere(tmp_path: Path) -> None:
    """Processes that run while the ring is turned must neither fail nor go on with the old key."""
    running, turning = KeyRing(tmp_path), KeyRing(tmp_path)
    kept, old = running.encrypt("text", "x")
    new = turning.turn()
    assert (turning.ids, turning.decrypt(kept, old, "x")) == ((new, old), "text")
    again, used = running.encrypt("text", "x")
    assert used == new
    latest = turning.turn()
    fresh, _ = KeyRing(tmp_path).encrypt("newest", "x")
    assert running.decrypt(fresh, latest, "x") == "newest"
    assert turning.keep_only(frozenset()) == (old,)
    assert KeyRing(tmp_path).decrypt(again, new, "x") == "text"
    with pytest.raises(Unreadable):
        KeyRing(tmp_path).decrypt(kept, old, "x")


def test_stated_keys_are_turned_by_whoever_states_them(tmp_path: Path) -> None:
    """Hosts that share a database must share the ring, which no file of one of them can be."""
    kept, key_id = KeyRing(tmp_path, STATED[:1]).encrypt("text", "x")
    turned = KeyRing(tmp_path / "elsewhere", (STATED[1], STATED[0]))
    assert turned.decrypt(kept, key_id, "x") == "text"
    assert turned.encrypt("text", "x")[1] != key_id
    with pytest.raises(SettingsError, match="DEXTER_SECRET_KEYS"):
        turned.turn()
    assert not (tmp_path / RING_FILE).exists()
    assert STATED[0] not in repr(turned.ids)


@pytest.mark.parametrize("content", ["", "zz", "abcd\n"])
def test_a_damaged_ring_is_told(tmp_path: Path, content: str) -> None:
    """Encrypting with a piece of a key would be no encryption."""
    (tmp_path / RING_FILE).write_text(content)
    with pytest.raises(SettingsError, match=r"credentials\.keys"):
        KeyRing(tmp_path).encrypt("text", "x")
