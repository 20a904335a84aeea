"""Whose commits are suspected of an event: those of its release that touched the files in its trace."""
# ruff: noqa: S608 - statements are joined from this module's own pieces; values are always parameters

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from dexter.sandbox.ownership import frames_of, path_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Sequence

    from dexter.sandbox.database import Database

RELEASES_BACK = 5
"""How many releases, the event's own and those before it, are looked at."""
FRAMES = 25
MOST = 3


@dataclass(slots=True)
class Suspect:
    """An author and the commits, each with how well its files fit."""

    email: str
    name: str | None
    commits: list[tuple[sqlite3.Row, int]] = field(default_factory=list)

    @property
    def score(self) -> int:
        """How well all the commits together fit."""
        return sum(score for _, score in self.commits)


def suspects(db: Database, events: Sequence[sqlite3.Row]) -> dict[int, list[Suspect]]:
    """Give who is suspected of each event, the most suspicious first, by the events' row ids.

    Nobody is without a release or a file in common. As many queries for many events as for one.
    """
    paths = {event["id"]: _paths(event) for event in events if event["release"]}
    releases = _releases(db, [event for event in events if paths.get(event["id"])])
    touched = _touched(db, {release for each in releases.values() for release in each})
    return {
        event_id: _ranked([row for release in each for row in touched.get(release, ())], paths[event_id])
        for event_id, each in releases.items()
    }


def _ranked(touched: Iterable[sqlite3.Row], paths: Sequence[str]) -> list[Suspect]:
    best: dict[int, tuple[sqlite3.Row, int]] = {}
    for row in touched:
        score = max(matching_parts(row["filename"], path) for path in paths)
        if score > best.get(row["id"], (row, 0))[1]:
            best[row["id"]] = (row, score)
    found: dict[str, Suspect] = {}
    for row, score in best.values():
        suspect = found.setdefault(row["author_email"].lower(), Suspect(row["author_email"], row["author_name"]))
        suspect.commits.append((row, score))
    return sorted(found.values(), key=lambda suspect: -suspect.score)[:MOST]


def _touched(db: Database, releases: Collection[int]) -> dict[int, list[sqlite3.Row]]:
    """Give the commits of releases that have an author, once for each file they touched, the newest first."""
    found: dict[int, list[sqlite3.Row]] = {}
    for row in db.all(
        "SELECT c.*, f.filename FROM commits c JOIN commit_files f ON f.commit_id = c.id WHERE c.release_id IN"
        f" ({','.join('?' * len(releases))}) AND c.author_email IS NOT NULL ORDER BY c.date_created DESC, c.id DESC",
        *releases,
    ):
        found.setdefault(row["release_id"], []).append(row)
    return found


def matching_parts(one: str, other: str) -> int:
    """Give how many parts two paths have in common, from their ends: 0 where even the files' names differ.

    >>> matching_parts("app/shop/views.py", "shop/views.py")
    2
    """
    count = 0
    for left, right in zip(_parts(one), _parts(other), strict=False):
        if left != right:
            break
        count += 1
    return count


def _parts(path: str) -> Iterable[str]:
    return reversed(path.lower().strip("/").split("/"))


def _paths(event: sqlite3.Row) -> list[str]:
    frames = [frame for frame in frames_of(msgspec.json.decode(event["data_json"])) if frame.get("in_app")]
    return [path for path in map(path_of, frames[:FRAMES]) if path]


def _releases(db: Database, events: Sequence[sqlite3.Row]) -> dict[int, list[int]]:
    """Give each event's release and those before it in its project, the newest first."""
    projects = {event["project_id"] for event in events}
    known: dict[int, list[sqlite3.Row]] = {}
    for row in db.all(
        "SELECT r.id, r.version, rp.project_id FROM releases r JOIN release_projects rp ON rp.release_id = r.id"
        f" WHERE rp.project_id IN ({','.join('?' * len(projects))}) ORDER BY r.date_created DESC, r.id DESC",
        *projects,
    ):
        known.setdefault(row["project_id"], []).append(row)
    found = {}
    for event in events:
        ids = [row["id"] for row in known.get(event["project_id"], ())]
        at = next((row["id"] for row in known.get(event["project_id"], ()) if row["version"] == event["release"]), None)
        if at is not None:
            found[event["id"]] = ids[ids.index(at) : ids.index(at) + RELEASES_BACK]
    return found
