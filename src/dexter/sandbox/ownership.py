"""Ownership rules: who owns the code that an event came from. Pure, from the rules' text and the event's body."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


class InvalidRules(Exception):
    """A line that is no rule; the message is Sentry's."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line: what it matches, and whose that is. An owner is `#team` or a person's address."""

    kind: str
    pattern: str
    owners: tuple[str, ...]

    def as_json(self) -> list[Any]:
        """Give the rule as event owners show it."""
        return [[self.kind, self.pattern], [list(typed(owner)) for owner in self.owners]]


_RULE = re.compile(r"(?P<kind>path|url|module|codeowners|tags\.[\w.-]+):(?P<pattern>\S+)\s+(?P<owners>\S.*)")


@lru_cache(maxsize=64)
def parse_rules(raw: str) -> tuple[Rule, ...]:
    """Give the rules of a text, a line each; raises InvalidRules for a line that is none."""
    rules = []
    for number, line in enumerate(raw.splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _RULE.fullmatch(text)
        if match is None:
            raise InvalidRules(f"Parse error: {text[:60]!r} (line {number}, column 1)")
        rules.append(Rule(match["kind"], match["pattern"], tuple(match["owners"].split())))
    return tuple(rules)


def typed(owner: str) -> tuple[str, str]:
    """Give an owner's kind and name: `("team", "web")` or `("user", "a@b.example")`."""
    return ("team", owner[1:]) if owner.startswith("#") else ("user", owner)


def matching(rules: Sequence[Rule], event: Mapping[str, Any]) -> list[Rule]:
    """Give the rules that an event fits, the one that counts most first: the last of the text."""
    return [rule for rule in reversed(rules) if any(_fits(rule, value) for value in _values(rule, event))]


def frames_of(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Give the frames of an event's exceptions, the innermost first."""
    values = (event.get("exception") or {}).get("values") or ()
    frames = [frame for value in values for frame in (value.get("stacktrace") or {}).get("frames") or ()]
    return frames[::-1]


def path_of(frame: Mapping[str, Any]) -> str:
    """Give the path of a frame's file in its repository, as far as it can be told."""
    name, module = str(frame.get("filename") or ""), frame.get("module") or ""
    if name.endswith((".java", ".kt")) and "/" not in name and "." in module:
        # The JVM knows the file's name only; its folder is the class's package.
        return "/".join([*module.split(".")[:-1], name])
    return name.removeprefix("./")


def _values(rule: Rule, event: Mapping[str, Any]) -> Iterator[str]:
    if rule.kind == "url":
        yield str((event.get("request") or {}).get("url") or "")
    elif rule.kind.startswith("tags."):
        wanted = rule.kind.removeprefix("tags.")
        yield from (str(value) for key, value in event.get("tags") or () if key == wanted)
    elif rule.kind == "module":
        yield from (str(frame.get("module") or "") for frame in frames_of(event))
    else:
        for frame in frames_of(event):
            yield from (path_of(frame), str(frame.get("abs_path") or ""))


def _fits(rule: Rule, value: str) -> bool:
    return bool(value) and _pattern(rule.kind, rule.pattern).fullmatch(value) is not None


@lru_cache(maxsize=1024)
def _pattern(kind: str, text: str) -> re.Pattern[str]:
    is_path = kind in ("path", "codeowners")
    if kind == "codeowners":
        text = f"**/{text.strip('/')}{'/**' if text.endswith('/') else ''}"
    one = "[^/]*" if is_path else ".*"
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", text)
    spelled = {"**/": "(?:.*/)?", "**": ".*", "*": one, "?": "[^/]" if is_path else "."}
    return re.compile("".join(spelled.get(part, re.escape(part)) for part in parts), re.IGNORECASE)
