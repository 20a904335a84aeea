"""From basket to parcel."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from dexter.demo.shop import basket, payments

if TYPE_CHECKING:
    import sqlite3
    from random import Random

log = logging.getLogger("shop.orders")


def take_from_stock(database: sqlite3.Connection, lines: list[basket.Line]) -> None:
    """Reserve the pieces; the count on hand is not looked at first, which is the mistake."""
    for line in lines:
        database.execute("UPDATE stock SET on_hand = on_hand - ? WHERE sku = ?", (line.quantity, line.sku))


def place(database: sqlite3.Connection, customer: str, lines: list[basket.Line], chance: Random) -> str:
    """Turn a basket into an order and give its number; numbers may meet, which is the mistake."""
    amount = basket.total(database, lines)
    number = f"FC-{chance.randint(1, 40):04d}"
    payments.authorize(number, amount, chance)
    database.execute("INSERT INTO orders VALUES (?, ?, ?)", (number, customer, amount))
    log.info("order placed", extra={"number": number, "cents": amount})
    return number


def carrier_update(payload: str) -> str:
    """Read what the carrier reports; it sometimes sends a page of HTML, which is the mistake."""
    report = json.loads(payload)
    parcel: str = report["parcel"]["id"]
    return parcel


def nightly_report(orders: int) -> None:
    """Complain when the report is late; a message without an exception."""
    log.error("Nightly stock report is late: %s orders not counted", orders)
