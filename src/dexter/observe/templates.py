"""What metrics call an address: its template, by the name that records give it."""

from __future__ import annotations


class Templates(dict[str, str]):
    """Templates by name; an operation's key, such as `GET /api/0/`, holds its own, and all else is `*`."""

    def __missing__(self, name: str) -> str:
        _, _, template = name.partition(" ")
        self[name] = template or "*"
        return self[name]
