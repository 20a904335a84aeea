"""A job and its items as answers show them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dexter.features.moment import iso
from dexter.policy.bulk_preview import is_irreversible

if TYPE_CHECKING:
    from datetime import datetime

    from dexter.database.bulk_jobs import Item, Job

Json = dict[str, Any]

TOLD = ("done", "unchanged", "skipped", "failed", "unknown")
ENDED = ("done", "cancelled", "failed")


def job_view(job: Job, now: datetime) -> Json:
    """Give a job as it is shown; `progress` is the share of its work that is over, from 0 to 1."""
    counts = {"total": 0, "pending": 0, **dict.fromkeys(TOLD, 0), **(job.counts or {})}
    sent = counts.pop("sent", 0)
    counts["pending"] += sent
    share = _share(job, counts, sent)
    return {
        "id": job.id,
        "state": job.state,
        "phase": job.progress.get("paused_in", job.state) if job.state == "paused" else job.state,
        "organization": job.organization,
        "created_by": {"id": job.created_by, "name": job.created_by_name},
        "created_at": _written(job.created_at),
        "started_at": _written(job.started_at),
        "finished_at": _written(job.finished_at),
        "selection": job.selection["given"],
        "operations": job.operations,
        "note": job.selection.get("note"),
        "counts": counts,
        "progress": share,
        "preview": _preview(job),
        "undo": _undo(job, now),
        "reason": job.reason,
        "error": job.reason if job.state == "failed" else None,
        "resumes_at": _written(job.resume_at),
        "wish": job.wish,
        "eta_s": _eta_s(job, share, now),
        "version": job.version,
    }


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment.timestamp())


def _preview(job: Job) -> Json | None:
    if job.preview is None:
        return None
    return {**job.preview, "confirmation": job.confirmation_hash if job.state == "previewed" else None}


def _share(job: Job, counts: Json, sent: int) -> float:
    """Half of an issue's work is its change, the other half reading it back."""
    if job.state in ENDED:
        return 1.0
    if job.state in ("resolving", "previewed") or not counts["total"]:
        return 0.0
    told = counts["total"] - counts["pending"]
    return float(round((told + sent / 2) / counts["total"], 4))


def _eta_s(job: Job, share: float, now: datetime) -> float | None:
    if job.state not in ("applying", "verifying") or job.started_at is None or not 0 < share < 1:
        return None
    passed = (now - job.started_at).total_seconds()
    return round(passed * (1 - share) / share, 1)


def _undo(job: Job, now: datetime) -> Json:
    why = _why_not(job, now)
    return {
        "possible": why is None,
        "until": _written(job.undo_until),
        "of": job.undo_of,
        "by": job.undone_by,
        "why": why,
    }


def _why_not(job: Job, now: datetime) -> str | None:
    """Say why a job cannot be taken back now, or give None when it can."""
    if job.state not in ("done", "cancelled"):
        return "It is not over yet." if job.state != "failed" else "It failed before it was told what came of it."
    if job.undone_by is not None:
        return "It is taken back by another job already."
    if is_irreversible(job.operations):
        return "Deleted and discarded issues cannot be brought back."
    if not (job.counts or {}).get("done"):
        return "It changed nothing."
    if job.undo_until is not None and job.undo_until < now:
        return "It was too long ago."
    return None


def item_view(item: Item) -> Json:
    """Give an item as it is shown."""
    return {
        "position": item.position,
        "organization": item.organization,
        "issue_id": item.issue_id,
        "short_id": item.short_id,
        "title": item.title,
        "project": item.project,
        "state": "pending" if item.state == "sent" else item.state,
        "reason": item.reason,
        "before": _shown(item.before),
        "after": _shown(item.after),
        "updated_at": _written(item.updated_at),
    }


def _shown(image: Json | None) -> Json | None:
    return None if image is None else {name: value for name, value in image.items() if name != "hashes"}
