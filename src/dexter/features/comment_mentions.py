"""Who is mentioned in a comment: `@` and a name, a user name or an address, `#` and a team's slug. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SIGN = re.compile(r"(?<![\w@#/.])[@#](?=\S)")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_GOES_ON = re.compile(r"[\w]")


def may_mention(text: str) -> bool:
    """Whether a text has anything that could be a mention, so that the members are worth asking for."""
    return _SIGN.search(_without_code(text)) is not None


def mentioned(
    text: str, members: Iterable[Mapping[str, Any]], teams: Iterable[Mapping[str, Any]]
) -> tuple[list[str], list[str]]:
    """Give whom a text mentions, as `user:1` and `team:2`, and the words that could be a mention but name nobody.

    A name is matched as far as it goes, whatever its case; one that several people have is nobody's.
    """
    names = _names(members, teams)
    longest = sorted(names, key=len, reverse=True)
    prose = _without_code(text)
    found: dict[str, None] = {}
    unknown: dict[str, None] = {}
    for sign in _SIGN.finditer(prose):
        rest = prose[sign.start() :]
        lowered = rest.lower()
        key = next((name for name in longest if lowered.startswith(name) and not _goes_on(rest, len(name))), None)
        actor = names.get(key) if key is not None else None
        if actor is not None:
            found[actor] = None
        elif rest[0] == "@":
            unknown[re.split(r"[\s,;:!?)]", rest, maxsplit=1)[0]] = None
    return list(found), list(unknown)


def _goes_on(rest: str, end: int) -> bool:
    return end < len(rest) and _GOES_ON.match(rest[end]) is not None


def _without_code(text: str) -> str:
    return _CODE.sub(lambda match: " " * len(match[0]), text)


def _names(members: Iterable[Mapping[str, Any]], teams: Iterable[Mapping[str, Any]]) -> dict[str, str | None]:
    """Give every way to spell somebody, with the sign before it; None where it could be several."""
    names: dict[str, str | None] = {}
    of_teams = [(f"{sign}{team.get('slug')}", f"team:{team.get('id')}") for team in teams for sign in ("#", "@#")]
    spelled = [*_of_members(members), *of_teams]
    for name, actor in spelled:
        key = name.lower()
        names[key] = actor if names.get(key, actor) == actor else None
    return names


def _of_members(members: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for member in members:
        user = member.get("user") or {}
        if not user.get("id"):
            continue
        actor = f"user:{user['id']}"
        addresses = {member.get("email"), user.get("email")}
        plain = {user.get("name"), user.get("username"), member.get("name"), *addresses}
        plain |= {str(address).partition("@")[0] for address in addresses if address}
        yield from ((f"@{word}", actor) for word in plain if word)
