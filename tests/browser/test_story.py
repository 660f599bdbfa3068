"""The story by two people in two browsers: ask, approve, watch, read what broke, undo. Nobody reloads a page."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from looks import EVERYTHING, look, settle
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.timeout(1200)
# The pictures of README and tutorial: where they are to be made again, else beside the others.
PICTURES = Path(os.environ.get("DAYTWO_PICTURES") or "test-results/browser/docs")
# Screens that say little before something has happened; Sam's browser is dark.
BESIDE = {
    "entity": "/entities/service/shop",
    "runs": "/runs",
    "operate": "/operate?time=24h",
    "decided": "/approvals?list=decided",
    "locks": "/locks",
    "lock": "/lock?key=shop%2Fproduction",
    "webhooks": "/webhooks",
    "connections": "/connections",
}
MISSING = "the setting PAYMENTS_URL is missing"
A_WHILE = 60_000  # milliseconds that a whole pipeline may take on a busy machine


@pytest.fixture(scope="module")
def base(company: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """A company of its own: the story begins with what nobody has deployed to yet."""
    with company() as address:
        yield address


def deploy(page: Page, version: str) -> str:
    """Fill in the form as somebody does, read the plan, press once too often. Returns the run's path."""
    page.get_by_role("region", name="Actions").get_by_role("link", name="Deploy a service").click()
    environment = page.get_by_role("combobox", name="Environment")
    expect(environment).to_have_value("")  # nothing is chosen for anybody
    choose(page, "Version", version)
    choose(page, "Environment", "Production")
    page.get_by_role("button", name="See what will happen").click()
    expect(page.get_by_text("one of group:sre, within 24 h, or it expires")).to_be_visible()
    expect(page.get_by_text("shop/production", exact=True)).to_be_visible()
    if version == "1.1.0":
        picture(page, "plan")
    page.get_by_role("textbox", name="Comment").fill(f"{version} is what everybody waits for")
    page.get_by_role("button", name="Deploy a service").dblclick()
    page.wait_for_url("**/runs/r_*")
    return re.sub(r".*(/runs/r_\w+).*", r"\1", page.url)


def picture(page: Page, name: str) -> None:
    """What is in the window, as the documentation shows it."""
    page.evaluate("document.fonts.ready")
    expect(page.locator("main [aria-busy]")).to_have_count(0)  # until then a screen is laid out unseen
    page.screenshot(path=PICTURES / f"{name}.png", animations="disabled")


def looked(page: Page, name: str) -> list[str]:
    """What is wrong with it, where every screen is looked at."""
    return look(page, f"story-{name}") if EVERYTHING else []


def choose(page: Page, field: str, title: str) -> None:
    page.get_by_role("combobox", name=field).click()
    page.get_by_role("option", name=title).first.click()


def approve(page: Page, *, pictured: bool = False) -> None:
    """The inbox shows it by itself; the sealed plan is what is decided."""
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Approvals").click()
    page.get_by_role("link", name="Deploy a service").first.click()
    expect(page.get_by_text("computed the digest from what is shown here, and it is the same")).to_be_visible()
    expect(page.get_by_text("acme/shop").first).to_be_visible()
    if pictured:
        picture(page, "approval")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Your decision is recorded: approved.")).to_be_visible()


def state(page: Page) -> Any:
    return page.get_by_role("status").filter(has_text=re.compile("Succeeded|Failed|Running|Waiting")).first


def production_runs(page: Page) -> Any:
    return page.get_by_role("row").filter(has_text="environment:production").first


def test_the_story(someone: Any) -> None:
    ana, sam = someone("Ana"), someone("Sam", theme="dark")
    sam.page.get_by_role("navigation", name="Main").get_by_role("link", name="Approvals").click()
    expect(sam.page.get_by_text("Nothing waits for you")).to_be_visible()

    ana.goes("/entities/service/shop")
    expect(production_runs(ana.page)).to_contain_text("1.0.0")
    run = deploy(ana.page, "1.1.0")
    expect(state(ana.page)).to_contain_text("Waiting for approval")
    expect(ana.page.get_by_text("Moves next")).to_be_visible()

    # Her own approval is refused, with the reason and without a button.
    ana.page.get_by_role("link", name="Open the approval").click()
    expect(ana.page.get_by_text("You asked for this")).to_be_visible()
    expect(ana.page.get_by_role("button", name="Approve")).to_have_count(0)
    ana.page.go_back()

    expect(sam.page.get_by_role("link", name="Deploy a service")).to_have_count(1)  # pressed twice, asked once
    approve(sam.page, pictured=True)

    # Ana's page moves by itself: jobs, log, end, catalog.
    expect(state(ana.page)).to_contain_text("Succeeded", timeout=A_WHILE)
    expect(ana.page.get_by_role("log")).to_contain_text("answers in production")
    picture(ana.page, "run")
    wrong = looked(ana.page, "run-succeeded")
    ana.page.get_by_role("tab", name="Timeline").click()
    expect(ana.page.get_by_text("were waiting")).to_be_visible()
    picture(ana.page, "timeline")
    wrong += looked(ana.page, "timeline")
    ana.page.get_by_role("tab", name="Catalog changes").click()
    expect(ana.page.get_by_role("row", name="properties.version")).to_contain_text("1.1.0")
    wrong += looked(ana.page, "catalog-changes")
    ana.goes("/entities/service/shop")
    expect(production_runs(ana.page)).to_contain_text("1.1.0")
    expect(production_runs(ana.page).get_by_role("link", name=run.removeprefix("/runs/"))).to_be_visible()

    # 1.2.0 fails its check: the page says which line, and leads there.
    deploy(ana.page, "1.2.0")
    approve(sam.page)
    expect(state(ana.page)).to_contain_text("Failed", timeout=A_WHILE)
    show = ana.page.get_by_role("button", name="Show in the log")
    expect(ana.page.locator("pre").filter(has_text=MISSING)).to_be_visible()
    number = re.sub(r"\D", "", show.inner_text())
    show.click()
    expect(ana.page).to_have_url(re.compile(rf"#L{number}$"))
    line = ana.page.get_by_role("link", name=f"Link to line {number}", exact=True)
    expect(line).to_be_in_viewport()
    expect(line.locator("..")).to_contain_text(MISSING)
    wrong += looked(ana.page, "run-failed")
    ana.goes("/entities/service/shop")
    expect(production_runs(ana.page)).to_contain_text("1.1.0")

    # 1.3.0 goes out, is bad, and undo brings 1.1.0 back.
    bad = deploy(ana.page, "1.3.0")
    approve(sam.page)
    expect(state(ana.page)).to_contain_text("Succeeded", timeout=A_WHILE)
    ana.goes("/entities/service/shop")
    expect(production_runs(ana.page)).to_contain_text("1.3.0")
    ana.goes(bad)
    ana.page.get_by_role("button", name="Undo").click()
    ana.page.get_by_role("dialog").get_by_role("button", name="Undo").click()
    expect(ana.page.get_by_text("Undoes")).to_be_visible()
    approve(sam.page)
    expect(state(ana.page)).to_contain_text("Succeeded", timeout=A_WHILE)
    ana.goes("/entities/service/shop")
    expect(production_runs(ana.page)).to_contain_text("1.1.0")
    for name, address in BESIDE.items() if EVERYTHING else ():
        sam.goes(address)
        settle(sam.page)
        wrong += look(sam.page, f"story-{name}")
    assert not wrong, "\n".join(wrong)
