"""An approval with nothing but a keyboard: found, read, decided; and wherever the focus is, one sees it."""

from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.timeout(1200)
MOST: Final = 80  # presses of Tab to anything on a page
FOCUSED: Final = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const box = one.getBoundingClientRect();
  const within = (value, most) => Math.min(most - 1, Math.max(0, value));
  const on = document.elementFromPoint(
    within(box.x + box.width / 2, innerWidth), within(box.y + box.height / 2, innerHeight),
  );
  return {
    name: (one.getAttribute('aria-label') || one.innerText || one.value || '').trim(),
    seen: style.outlineStyle !== 'none' || style.boxShadow !== 'none' || one.matches('input, textarea'),
    covered: !(on && (one.contains(on) || on.contains(one))),
  };
}"""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until that has the focus. On the way nothing may have it unseen or covered (WCAG 2.4.7, 2.4.11)."""
    passed = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        assert here["seen"], f"nobody sees that {here['name']} has the focus"
        assert not here["covered"], f"{here['name']} has the focus, and something lies over it"
        passed.append(here["name"])
        if here["name"].startswith(name):
            return
    pytest.fail(f"{name} was not reached: {passed}")


def test_an_approval_by_keyboard_alone(someone: Any) -> None:
    ana, sam = someone("Ana"), someone("Sam")
    run = ana.asks("keyboard-approval")
    page: Page = sam.page

    opener = page.get_by_role("button", name="Search", exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox", name="Go to anything")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()  # what opened the palette has the focus again when Escape has closed it

    page.keyboard.press("Control+k")
    expect(page.get_by_role("combobox", name="Go to anything")).to_be_focused()
    page.keyboard.type("approvals")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Approvals", level=1)).to_be_visible()
    expect(page.get_by_role("main")).to_be_focused()  # another screen is tabbed through from its beginning
    expect(page.get_by_role("link", name="Deploy a service").first).to_be_visible()

    tab_to(page, "Deploy a service")
    page.keyboard.press("Enter")
    expect(page.get_by_text("computed the digest from what is shown here, and it is the same")).to_be_visible()
    tab_to(page, "Approve")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your decision is recorded: approved.")).to_be_visible()
    assert "Your decision is recorded" in page.evaluate("document.activeElement.innerText")

    page.keyboard.press("Control+k")
    page.keyboard.type(run["id"])
    expect(page.get_by_role("option", name=run["id"]).first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="Succeeded")).to_be_visible(timeout=90_000)
