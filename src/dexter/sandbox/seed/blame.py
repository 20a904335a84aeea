"""Which commits touched the files that the seeded issues come from, so that Sentry has somebody to suspect."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import msgspec

from dexter.sandbox.ownership import frames_of, path_of

if TYPE_CHECKING:
    from dexter.sandbox.database import Database

KNOWN_CAUSE = 0.7
"""The share of issues whose cause is among the commits of the release that brought them."""


def blame(db: Database, seed: int) -> None:
    """Give commits of the releases that issues came with the files those issues come from."""
    # Its own stream of chance: it must not shift what grows beside it.
    rng = random.Random(f"blame {seed}")  # noqa: S311 - a garden, not a lock
    commits: dict[int, list[int]] = {}
    for row in db.all("SELECT id, release_id FROM commits WHERE release_id IS NOT NULL ORDER BY id"):
        commits.setdefault(row["release_id"], []).append(row["id"])
    touched = []
    for issue in db.all(
        "SELECT i.first_release_id AS release_id, (SELECT e.data_json FROM events e WHERE e.issue_id = i.id LIMIT 1)"
        " AS data_json FROM issues i WHERE i.first_release_id IS NOT NULL ORDER BY i.id"
    ):
        if rng.random() > KNOWN_CAUSE or issue["release_id"] not in commits:
            continue
        frames = frames_of(msgspec.json.decode(issue["data_json"]))
        path = next((path_of(frame) for frame in frames if frame.get("in_app")), "")
        if path:
            touched.append((rng.choice(commits[issue["release_id"]]), path))
    db.many("INSERT OR IGNORE INTO commit_files (commit_id, filename) VALUES (?,?)", touched)
