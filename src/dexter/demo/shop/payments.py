"""How a customer pays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


class PaymentDeclined(Exception):
    """The bank said no."""


class GatewayTimeout(Exception):
    """The payment gateway did not answer in time."""


def _ask_bank(order: str, cents: int, chance: Random) -> str:
    fate = chance.random()
    if fate < 0.5:
        raise ConnectionResetError(104, "Connection reset by peer")
    if fate < 0.8:
        message = f"No answer within 3.0 s for order {order}"
        raise GatewayTimeout(message)
    return f"auth-{cents}"


def authorize(order: str, cents: int, chance: Random) -> str:
    """Reserve the money, or say why it could not be."""
    try:
        return _ask_bank(order, cents, chance)
    except ConnectionResetError as broken:
        message = "The bank closed the connection while authorizing"
        raise PaymentDeclined(message) from broken
