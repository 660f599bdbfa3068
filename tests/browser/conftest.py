"""The page in a real Chromium, against everything that `daytwo up` starts."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from looks import SHIFTS
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from daytwo_api.static import built_page
from daytwo_standins.shared.testing import assert_described

CHROMIUM = os.environ.get("DAYTWO_CHROMIUM") or shutil.which("chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
expect.set_options(timeout=60_000)  # a busy machine is not a failure
_ASK = """key => fetch('/api/v1/actions/deploy/runs', {
  method: 'POST',
  headers: { 'content-type': 'application/json', 'idempotency-key': key },
  body: JSON.stringify({
    entity: 'service:shop', inputs: { version: '1.1.0', environment: 'environment:production', reason: key },
  }),
}).then(answer => answer.json())"""
_FOLDERS: dict[str, Path] = {}  # of each company that runs, by its address
# Before anybody has signed in the page asks who it is talking for, and is told: nobody.
EXPECTED = "the server responded with a status of 401"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no chromium: apt-get install chromium, or DAYTWO_CHROMIUM"))


@dataclass
class Someone:
    """A person at their own browser. `complaints` is what the browser had to say against the page."""

    page: Page
    context: BrowserContext
    base: str
    complaints: list[str] = field(default_factory=list)

    def goes(self, path: str) -> None:
        self.page.goto(self.base + path)

    def asks(self, key: str) -> Any:
        """A deploy to production, without the form: what the API answers."""
        return self.page.evaluate(_ASK, key)

    def on_console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and EXPECTED not in message.text:
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def on_request(self, request: Request) -> None:
        if not request.url.startswith(self.base):
            self.complaints.append(f"asked another host: {request.url}")


@pytest.fixture(scope="package")
def base(company: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """The address of a running company, whose state is what the tests before have left."""
    with company() as address:
        yield address


@pytest.fixture(scope="package")
def company(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], AbstractContextManager[str]]:
    """Starts a company that nobody has done anything in, and stops it."""
    if not (built_page() / "index.html").is_file():
        pytest.fail("The page is not built: `make web` builds it.")
    return lambda: _company(tmp_path_factory.mktemp("browser"))


@contextmanager
def _company(folder: Path) -> Iterator[str]:
    log = folder / "up.log"
    argv = [sys.executable, "-m", "daytwo_cli", "up", "--data", str(folder / "data"), "--profile", "test"]
    with log.open("w") as out:
        process = subprocess.Popen(argv, stdout=out, stderr=out)
    try:
        address = _address(process, log)
        _FOLDERS[address] = folder / "data"
        yield address
        assert_described(folder / "data" / "github")
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + 90
    while "Daytwo runs: " not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    return log.read_text().partition("Daytwo runs: ")[2].split()[0]


@pytest.fixture
def alertmanager(base: str) -> str:
    """The token with which the company's Alertmanager tells of alerts."""
    return (_FOLDERS[base] / "secrets" / "alertmanager").read_text().strip()


@pytest.fixture(scope="module")  # while it is open, Playwright runs an event loop that other tests would meet
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


@pytest.fixture
def someone(browser: Browser, base: str) -> Iterator[Callable[..., Someone]]:
    """Opens a browser of one's own, signed in as that person. At the end nobody may have complained."""
    opened: list[Someone] = []

    def open_as(name: str | None, *, theme: str = "light", width: int = 1440) -> Someone:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme="dark" if theme == "dark" else "light"
        )
        context.set_default_timeout(60_000)
        context.add_init_script(SHIFTS)
        page = context.new_page()
        person = Someone(page, context, base)
        page.on("console", person.on_console)
        page.on("pageerror", lambda error: person.complaints.append(f"broke: {error}"))
        page.on("request", person.on_request)
        opened.append(person)
        person.goes("/")
        if name is not None:
            page.get_by_role("button", name=name).click()
            page.get_by_role("heading", name="Actions", exact=True).wait_for()
        return person

    yield open_as
    complaints = [complaint for person in opened for complaint in person.complaints]
    for person in opened:
        person.context.close()
    assert complaints == []
