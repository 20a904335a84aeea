"""Who may be given what a write has overtaken, as long as it says of itself that it is stale: not who wrote.

People see their own writes, always. What a colleague changed a moment ago they may see a moment later. So a write is
noted for whoever made it, and that note is asked before anything overtaken is given.

    person       known by name, or by a session of the built-in administrator's
    credential   a caller with a token of their own at Sentry, or the one that a person linked
    somebody     who wrote is not known, as when a job did: all who share Dexter's credential count as the writer
    anybody      all who wrote; a caller with Dexter's credential of whom nothing else is known counts as all of them

That a write succeeded is noted apart: then even a Sentry that is merely slow is waited for, rather than that something
from before the write stands in.

Each is noted twice: as a write, after which no list is given from before it, and as a write to the issue that it
changed for certain, or to any, for the pages of issues.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from dexter.wire import Call

_ANYBODY = "anybody"
_SOMEBODY = "somebody"
_ANY_ISSUE = "any"
_WIDE = frozenset({"all", "org", "orgless"})


def noted_for(call: Call, *, succeeded: bool = False, issue: str | None = None) -> frozenset[str]:
    """Give the tags under which a write is noted for whoever made it; `issue` is the only one that it changed."""
    writers = _noted_writers(call)
    kinds = ("wrote", "changed") if succeeded else ("wrote",)
    abouts = ("", f"#{_ANY_ISSUE if issue is None else issue}")
    return frozenset(f"{kind}:{writer}{about}" for kind in kinds for writer in writers for about in abouts)


def noted_for_lists(call: Call) -> frozenset[str]:
    """Give those of a write's notes that are asked for before a list is given."""
    return frozenset(f"wrote:{writer}" for writer in _noted_writers(call))


def own_writes(call: Call, *, succeeded: bool = False, issues: Collection[str] = ()) -> frozenset[str]:
    """Give the tags under which the writes are noted that a reader may have made, or those of them that succeeded.

    With `issues`, only those that may have changed one of them.
    """
    kind = "changed" if succeeded else "wrote"
    abouts = [f"#{issue}" for issue in (*issues, _ANY_ISSUE)] if issues else [""]
    return frozenset(f"{kind}:{writer}{about}" for writer in _writers(call) for about in abouts)


def issues_shown(tags: Iterable[str]) -> frozenset[str]:
    """Give the numbers of the only issues that an answer filed under the tags shows; none when it may be any."""
    shown, anybodys = set(), False
    for tag in tags:
        kind, _, value = tag.partition(":")
        if kind == "state" and value:
            shown.add(value)
        anybodys = anybodys or kind == "issue-state"
    return frozenset() if anybodys or "*" in shown else frozenset(shown)


def _noted_writers(call: Call) -> set[str]:
    return {_ANYBODY, _of_credential(call), _of_person(call.person) if call.person else _SOMEBODY}


def _writers(call: Call) -> set[str]:
    if not call.person:
        return {_ANYBODY if call.identity.kind == "service" else _of_credential(call)}
    return {_of_person(call.person), _of_credential(call) if call.identity.kind != "service" else _SOMEBODY}


def wide(tags: Iterable[str]) -> frozenset[str]:
    """Give those of an answer's tags whose purge may mean anything, rights too: nothing from before it is given."""
    return frozenset(tag for tag in tags if tag.partition(":")[0] in _WIDE)


def _of_person(person: str) -> str:
    return f"person:{person}"


def _of_credential(call: Call) -> str:
    return f"{call.identity.kind}:{call.identity.key}"
