"""The shop's pages: a WSGI application, so that the SDK's own middleware sees every request."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import sentry_sdk

from dexter.demo.shop import basket, catalogue, orders

if TYPE_CHECKING:
    from random import Random
    from wsgiref.types import StartResponse, WSGIEnvironment

Page = Callable[[dict[str, str]], str]


class Shop:
    """The application: one catalogue, one page a path."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._database = catalogue.open_catalogue()
        self._pages: dict[str, Page] = {
            "/search": self._search,
            "/plants/light": self._light,
            "/basket/total": self._total,
            "/basket/voucher": self._voucher,
            "/basket/shipping": self._shipping,
            "/orders": self._order,
            "/stock/take": self._stock,
            "/carrier/updates": self._carrier,
            "/reports/nightly": self._nightly,
        }

    @property
    def paths(self) -> tuple[str, ...]:
        """Every page there is."""
        return tuple(self._pages)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ["PATH_INFO"]
        page = self._pages[path]
        # What a web framework's integration does: name the request by its route.
        sentry_sdk.get_current_scope().set_transaction_name(path, source="route")
        question: dict[str, Any] = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
        text = page({name: values[0] for name, values in question.items()})
        start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [text.encode()]

    def _search(self, question: dict[str, str]) -> str:
        return "\n".join(catalogue.search(self._database, question["q"]))

    def _light(self, question: dict[str, str]) -> str:
        return catalogue.light_advice(self._database, question["sku"])

    def _total(self, question: dict[str, str]) -> str:
        return str(basket.total(self._database, [basket.Line(question["sku"], int(question["quantity"]))]))

    def _voucher(self, question: dict[str, str]) -> str:
        return str(basket.discount(question["code"], 4990))

    def _shipping(self, question: dict[str, str]) -> str:
        lines = [basket.Line("FERN-S", int(question["quantity"]))]
        return str(basket.shipping_share(1490, lines))

    def _order(self, question: dict[str, str]) -> str:
        lines = [basket.Line(question["sku"], 1)]
        return orders.place(self._database, question["customer"], lines, self._chance)

    def _stock(self, question: dict[str, str]) -> str:
        orders.take_from_stock(self._database, [basket.Line(question["sku"], int(question["quantity"]))])
        return "reserved"

    def _carrier(self, question: dict[str, str]) -> str:
        return orders.carrier_update(question["report"])

    def _nightly(self, question: dict[str, str]) -> str:
        orders.nightly_report(int(question["orders"]))
        return "reported"
