"""Whoever goes by Tab sees where they are: on the form, the run and the approval, in both themes, desk and phone.

What has the focus has a ring of two pixels that stands out from what is around it (WCAG 2.2: 2.4.7, 2.4.13), and no
part of it lies under a bar that stays where it is (2.4.11, 2.4.12). Also, lines of a card keep their distance."""

from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.timeout(1200)
MOST: Final = 120  # presses of Tab on one screen
FOCUSED: Final = """() => {
  const one = document.activeElement;
  if (one === document.body) return null;
  const shown = [one, one.nextElementSibling, one.parentElement].filter(Boolean);
  const ringed = shown.find(each => {
    const style = getComputedStyle(each);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  });
  const colour = text => {
    const canvas = document.createElement('canvas');
    const brush = canvas.getContext('2d');
    brush.fillStyle = text;
    brush.fillRect(0, 0, 1, 1);
    return [...brush.getImageData(0, 0, 1, 1).data];
  };
  const bright = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  let around = one.parentElement;
  const clear = each => colour(getComputedStyle(each).backgroundColor)[3] === 0;
  while (around.parentElement && clear(around)) around = around.parentElement;
  const light = ringed ? bright(colour(getComputedStyle(ringed).outlineColor)) : 0;
  const ground = bright(colour(getComputedStyle(around).backgroundColor));
  const box = one.getBoundingClientRect();
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  const points = [[box.left + 2, box.top + 2], [box.right - 2, box.bottom - 2], middle];
  const within = ([x, y]) => x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
  const lies = points.filter(within).map(([x, y]) => document.elementFromPoint(x, y)).filter(Boolean);
  const bar = lies.find(on => {
    if (one.contains(on) || on.contains(one)) return false;
    for (let each = on; each; each = each.parentElement)
      if (['fixed', 'sticky'].includes(getComputedStyle(each).position) && !each.contains(one)) return true;
    return false;
  });
  const name = one.getAttribute('aria-label') || one.innerText || one.name || one.type || '';
  return {
    name: `${one.tagName} ${name.trim().slice(0, 60)}`,
    ringed: Boolean(ringed),
    contrast: (Math.max(light, ground) + 0.05) / (Math.min(light, ground) + 0.05),
    inside: points.some(within),
    bar: bar ? bar.className || bar.tagName : null,
  };
}"""


def through(page: Page, name: str) -> list[str]:
    """What is wrong with where the focus is, from the first place to the last."""
    wrong: list[str] = []
    seen = 0
    for _ in range(MOST):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is None:  # past the last one
            break
        seen += 1
        where = f"{name}: {here['name']}"
        if not here["ringed"]:
            wrong.append(f"{where} has the focus, and no ring")
        elif here["contrast"] < 3:
            wrong.append(f"{where}: its ring stands out by {here['contrast']:.1f} only")
        if not here["inside"]:
            wrong.append(f"{where} has the focus outside of the window")
        if here["bar"]:
            wrong.append(f"{where} lies under {here['bar']}")
    assert seen > 10, f"{name}: only {seen} places"
    return wrong


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("dark", 390), ("light", 390)])
def test_wherever_the_focus_is_one_sees_it(someone: Any, theme: str, width: int) -> None:
    ana, sam = someone("Ana", theme=theme, width=width), someone("Sam", theme=theme, width=width)
    run = ana.asks(f"focus-{theme}-{width}")
    page: Page = sam.page
    wrong: list[str] = []

    sam.goes("/actions/deploy?entity=service:shop&version=1.1.0&environment=environment:production")
    expect(page.get_by_text("Checked by the server")).to_be_visible()
    wrong += through(page, "form")
    sam.goes(f"/runs/{run['id']}")
    expect(page.get_by_text("Moves next")).to_be_visible()
    wrong += through(page, "run")
    page.get_by_role("link", name="Open the approval").click()
    expect(page.get_by_text("and it is the same")).to_be_visible()
    wrong += through(page, "approval")
    wrong += crowded(page)
    ana.page.evaluate(
        "id => fetch(`/api/v1/runs/${id}/withdraw`, { method: 'POST', "
        "headers: { 'content-type': 'application/json' }, body: '{\"reason\": \"\"}' })",
        run["id"],
    )
    assert not wrong, "\n".join(wrong)


def crowded(page: Page) -> list[str]:
    """A sentence keeps its distance from the table above it, and a field from what was said before."""
    pairs = [
        (page.get_by_role("link", name="r_", exact=False).last, page.get_by_text("last changed the action's file")),
        (page.get_by_text("Nobody has said anything."), page.get_by_text("Say something without deciding")),
    ]
    wrong = []
    for above, below in pairs:
        upper, lower = above.first.bounding_box(), below.first.bounding_box()
        assert upper
        assert lower
        gap = lower["y"] - upper["y"] - upper["height"]
        if gap < 8:
            wrong.append(f"{below} stands {gap:.0f} px below what is above it")
    return wrong
