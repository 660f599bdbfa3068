"""The page in a real Chromium: first view, a usable form, lists, pickers and logs of the sizes that are promised.

Rows are multiplied in the database; nothing is stubbed. Frames are counted by the browser while a list is scrolled.
"""

import gzip
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import psycopg
from playwright.sync_api import Browser, Page, sync_playwright
from tests.bench.inbox import multiply
from tests.chaos.harness.house import ChaosHouse, until
from tests.chaos.harness.person import Journal, Person

RUNS: Final = 1_000
ENTITIES: Final = 10_000
LOG_BYTES: Final = 100_000_000
LINE: Final = "2026-11-29T08:00:00.0000000Z copied app/module_{:07d}.py to the release, 1024 bytes, digest 5f1c0a"
CHUNK: Final = 5_000  # lines
NO_CHROMIUM: Final = (
    "The page is left out, since there is no Chromium: install it (Debian: apt-get install chromium), or name one in "
    "DAYTWO_CHROMIUM"
)
QUIET: Final = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
# Scrolls what is under the selector for some seconds and says how long the browser took for each frame.
SCROLL: Final = """([selector, seconds, pixels]) => new Promise(done => {
  const one = selector ? document.querySelector(selector) : document.scrollingElement;
  const frames = []; let last = performance.now(); const end = last + seconds * 1000; let by = pixels;
  const next = now => {
    frames.push(now - last); last = now;
    if (one.scrollTop + one.clientHeight >= one.scrollHeight - 1) by = -pixels;
    if (one.scrollTop <= 0) by = pixels;
    one.scrollTop += by;
    now < end ? requestAnimationFrame(next) : done(frames.slice(1));
  };
  requestAnimationFrame(next);
})"""

# Rows of the table, also those that are not in the document as they are out of sight.
ROWS: Final = """() => {
  const table = document.querySelector('table');
  return Number(table.getAttribute('aria-rowcount') ?? table.rows.length) - 1;
}"""


@dataclass(frozen=True)
class Scrolled:
    """Frames of a list while it is scrolled, and what the page holds."""

    what: str
    ready_ms: float  # from the press that asks for it until it can be read
    frames: int
    within_33_ms: float  # share
    worst_ms: float
    heap_mb: float  # of script, after it


@dataclass(frozen=True)
class Views:
    script_kb: float  # compressed, until the first view is there
    first_view_ms: float
    form_ready_ms: float
    log_first_line_ms: float
    log_end_ms: float
    log_found_ms: float
    scrolled: list[Scrolled]


def chromium() -> str | None:
    """The browser of this machine."""
    return os.environ.get("DAYTWO_CHROMIUM") or shutil.which("chromium")


def views(house: ChaosHouse, service: str) -> Views:
    """Everything, as Ana, in a browser that has nothing cached."""
    ana = Person.sign_in(house.page, "ana", Journal())
    run = ana.submit(service, "staging", note="page")
    until(lambda: ana.run(run)["state"] == "succeeded", "the run has ended", seconds=120)
    ana.close()
    multiply(house.database_url, run, RUNS)
    _entities(house.database_url)
    _log(house.database_url, run)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=QUIET)
        found = _measured(browser, house.page, service, run)
        browser.close()
    return found


def _measured(browser: Browser, base: str, service: str, run: str) -> Views:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(base)
    page.get_by_role("button", name="Ana").click()
    page.get_by_role("heading", name="Actions", exact=True).wait_for()
    cookies = context.cookies()
    context.close()

    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    context.add_cookies([{"name": one["name"], "value": one["value"], "url": base} for one in cookies])
    page = context.new_page()
    scripts: dict[str, int] = {}
    page.on("response", lambda answer: _weigh(answer, scripts))
    card = page.get_by_role("heading", name="Deploy", exact=True).get_by_role("link")
    first = _took(lambda: page.goto(f"{base}/actions"), card)
    weight = sum(scripts.values())
    page.goto(f"{base}/actions?entity=service:{service}")
    form = _took(card.click, page.get_by_role("combobox", name="Environment"))
    scrolled = [_picker(page), _runs(page, base)]
    first_line = _took(
        lambda: page.goto(f"{base}/runs/{run}"), page.get_by_role("link", name="Link to line 1", exact=True)
    )
    scrolled.append(_frames(page, "log of 100 MB", "[role=log]", first_line, pixels=600))
    last = _took(
        lambda: page.eval_on_selector("[role=log]", "log => { log.scrollTop = log.scrollHeight }"),
        page.get_by_role("link", name=f"Link to line {_lines()}", exact=True),
    )
    search = page.get_by_role("textbox", name="Search in the log")
    sought = _took(lambda: search.fill(f"module_{_lines() - 3:07d}"), page.get_by_text("1 of 1", exact=True))
    context.close()
    return Views(weight / 1000, first, form, first_line, last, sought, scrolled)


def _picker(page: Page) -> Scrolled:
    """The environment, out of ten thousand: opened, then scrolled as far as one gets in three seconds."""
    ready = _took(page.get_by_role("combobox", name="Environment").click, page.get_by_role("option").first)
    return _frames(page, "picker of 10,000 entities", "[role=listbox]", ready, pixels=40)


def _runs(page: Page, base: str) -> Scrolled:
    page.goto(f"{base}/runs")
    page.get_by_role("row").nth(1).wait_for()
    more = page.get_by_role("button", name="Show more")
    began = time.perf_counter()
    while (rows := page.evaluate(ROWS)) < RUNS and more.count():
        more.click()
        page.wait_for_function(f"rows => ({ROWS})() > rows", arg=rows)
    return _frames(page, "list of 1,000 runs", "", (time.perf_counter() - began) * 1000, pixels=60)


def _frames(page: Page, what: str, selector: str, ready: float, *, pixels: int) -> Scrolled:
    frames: list[float] = page.evaluate(SCROLL, [selector, 4, pixels])
    client = page.context.new_cdp_session(page)
    client.send("HeapProfiler.collectGarbage")
    client.send("Performance.enable")
    metrics = {one["name"]: one["value"] for one in client.send("Performance.getMetrics")["metrics"]}
    return Scrolled(
        what=what,
        ready_ms=ready,
        frames=len(frames),
        within_33_ms=sum(one <= 33.4 for one in frames) / len(frames),
        worst_ms=max(frames),
        heap_mb=metrics["JSHeapUsedSize"] / 1e6,
    )


def _weigh(answer: Any, scripts: dict[str, int]) -> None:
    if answer.url.endswith(".js"):
        scripts[answer.url] = len(gzip.compress(answer.body()))


def _took(act: Callable[[], object], shown: Any) -> float:
    """Milliseconds from a press until something is there to be seen."""
    began = time.perf_counter()
    act()
    shown.wait_for(state="visible")
    return (time.perf_counter() - began) * 1000


def _entities(url: str) -> None:
    """As many environments, as copies of one."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO entity (ref, kind, name, title, owner, properties, relations, visible_to, version, "
            "changed_at, changed_by) SELECT ref || '-' || n, kind, name || '-' || n, title || ' ' || n, owner, "
            "properties, relations, visible_to, version, changed_at, changed_by "
            "FROM entity, generate_series(1, %s) AS n WHERE ref = 'environment:staging'",
            [ENTITIES],
        )
        connection.execute("ANALYZE entity")


def _lines() -> int:
    return LOG_BYTES // (len(LINE.format(0)) + 1)


def _log(url: str, run: str) -> None:
    """The run's log becomes one of a hundred megabytes."""
    total = _lines()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM log_chunk WHERE run_id = %s", [run])
        for first in range(1, total + 1, CHUNK):
            numbers = range(first, min(first + CHUNK, total + 1))
            text = "\n".join(LINE.format(number) for number in numbers)
            connection.execute(
                "INSERT INTO log_chunk VALUES (%s, %s, %s, 'ship', '1', 'release', %s)",
                [run, first, len(numbers), text],
            )
        connection.execute("UPDATE run SET log_lines = %s WHERE id = %s", [total, run])
