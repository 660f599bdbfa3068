"""Looking at a screen: a picture, what axe finds, what is wider than the window, and what has moved by itself."""

import os
from pathlib import Path
from typing import Final

import axe_playwright_python
from playwright.sync_api import Page, expect

AXE: Final = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PICTURES: Final = Path(__file__).resolve().parents[2] / "test-results" / "browser"
PHONE: Final = 390  # CSS pixels
EVERYTHING: Final = os.environ.get("DAYTWO_SCREENS") == "all"
# Cumulative layout shift of one screen, from its beginning until it is there. 0.1 is commonly called good.
MOST_SHIFTED: Final = 0.02
# What moved without anybody having pressed something in the half second before (the browser's own measure).
SHIFTS: Final = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push([
    entry.value,
    entry.sources.map(({ node }) => node && (node.className || node.nodeName || node.textContent)).join(' '),
  ]);
}).observe({ type: 'layout-shift', buffered: true });
"""

# What is there was painted as well, on a machine on which that takes a while.
PAINTED: Final = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 50))))"


def found_by_axe(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("rules => axe.run(document, { runOnly: rules })", RULES)
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def shifted(page: Page) -> list[str]:
    """What has moved since the last look, when it is more than the budget."""
    moved: list[tuple[float, str]] = page.evaluate("window.shifts.splice(0)")
    total = sum(value for value, _ in moved)
    if total <= MOST_SHIFTED:
        return []
    return [f"moved by itself ({total:.3f}): {'; '.join(f'{value:.3f} {what}' for value, what in moved)}"]


def look(page: Page, name: str) -> list[str]:
    """What is wrong with what is shown."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    wrong = shifted(page) if EVERYTHING else []  # before the picture: for that the window is made as high as the page
    page.evaluate(PAINTED)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    wrong += found_by_axe(page)
    wrong += _wider(page)
    if not EVERYTHING:
        wrong += _in_the_other_theme(page)
        wrong += _on_a_phone(page, name)
    page.evaluate("new Promise(done => setTimeout(() => done(window.shifts.splice(0)), 50))")  # what the picture moved
    return [f"{name}: {one}" for one in wrong]


def _wider(page: Page) -> list[str]:
    wider = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return ["wider than the window"] if wider else []


def _in_the_other_theme(page: Page) -> list[str]:
    """What axe finds when the same screen changes its colours: no new load, so that every run sees both themes."""
    dark: bool = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    page.emulate_media(color_scheme="light" if dark else "dark")
    page.evaluate(PAINTED)
    wrong = [f"{'light' if dark else 'dark'}: {one}" for one in found_by_axe(page)]
    page.emulate_media(color_scheme="dark" if dark else "light")
    page.evaluate(PAINTED)
    return wrong


def _on_a_phone(page: Page, name: str) -> list[str]:
    """The same screen as wide as a phone: a picture, and whether it fits."""
    desk = page.viewport_size
    if desk is None or desk["width"] <= PHONE:
        return []
    page.set_viewport_size({"width": PHONE, "height": 844})
    page.evaluate(PAINTED)
    page.screenshot(path=PICTURES / f"{name}-at-{PHONE}.png", full_page=True)
    wrong = [f"at {PHONE}: {one}" for one in _wider(page)]
    page.set_viewport_size(desk)
    return wrong


def settle(page: Page) -> None:
    page.wait_for_load_state("domcontentloaded")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-label=Loading]")).to_have_count(0)
