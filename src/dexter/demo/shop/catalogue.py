"""What the shop sells."""

from __future__ import annotations

import re
import sqlite3

PLANTS = (
    ("FERN-S", "Boston fern, small", 1490, "shade"),
    ("MONSTERA-M", "Monstera deliciosa, medium", 3990, "half-shade"),
    ("ALOE-S", "Aloe vera", 990, "sun"),
    ("CALATHEA-L", "Calathea orbifolia, large", 5490, "shade"),
    ("POT-TERRA", "Terracotta pot, 14 cm", 890, None),
    ("GIFTCARD", "Gift card", None, None),
)


def open_catalogue() -> sqlite3.Connection:
    """Give a database with the shop's plants and their stock."""
    database = sqlite3.connect(":memory:", check_same_thread=False)
    database.executescript(
        "CREATE TABLE plants (sku TEXT PRIMARY KEY, name TEXT, price INTEGER, light TEXT);"
        "CREATE TABLE stock (sku TEXT PRIMARY KEY, on_hand INTEGER CHECK (on_hand >= 0));"
        "CREATE TABLE orders (number TEXT PRIMARY KEY, customer TEXT, total INTEGER);"
    )
    database.executemany("INSERT INTO plants VALUES (?, ?, ?, ?)", PLANTS)
    database.executemany("INSERT INTO stock VALUES (?, 3)", [(sku,) for sku, *_ in PLANTS])
    return database


def search(database: sqlite3.Connection, words: str) -> list[str]:
    """Give the names that match; a customer's question mark is taken for a pattern, which is the mistake."""
    pattern = re.compile(words, re.IGNORECASE)
    names = [row[0] for row in database.execute("SELECT name FROM plants")]
    return [name for name in names if pattern.search(name)]


def light_advice(database: sqlite3.Connection, sku: str) -> str:
    """Say where a plant likes to stand; a pot has no such wish, which is the mistake."""
    (light,) = database.execute("SELECT light FROM plants WHERE sku = ?", (sku,)).fetchone()
    advice: str = light.replace("-", " ").capitalize()
    return f"{advice} suits it best."
