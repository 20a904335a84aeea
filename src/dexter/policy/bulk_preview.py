"""What a job would do, counted issue by issue before it does anything; and the token that shows somebody saw it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dexter.policy.bulk_image import told
from dexter.policy.bulk_undo import NOT_UNDOABLE
from dexter.policy.bulk_wanted import projected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dexter.policy.bulk_image import Image
    from dexter.policy.bulk_wanted import Wanted

SAMPLES = 10
MOST_CHANGES = 50
"""How many kinds of change are told one by one; whom a thousand issues were assigned to would be a long list."""
PER_CALL = 100
"""How many issues go in one call: more would make an address longer than proxies take."""


@dataclass(slots=True)
class Preview:
    """Counts what would happen."""

    projects: Counter[str] = field(default_factory=Counter)
    changes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    batches: Counter[str] = field(default_factory=Counter)
    samples: list[dict[str, Any]] = field(default_factory=list)
    whole: Counter[str] = field(default_factory=Counter)
    total: int = 0
    to_send: int = 0

    def add(self, item: Mapping[str, Any], before: Image | None, want: Wanted, *, state: str) -> None:
        """Count an item in."""
        self.total += 1
        self.projects[item.get("project") or "?"] += 1
        if state != "pending" or before is None:
            self.skipped[item.get("reason") or "It is so already."] += 1
            return
        self.to_send += 1
        after = projected(before, want)
        names = [*want.get("change", ()), *(("labels",) if "labels" in want else ())]
        for name in names:
            self.changes[(name, told(name, before), told(name, after))] += 1
        if "do" in want:
            self.whole[want["do"]] += 1
        if want.get("set"):
            self.batches[f"set {item['batch']}"] += 1
        if "do" in want:
            self.batches[
                f"{want['do']} {item['organization']} {item.get('project') if want['do'] == 'merge' else ''}"
            ] += 1
        if len(self.samples) < SAMPLES:
            shown = {"issue_id": item["issue_id"], "short_id": item["short_id"], "title": item["title"]}
            self.samples.append({**shown, "before": before, "after": None if want.get("do") in NOT_UNDOABLE else after})

    @property
    def writes(self) -> int:
        """How many writing calls it takes."""
        return sum(-(-count // PER_CALL) for count in self.batches.values())

    @property
    def calls(self) -> int:
        """How many calls it takes from here on: the writes, and reading back what they did."""
        return self.writes + (-(-self.to_send // PER_CALL) if self.batches else 0)

    def document(self, *, seconds_per_call: float, needs_confirmation: bool) -> dict[str, Any]:
        """Give the preview as it is shown; without its confirmation."""
        ordered = sorted(self.changes.items(), key=lambda pair: (-pair[1], pair[0]))
        return {
            "total": self.total,
            "to_send": self.to_send,
            "projects": [{"slug": slug, "count": count} for slug, count in self.projects.most_common()],
            "samples": self.samples,
            "changes": [
                {"field": name, "from": old, "to": new, "count": count}
                for (name, old, new), count in ordered[:MOST_CHANGES]
            ],
            "further_changes": sum(count for _, count in ordered[MOST_CHANGES:]),
            "irreversible": [
                {"op": name, "count": count, "why": NOT_UNDOABLE[name]}
                for name, count in self.whole.items()
                if name in NOT_UNDOABLE
            ],
            "skipped": [{"reason": reason, "count": count} for reason, count in self.skipped.most_common()],
            "estimated_calls": self.calls,
            "estimated_s": round(self.calls * seconds_per_call, 1),
            "needs_confirmation": needs_confirmation,
        }


def needs_confirmation(selection: Mapping[str, Any], operations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a job is applied only with its preview's token: who selected by a query has not seen every issue."""
    return selects_by_query(selection) or is_irreversible(operations)


def selects_by_query(selection: Mapping[str, Any]) -> bool:
    """Whether any part of a selection is a query."""
    parts = selection.get("parts")
    if parts:
        return any(map(selects_by_query, parts))
    return selection.get("ids") is None and "job" not in selection


def is_irreversible(operations: Sequence[Mapping[str, Any]]) -> bool:
    """Whether something of it cannot be undone."""
    return any(operation["op"] in NOT_UNDOABLE for operation in operations)


def confirmation(job_id: str, preview: Mapping[str, Any]) -> str:
    """Give the token of one preview of one job: whoever has it saw this preview, and not an earlier one."""
    return sha256(json.dumps([job_id, preview], sort_keys=True).encode()).hexdigest()[:24]
