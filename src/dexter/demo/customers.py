"""Who visits the shop: requests drawn from a seed, most of them harmless, some that meet a mistake."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

PEOPLE = ("ines", "tomas", "amara", "yuki", "lena", "omar", "priya", "jonas", "chloe", "mateo", "zofia", "kwame")
AGENTS = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
)
SKUS = ("FERN-S", "MONSTERA-M", "ALOE-S", "CALATHEA-L", "POT-TERRA", "GIFTCARD")
CARRIER_REPORTS = ('{"parcel": {"id": "P-1"}}', "<html><body>502 Bad Gateway</body></html>", '{"parcels": []}')
WEIGHTS = {
    "/search": 6, "/plants/light": 5, "/basket/total": 6, "/basket/voucher": 4, "/basket/shipping": 3,
    "/orders": 5, "/stock/take": 3, "/carrier/updates": 3, "/reports/nightly": 1,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of one customer."""

    path: str
    query: str
    customer: str
    agent: str


def question_for(path: str, chance: Random) -> dict[str, str]:
    """Give what a customer asks of a page; now and then it is what the page does not expect."""
    questions: dict[str, dict[str, str]] = {
        "/search": {"q": chance.choice(("fern", "aloe", "monstera", "pot (small", "*"))},
        "/plants/light": {"sku": chance.choice(SKUS)},
        "/basket/total": {"sku": chance.choice(SKUS), "quantity": str(chance.randint(1, 3))},
        "/basket/voucher": {"code": chance.choice(("WELCOME-5", "SUMMER-10", "SPRING-25", "welcome-5"))},
        "/basket/shipping": {"quantity": chance.choice(("0", "1", "2"))},
        "/orders": {"sku": chance.choice(SKUS[:4])},
        "/stock/take": {"sku": chance.choice(SKUS), "quantity": str(chance.randint(1, 2))},
        "/carrier/updates": {"report": chance.choice(CARRIER_REPORTS)},
        "/reports/nightly": {"orders": str(chance.randint(3, 60))},
    }
    return questions[path]


def visits(chance: Random) -> Iterator[Visit]:
    """Give requests without end."""
    paths, weights = list(WEIGHTS), list(WEIGHTS.values())
    while True:
        (path,) = chance.choices(paths, weights)
        customer = chance.choice(PEOPLE)
        query = urlencode(question_for(path, chance) | {"customer": customer})
        yield Visit(path, query, customer, chance.choice(AGENTS))
