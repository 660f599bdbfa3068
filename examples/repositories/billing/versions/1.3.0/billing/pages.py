"""What billing answers: a function from a path to a status, a content type and a body. No sockets here."""

import html
import json
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from billing import __version__
from billing.settings import Settings
from billing.tax import UnknownCountry, tax


class Answer(NamedTuple):
    status: int
    type: str
    body: str


def answer(url: str, settings: Settings) -> Answer:
    """The answer to GET of a path with its query."""
    parts = urlsplit(url)
    if parts.path == "/":
        return home(settings)
    if parts.path == "/invoice":
        return _invoice(dict(parse_qsl(parts.query)), settings)
    return _json({"error": f"there is no page {parts.path}"}, status=404)


def home(settings: Settings) -> Answer:
    """The page for people."""
    body = (
        f"<!doctype html><html lang=en><title>Acme billing</title><h1>Acme billing {__version__}</h1>"
        f"<p>in {html.escape(settings.environment)}</p></html>\n"
    )
    return Answer(200, "text/html; charset=utf-8", body)


def _invoice(query: dict[str, str], settings: Settings) -> Answer:
    try:
        net = int(query.get("net", ""))
        due = tax(net, query.get("country", ""))
    except (UnknownCountry, ValueError) as problem:
        return _json({"error": str(problem)}, status=400)
    country = query["country"]
    return _json({"net": net, "tax": due, "gross": net + due, "country": country, "currency": settings.currency})


def _json(value: dict[str, object], status: int = 200) -> Answer:
    return Answer(status, "application/json", json.dumps(value) + "\n")
