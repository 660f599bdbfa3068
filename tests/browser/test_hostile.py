"""Case S32: what others wrote is text. Scripts in names, logs, comments and links run nowhere, and what turns or hides
the text beside it is shown by its number."""

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg
import pytest
import yaml
from company import EXAMPLES, open_company
from more_actions import like_deploy, load_beside
from playwright.sync_api import Browser, Page, expect
from pydantic import SecretStr

from daytwo_store.engine import Store
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings

pytestmark = [pytest.mark.timeout(1200), pytest.mark.long]  # `make security` plays it, too: S32
CORPUS: Final = (
    "<img src=x onerror=hit()>",
    "<svg/onload=hit()>",
    "</script><script>hit()</script>",
    "\"><iframe srcdoc='<script>parent.hit()</script>'>",
    "javascript:hit()",
    "{{constructor.constructor('hit()')()}}",
    '<a href="javascript:hit()">press</a>',
    "\x1b]8;;javascript:hit()\x07press\x1b]8;;\x07",
    "\x1b[31m<b onmouseover=hit()>red</b>\x1b[0m",
)
TURNED: Final = "deploy to \u202enoitcudorp\u202c\u200b now"
LINKS: Final = (
    "javascript:hit()",
    "data:text/html,<script>hit()</script>",
    "vbscript:hit()",
    "http://evil.example/run",
)
# Pages on which the turned text stands by itself.
TURNS: Final = ("/tasks/tk_evil", "/events/e_evil", "/events", "/lock?key=evil")
ALL: Final = " ".join(CORPUS)


def seed(url: str, folder: Path) -> str:
    """A company in which everything that somebody may write holds the corpus. The id of its run."""

    async def make() -> str:
        store = Store(StoreSettings(url=SecretStr(url)))
        company = await open_company(store)
        evil = like_deploy("evil")
        evil["metadata"] |= {"title": "<img src=x onerror=hit()>", "description": ALL[:400]}
        await load_beside(company, folder, evil)
        run = await company.ask("ana", "1.1.0", "production")
        await company.decide("sam", RunId(run), comment=ALL)
        await company.through(RunId(run))
        await store.close()
        return str(run)

    with ThreadPoolExecutor(1) as thread:  # Playwright's loop runs in this one
        run = thread.submit(asyncio.run, make()).result()
    jobs = [
        {
            "id": str(number),
            "name": CORPUS[0],
            "status": "failed",
            "detail": ALL,
            "url": link,
            "started_at": "2026-01-01T10:00:00Z",
            "ended_at": "2026-01-01T10:00:09Z",
            "steps": [],
            "kind": "job",
            "parent": None,
            "gate": None,
        }
        for number, link in enumerate(LINKS)
    ]
    lines = [*CORPUS, TURNED, *(f"##[error]{one}" for one in CORPUS)]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("UPDATE run SET comment = %s, reason = %s WHERE id = %s", [TURNED, ALL, run])
        connection.execute(
            "UPDATE step SET outputs = %s, jobs = %s WHERE run_id = %s",
            [json.dumps({CORPUS[0]: list(LINKS), "page": LINKS[0]}), json.dumps(jobs), run],
        )
        connection.execute("UPDATE external_run SET url = %s, detail = %s WHERE run_id = %s", [LINKS[0], ALL, run])
        connection.execute("DELETE FROM log_chunk WHERE run_id = %s", [run])
        connection.execute(
            "INSERT INTO log_chunk VALUES (%s, 1, %s, 'ship', '1', %s, %s)",
            [run, len(lines), CORPUS[0], "\n".join(lines)],
        )
        connection.execute(
            "UPDATE run SET log_lines = %s, first_error = %s WHERE id = %s", [len(lines), len(CORPUS) + 2, run]
        )
        _more(connection, run)
        connection.execute(
            "UPDATE entity SET title = %s, properties = properties || %s WHERE ref = 'service:shop'",
            [TURNED, json.dumps({"note": ALL, "url": LINKS[0]})],
        )
    return run


def _more(connection: psycopg.Connection[Any], run: str) -> None:
    """What is asked of people, what a step calls, what another system told, and why somebody holds a key."""
    calls = [
        {"key": one, "entity": None, "inputs": {}, "state": "refused", "note": TURNED} for one in (CORPUS[0], CORPUS[4])
    ]
    connection.execute("UPDATE step SET data = %s WHERE run_id = %s", [json.dumps({"calls": calls}), run])
    connection.execute(
        "INSERT INTO task (id, run_id, path, kind, state, text, needed_from, looks_up, four_eyes, created_at, due_at, "
        "ends_at, remind, escalate, settled_at, settled_by, words, answers) "
        "SELECT 'tk_evil', id, 'ship', 'task', 'done', %s, '{group:sre}', false, false, now(), now(), now(), '[]', "
        "'{}', now(), requester, %s, '{}' FROM run WHERE id = %s",
        [ALL, TURNED, run],
    )
    connection.execute(
        "INSERT INTO event (id, source, delivery, key, payload, received_at) VALUES ('e_evil', %s, %s, %s, %s, now())",
        [CORPUS[0], ALL, TURNED, json.dumps({CORPUS[1]: list(LINKS), "note": ALL, "turned": TURNED})],
    )
    connection.execute(
        "WITH hold AS (INSERT INTO lock_hold (id, key, by, reason, asked_at, began_at) "
        "SELECT 'h_evil', 'evil', requester, %s, now(), now() FROM run WHERE id = %s RETURNING id) "
        "INSERT INTO lock (key, hold_id, fence, place, since) SELECT 'evil', id, 1, 1, now() FROM hold",
        [f"{ALL} {TURNED}", run],
    )


@contextmanager
def api(folder: Path, url: str) -> Iterator[str]:
    """The API with its page in front of that database; no Temporal and no CI system."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "key").write_text(secrets.token_hex(32))
    settings = {
        "database_url": url,
        "secret_file": "key",
        "api_port": port,
        "temporal_address": "127.0.0.1:9",
        "company": [str(EXAMPLES / "catalog")],
        "sign_in": "people",
    }
    (folder / "daytwo.yaml").write_text(yaml.safe_dump(settings))
    log = folder / "api.log"
    environment = {**os.environ, "DAYTWO_CONFIG": str(folder / "daytwo.yaml")}
    with log.open("w") as out:
        process = subprocess.Popen([sys.executable, "-m", "daytwo_api"], stdout=out, stderr=out, env=environment)
    try:
        _listens(f"http://127.0.0.1:{port}", process, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _listens(base: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(f"{base}/livez", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(log.read_text())


def hostile_links(page: Page) -> list[str]:
    found: list[str] = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
    return [one for one in found if not one.startswith(("https://", "http://127.0.0.1"))]


def settled(page: Page) -> None:
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator("[aria-label=Loading]")).to_have_count(0)


def test_what_others_wrote_is_text(browser: Browser, database_url: str, tmp_path: Path) -> None:
    run = seed(database_url, tmp_path)
    with api(tmp_path, database_url) as base:
        context = browser.new_context(viewport={"width": 1440, "height": 900})
        context.set_default_timeout(30_000)
        context.add_init_script("window.hits = 0; window.hit = () => { window.hits += 1; }")
        page = context.new_page()
        refused: list[str] = []
        page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
        page.on("dialog", lambda dialog: refused.append(f"dialog: {dialog.message}"))
        page.goto(base)
        page.get_by_role("button", name="Sam").click()
        page.get_by_role("heading", name="Actions", exact=True).wait_for()
        seen = ""
        for path in _paths(page, run):
            page.goto(base + path)
            settled(page)
            if "/runs/r_" in path and "tab=" not in path:
                expect(page.get_by_role("link", name="Link to line 1", exact=True)).to_be_visible()
            assert page.evaluate("window.hits") == 0, path
            assert hostile_links(page) == [], path
            said = page.inner_text("body")
            assert path not in TURNS or "⟨U+202E⟩" in said, path
            seen += said
        assert CORPUS[0] in seen, "what was written is shown to the letter"
        assert "⟨U+202E⟩" in seen
        assert "⟨U+200B⟩" in seen
        assert not {"\u202e", "\u200b"} & set(seen)
        assert refused == [], "the page did not even try, so the policy had nothing to refuse"
        context.close()


def _paths(page: Page, run: str) -> list[str]:
    answer: Any = page.evaluate("id => fetch('/api/v1/runs/' + id).then(answer => answer.json())", run)
    approvals = [f"/approvals/{one['id']}" for one in answer["approvals"]]
    tabs = [f"/runs/{run}?tab={name}" for name in ("timeline", "plan", "approvals", "catalog")]
    return [
        *("/actions", "/actions/evil?entity=service:shop", "/entities", "/entities/service/shop", "/runs"),
        *(f"/runs/{run}", f"/runs/{run}?find=img", *tabs, *approvals),
        *TURNS,
    ]
