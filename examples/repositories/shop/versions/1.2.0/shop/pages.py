"""What the shop answers: a function from a path to a status, a content type and a body. No sockets here."""

import html
import json
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from shop import __version__
from shop.prices import UnknownItem, price, total
from shop.settings import Settings

EXAMPLE = {"mug": 2, "tea": 1}


class Answer(NamedTuple):
    status: int
    type: str
    body: str


def answer(url: str, settings: Settings) -> Answer:
    """The answer to GET of a path with its query."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    try:
        if parts.path == "/":
            return home(settings)
        if parts.path == "/price":
            return _json(_price(query, settings))
        if parts.path == "/cart":
            return _json(_cart({item: int(quantity) for item, quantity in query.items()}, settings))
    except (UnknownItem, ValueError) as problem:
        return _json({"error": str(problem)}, status=400)
    return _json({"error": f"there is no page {parts.path}"}, status=404)


def home(settings: Settings) -> Answer:
    """The page for people."""
    lines = "".join(f"<li>{quantity} × {html.escape(item)}</li>" for item, quantity in EXAMPLE.items())
    body = (
        f"<!doctype html><html lang=en><title>Acme shop</title><h1>Acme shop {__version__}</h1>"
        f"<p>in {html.escape(settings.environment)}</p><h2>Your cart</h2><ul>{lines}</ul>"
        f"<p>Total: {amount(total(EXAMPLE))} {html.escape(settings.currency)}</p></html>\n"
    )
    return Answer(200, "text/html; charset=utf-8", body)


def amount(cents: int) -> str:
    """Cents as people write them: 1370 is 13.70."""
    return f"{cents // 100}.{cents % 100:02d}"


def _price(query: dict[str, str], settings: Settings) -> dict[str, object]:
    item, quantity = query.get("item", ""), int(query.get("quantity", "1"))
    cents = price(item, quantity)
    return {"item": item, "quantity": quantity, "price": amount(cents), "currency": settings.currency}


def _cart(cart: dict[str, int], settings: Settings) -> dict[str, object]:
    lines = [{"item": item, "quantity": count, "price": amount(price(item, count))} for item, count in cart.items()]
    pay = f"{settings.payments}/?amount={amount(total(cart))}"
    return {"lines": lines, "total": amount(total(cart)), "currency": settings.currency, "pay": pay}


def _json(value: dict[str, object], status: int = 200) -> Answer:
    return Answer(status, "application/json", json.dumps(value) + "\n")
