"""Which states take an issue out of sight."""

from __future__ import annotations

HIDDEN = ("pending_deletion", "pending_merge", "merged")
"""Lists show none of these, and no update reaches them. A merged one's number leads to the survivor."""
HIDDEN_SQL = "('pending_deletion', 'pending_merge', 'merged')"
GONE = ("pending_deletion", "pending_merge")
"""Of these not even the address answers: one awaits its deletion, the other its merge."""
