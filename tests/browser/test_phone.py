"""Approving on a phone: found by the bar at the bottom, read, decided with a thumb; nothing wider than the screen."""

from typing import Any

import pytest
from looks import found_by_axe
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.timeout(1200), pytest.mark.long]
WIDER = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
THUMB = 24  # CSS pixels: WCAG 2.5.8, target size (minimum)


def fits(page: Page, where: str) -> None:
    assert not page.evaluate(WIDER), f"{where} is wider than the phone"
    assert found_by_axe(page) == [], where


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_an_approval_on_a_phone(someone: Any, theme: str) -> None:
    ana, sam = someone("Ana"), someone("Sam", theme=theme, width=390)
    run = ana.asks(f"phone-{theme}")
    page: Page = sam.page
    page.get_by_role("link", name="Approvals").last.click()
    expect(page.get_by_role("heading", name="Approvals", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Deploy a service").first).to_be_visible()
    fits(page, "the inbox")

    sam.goes(f"/runs/{run['id']}")
    page.get_by_role("link", name="Decide").or_(page.get_by_role("tab", name="Approvals")).first.click()
    opening = page.get_by_role("link", name="Open the approval")
    if opening.count():
        opening.click()
    expect(page.get_by_text("and it is the same")).to_be_visible()
    expect(page.get_by_role("heading", name="What becomes of the catalog")).to_be_visible()
    fits(page, "the approval")

    page.get_by_role("textbox", name="Say something without deciding").fill("On the train.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("On the train.")).to_be_visible()
    fits(page, "the comment")

    approve = page.get_by_role("button", name="Approve")
    box = approve.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= THUMB
    approve.click()
    said = page.get_by_text("Your decision is recorded: approved.")
    expect(said).to_be_visible()
    expect(said).to_be_in_viewport()
    fits(page, "the decision")
    ana.goes(f"/runs/{run['id']}")
    expect(ana.page.get_by_role("status").filter(has_text="Succeeded")).to_be_visible(timeout=90_000)
