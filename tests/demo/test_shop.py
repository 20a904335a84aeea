"""The shop fails its customers in many ways, and only in the ways it means to."""

import io
from collections import Counter
from random import Random
from typing import Any

from dexter.demo.customers import WEIGHTS, Visit, visits
from dexter.demo.shop.wsgi import Shop


def answer_to(shop: Shop, visit: Visit) -> str:
    environ: dict[str, Any] = {"PATH_INFO": visit.path, "QUERY_STRING": visit.query, "wsgi.input": io.BytesIO()}
    try:
        list(shop(environ, lambda _status, _headers, _error=None: lambda _data: None))
    except Exception as error:  # the shop's mistakes are the subject here
        return type(error).__name__
    return "ok"


def test_visits_meet_many_kinds_of_errors_and_mostly_good_answers() -> None:
    """A demo that always fails, or fails in one way, would not look like a living system."""
    shop = Shop(Random(7))
    seen = Counter(answer_to(shop, visit) for visit, _ in zip(visits(Random(7)), range(400), strict=False))
    assert seen["ok"] > 150
    assert len(seen) >= 9, seen


def test_customers_know_every_page_of_the_shop() -> None:
    """A page without customers would never show its mistake."""
    assert set(WEIGHTS) == set(Shop(Random(1)).paths)
