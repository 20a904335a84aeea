"""What a customer is about to buy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

VOUCHERS = {"WELCOME-5": 5, "SUMMER-10": 10}


@dataclass(frozen=True, slots=True)
class Line:
    """A plant and how many of it."""

    sku: str
    quantity: int


def total(database: sqlite3.Connection, lines: list[Line]) -> int:
    """Give the basket's worth in cents; a gift card has no price of its own, which is the mistake."""
    amount = 0
    for line in lines:
        (price,) = database.execute("SELECT price FROM plants WHERE sku = ?", (line.sku,)).fetchone()
        amount += price * line.quantity
    return amount


def discount(code: str, amount: int) -> int:
    """Give what a voucher takes off; an unknown code is looked up unchecked, which is the mistake."""
    percent = VOUCHERS[code]
    return amount * percent // 100


def shipping_share(amount: int, lines: list[Line]) -> int:
    """Spread the shipping over the pieces; an empty basket has none, which is the mistake."""
    pieces = sum(line.quantity for line in lines)
    return max(490 - amount // 100, 0) // pieces
