"""Short ids: the project's slug in capitals, a dash, and a counter in a base 32 that avoids I, L, O and U. Pure."""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LONGEST = 12
"""Digits of a counter: more would outgrow 64 bits."""
_READ_AS = {"O": "0", "I": "1", "L": "1"}


def format_short_id(slug: str, number: int) -> str:
    """Give `SHOP-FRONTEND-3F` for the project's slug and the issue's number in it."""
    digits = ""
    while number:
        number, digit = divmod(number, 32)
        digits = ALPHABET[digit] + digits
    return f"{slug.upper()}-{digits or '0'}"


def parse_short_id(text: str) -> tuple[str, int] | None:
    """Give the project's slug and the issue's number, or None for what is no short id.

    Letter case does not matter, and the letters that look like digits are read as those.
    """
    slug, _, counter = text.strip().rpartition("-")
    if not slug or not counter or len(counter) > _LONGEST:
        return None
    number = 0
    for letter in counter.upper():
        digit = ALPHABET.find(_READ_AS.get(letter, letter))
        if digit < 0:
            return None
        number = number * 32 + digit
    return slug.lower(), number
