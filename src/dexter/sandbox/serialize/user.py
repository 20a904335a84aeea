"""A user, as the account it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from dexter.sandbox.serialize.moment import iso

if TYPE_CHECKING:
    import sqlite3

LETTER_AVATAR = {"avatarType": "letter_avatar", "avatarUuid": None, "avatarUrl": None}


def user_json(row: sqlite3.Row) -> dict[str, Any]:
    """Give a user with everything that others may see of it."""
    return {
        "id": str(row["id"]),
        "name": row["name"],
        "username": row["username"],
        "email": row["email"],
        "avatarUrl": avatar_url(row["email"]),
        "isActive": bool(row["is_active"]),
        "isSuspended": False,
        "hasPasswordAuth": True,
        "isManaged": False,
        "dateJoined": iso(row["date_joined"]),
        "lastLogin": None,
        "has2fa": False,
        "lastActive": None,
        "isSuperuser": False,
        "isStaff": False,
        "experiments": {},
        "emails": [{"id": str(row["id"]), "email": row["email"], "is_verified": True}],
        "avatar": LETTER_AVATAR,
    }


def avatar_url(email: str) -> str:
    """Give the address of the picture that belongs to an e-mail address."""
    digest = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return f"https://gravatar.com/avatar/{digest}?s=32&d=mm"
