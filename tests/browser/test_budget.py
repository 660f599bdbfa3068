"""How much script somebody waits for before the first screen is there."""

import gzip
from typing import Any

from playwright.sync_api import Response, expect

BUDGET = 300_000  # bytes, compressed; design §11


def test_the_first_view_is_small(someone: Any) -> None:
    ana = someone("Ana")
    scripts: dict[str, int] = {}

    def on_response(response: Response) -> None:
        if response.url.endswith(".js"):
            scripts[response.url] = len(gzip.compress(response.body()))

    ana.page.on("response", on_response)
    ana.goes("/actions")
    expect(ana.page.get_by_role("link", name="Deploy a service", exact=True)).to_be_visible()
    assert scripts
    assert sum(scripts.values()) <= BUDGET, scripts
