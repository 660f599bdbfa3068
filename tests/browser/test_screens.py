"""Every screen, light on a desk: nothing for axe to find, nothing wider than the window, and that on a phone as well.

Axe looks at each in both themes. Pictures of all of them in both widths are left in `test-results/browser/`. `make e2e`
looks dark and on a phone. With `DAYTWO_SCREENS=all` (`make screens`) also dark on a desk, light on a phone, and as
narrow as a window may be; then also what administrators see, and nothing may move by itself.
"""

from collections.abc import Callable
from typing import Any

import pytest
from looks import EVERYTHING, look, settle
from playwright.sync_api import Page, expect

LOOKS = [("light", 1440), pytest.param("dark", 390, marks=[] if EVERYTHING else [pytest.mark.long])]
if EVERYTHING:
    LOOKS += [("dark", 1440), ("light", 390), ("light", 320)]  # the last is a desk at 400 % (WCAG 1.4.10)

ADDRESSES = {
    "actions": "/actions",
    "actions-narrowed": "/actions?tag=deploy&operation=day-2&may=yes",
    "no-such-action": "/actions?q=zebra",
    "chooser": "/actions/deploy",
    "form": "/actions/deploy?entity=service:shop&version=1.1.0&nonsense=1",
    "entities": "/entities",
    "entity": "/entities/service/shop",
    "runs": "/runs",
    "operate": "/operate?time=30d",
    "more": "/more",
    "locks": "/locks",
    "freezes": "/freezes",
    "freeze-list": "/freezes?view=list",
    "freeze-form": "/freezes/new",
    "people": "/people",
    "schedules": "/schedules",
    "schedule-form": "/schedules/new",
    "triggers": "/triggers",
    "events": "/events",
    "webhooks": "/webhooks",
    "no-lock": "/lock?key=shop%2Fproduction",
    "approvals": "/approvals?list=pending",
    "decided": "/approvals?list=decided",
    "connections": "/connections",
    "kinds": "/kinds",
    "tokens": "/tokens",
    "nowhere": "/nowhere",
    "no-such-run": "/runs/r_0000000000000000000",
}
# What only those see who manage access, or read the audit.
FOR_ADMINISTRATORS = {
    "audit": "/audit",
    "audit-narrowed": "/audit?action=entity.*",
    "channels": "/channels",
    "everybody": "/people",
    "everybodys-tokens": "/tokens",
}

FREEZE = {
    "title": "Spring cleaning",
    "description": "",
    "owner": "group:sre",
    "spec": {
        "reason": "The database moves to other machines",
        "from": "2099-03-01T00:00:00Z",
        "until": "2099-03-03T00:00:00Z",
        "where": {"environments": ["production"]},
    },
}
SCHEDULE = {
    "title": "Restart the shop every New Year",
    "description": "Before anybody is back from the holidays.",
    "spec": {
        "action": "restart",
        "entity": "service:shop",
        "inputs": {"environment": "environment:production"},
        "cron": "30 2 1 1 *",
        "timezone": "Europe/Berlin",
        "overlap": "skip",
        "catch_up": "10m",
        "missed": "skip",
    },
}
# One for each path, however often it is asked for.
MAKE = """([path, body]) => fetch(`/api/v1/${path}`, {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'idempotency-key': `screens-${path}` },
  body: JSON.stringify(body),
}).then(answer => answer.json())"""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_every_screen(someone: Callable[..., Any], alertmanager: str, theme: str, width: int) -> None:
    wrong: list[str] = []
    nobody = someone(None, theme=theme, width=width)
    settle(nobody.page)
    wrong += look(nobody.page, f"sign-in-{theme}-{width}")

    sam = someone("Sam", theme=theme, width=width)
    page = sam.page
    for name, address in ADDRESSES.items():
        sam.goes(address)
        settle(page)
        wrong += look(page, f"{name}-{theme}-{width}")
    wrong += _asking(sam, f"{theme}-{width}")
    wrong += _one_of_each(sam, f"{theme}-{width}")
    if EVERYTHING:
        wrong += _administering(someone("Pat", theme=theme, width=width), f"{theme}-{width}")
        wrong += _incident(sam, alertmanager, f"{theme}-{width}")
    sam.complaints[:] = [one for one in sam.complaints if "404" not in one]  # asked for on purpose above
    assert not wrong, "\n".join(wrong)


def _one_of_each(sam: Any, suffix: str) -> list[str]:
    """A freeze and a schedule by themselves; they begin long after the test."""
    wrong: list[str] = []
    for name, body in (("freeze", FREEZE), ("schedule", SCHEDULE)):
        made = sam.page.evaluate(MAKE, [f"{name}s", body])
        assert made.get("id"), made
        sam.goes(f"/{name}s/{made['id']}")
        settle(sam.page)
        wrong += look(sam.page, f"{name}-{suffix}")
    return wrong


def _incident(sam: Any, token: str, suffix: str) -> list[str]:
    """An alert, the trigger that begins a run of it, and what somebody is asked to do there.

    They then say that it cannot be done, so that the run has ended when others are looked at.
    """
    page: Page = sam.page
    alert = {
        "status": "firing",
        "labels": {"alertname": "ShopDown", "service": "shop", "environment": "production"},
        "annotations": {"summary": "The shop does not answer"},
        "fingerprint": f"screens-{suffix}",
    }
    told = page.request.post(
        f"{sam.base}/api/v1/events/alertmanager",
        data={"version": "4", "status": "firing", "alerts": [alert]},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert told.ok, told.text()
    sam.goes("/triggers")
    page.get_by_role("link", name="The shop does not answer").click()
    page.wait_for_url("**/triggers/shop-down")
    settle(page)
    wrong = look(page, f"trigger-{suffix}")
    sam.goes("/events")
    page.locator("main table a").first.click()
    page.wait_for_url("**/events/e_*")
    settle(page)
    wrong += look(page, f"event-{suffix}")
    sam.goes("/approvals?list=tasks")
    task = page.get_by_role("link", name="Handle an incident of the shop")
    for _ in range(30):  # the run has to come to it
        if task.count():
            break
        page.wait_for_timeout(1_000)
        page.reload()
        settle(page)
    wrong += look(page, f"tasks-{suffix}")
    task.first.click()
    page.wait_for_url("**/tasks/tk_*")
    settle(page)
    wrong += look(page, f"task-{suffix}")
    page.get_by_role("textbox", name="What you say").fill("It was the test of the screens")
    page.get_by_role("button", name="It cannot be done").click()
    expect(page.get_by_role("button", name="It cannot be done")).to_have_count(0)
    return wrong + look(page, f"task-over-{suffix}")


def _administering(pat: Any, suffix: str) -> list[str]:
    wrong: list[str] = []
    for name, address in FOR_ADMINISTRATORS.items():
        pat.goes(address)
        settle(pat.page)
        wrong += look(pat.page, f"{name}-{suffix}")
    pat.goes("/audit")
    pat.page.get_by_role("button", name="Verify the chain").click()
    expect(pat.page.get_by_text("The chain holds")).to_be_visible()
    return wrong + look(pat.page, f"audit-verified-{suffix}")


def _asking(sam: Any, suffix: str) -> list[str]:
    """The form with faults and an open list, the review, the run that waits, its approval, its dialog."""
    page: Page = sam.page
    sam.goes("/actions/deploy?entity=service:shop")
    page.get_by_role("button", name="See what will happen").click()
    expect(page.get_by_role("alert")).to_be_visible()
    wrong = look(page, f"faults-{suffix}")
    page.get_by_role("combobox", name="Version").click()
    expect(page.get_by_role("option").first).to_be_visible()
    wrong += look(page, f"choices-{suffix}")
    page.get_by_role("option", name="1.1.0").click()
    page.get_by_role("combobox", name="Environment").click()
    page.get_by_role("option", name="Production").click()
    page.get_by_role("button", name="See what will happen").click()
    expect(page.get_by_role("textbox", name="Comment")).to_be_visible()
    wrong += look(page, f"review-{suffix}")
    page.get_by_role("button", name="Deploy a service").click()
    page.wait_for_url("**/runs/r_*")
    expect(page.get_by_text("Moves next")).to_be_visible()
    wrong += look(page, f"run-waiting-{suffix}")
    page.get_by_role("tab", name="Timeline").click()
    expect(page.get_by_text("were waiting")).to_be_visible()
    wrong += look(page, f"run-timeline-{suffix}")
    page.get_by_role("tab", name="Plan and answers").click()
    wrong += look(page, f"run-plan-{suffix}")
    page.get_by_role("tab", name="Approvals").click()
    wrong += look(page, f"run-approvals-{suffix}")
    page.get_by_role("link", name="Open the approval").click()
    expect(page.get_by_text("and it is the same")).to_be_visible()
    wrong += look(page, f"approval-{suffix}")
    page.go_back()
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    wrong += look(page, f"dialog-{suffix}")
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    expect(page.get_by_role("status").filter(has_text="Withdrawn")).to_be_visible()
    wrong += look(page, f"run-withdrawn-{suffix}")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Go to anything").fill("shop")
    expect(page.get_by_role("group", name="Entities").get_by_role("option").first).to_be_visible()
    wrong += look(page, f"palette-{suffix}")
    return wrong
