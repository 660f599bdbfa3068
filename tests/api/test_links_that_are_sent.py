"""Every address that people are ever sent is opened by a link scanner, and by those who may: nothing changes by it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from freeze_town import Town
from more_actions import like_deploy, load_beside
from sqlalchemy import select, text
from timetable import Timetable

from daytwo_store.ids import RunId
from daytwo_store.notifications import Notice
from daytwo_store.tables import NotificationRow
from daytwo_store.tables.base import Base
from daytwo_workflows.notify.compose import compose
from daytwo_workflows.notify.entry import NotificationsEntry
from daytwo_workflows.notify.texts import Texts

pytestmark = pytest.mark.anyio
PAGE: Final = "http://127.0.0.1:8080"
WRITES: Final = frozenset({"post", "put", "patch", "delete"})
OPENED: Final = (("GET", {}), ("HEAD", {}), ("GET", {"Sec-Purpose": "prefetch;prerender"}))
WORDS: Final = {"verdict": "approve", "comment": "x", "words": "x", "until": "2090-01-01T00:00:00Z", "reason": "x"}
AIM: Final = {"project": "acme/shop", "ref": "main", "inputs": {}}
GRANT: Final = {
    "id": "grant",
    "uses": "github",
    "with": {**AIM, "pipeline": "grant.yml"},
    "undo": {"uses": "github", "with": {**AIM, "pipeline": "revoke.yml"}},
}
LASTS: Final = {"for": "4h", "extend": {"from": ["group:sre"], "most": "8h"}}
ACTIONS: Final[dict[str, list[dict[str, object]]]] = {
    "chore": [{"id": "switch", "uses": "task", "with": {"from": ["group:sre"], "text": "Switch it"}}],
    "access": [GRANT, {"id": "access", "uses": "temporary", "with": LASTS}],
    "say": [{"id": "tell", "uses": "notify", "with": {"to": ["group:sre"], "text": "It is done"}}],
}


async def everybody_is_told(town: Town, folder: Path) -> None:
    """An approval, a task, more time for what is temporary, an exception, a schedule's time when nobody was there."""
    company = town.company
    plain: dict[str, object] = {"approval": [], "catalog": [], "undo": None, "lock": None}
    more: dict[str, dict[str, object]] = {"access": {"on_error": "undo"}}
    actions = [like_deploy(name, **{**plain, **more.get(name, {}), "steps": steps}) for name, steps in ACTIONS.items()]
    await load_beside(company, folder, *actions)
    await company.drive(await company.ask("ana", "1.1.0", "production"))
    runs = {name: await company.ask("ana", "1.1.0", "production", action=name) for name in ACTIONS}
    for run in runs.values():
        await company.through(RunId(run))
    until = (town.clock.moment + timedelta(hours=6)).isoformat()
    await town.call("ana", "POST", f"/runs/{runs['access']}/steps/access/extension", json={"until": until})
    table = Timetable(company, town.clock)
    await table.make(by="ana", cron="5 * * * *")
    await table.at(timedelta(minutes=20))
    freeze = await town.freeze()
    await town.ask(await town.run(), freeze)


async def sent(town: Town, folder: Path) -> dict[str, set[str]]:
    """The paths that stand in messages, by what they are about; and what people decide on who are told so."""
    (folder / "chat").write_text("json://127.0.0.1:1/chat")
    given = {"kind": "chat", "url_file": folder / "chat"}
    routes = [{"events": ["*"], "channels": ["chat"]}]
    entry = NotificationsEntry.model_validate({"channels": {"chat": given}, "routes": routes})
    found: dict[str, set[str]] = {}
    async with town.house.store.read() as session:
        for row in (await session.scalars(select(NotificationRow))).all():
            for draft in (await compose(session, row, entry, Texts(), PAGE)).drafts:
                link = str(draft.data["link"])
                assert link.startswith(f"{PAGE}/"), link
                assert link in draft.body, "it is what people read"
                assert "?" not in link
                assert "#" not in link
                found.setdefault(row.kind, set()).add(link.removeprefix(PAGE))
            if "exception" in row.facts:
                found[row.kind].add(f"/exceptions/{row.facts['exception']}")
    return found


def behind(town: Town, path: str) -> Iterator[str]:
    """Everything of the API that changes something about what the page at this path shows."""
    _, kind, name = path.split("/")
    for route, methods in town.house.app.openapi()["paths"].items():
        parts = route.removeprefix("/api/v1/").split("/")
        if parts[0] == kind and len(parts) > 1 and parts[1].startswith("{") and WRITES & methods.keys():
            rest = ["access" if part.startswith("{") else part for part in parts[2:]]
            yield "/".join(["/api/v1", kind, name, *rest])


async def whole(town: Town) -> dict[str, Any]:
    """All that is kept. When somebody was here last is no change."""
    async with town.house.store.read() as session:
        return {
            table: await session.scalar(
                text(f"select md5(coalesce(string_agg(t::text, '|' order by t::text), '')) from \"{table}\" t")
            )
            for table in Base.metadata.tables
            if table not in ("session", "token")
        }


async def opened(client: httpx.AsyncClient, path: str) -> list[httpx.Response]:
    """As mail scanners and browsers do that load a page before it is wanted."""
    return [await client.request(method, path, params=WORDS, headers=headers) for method, headers in OPENED]


async def test_no_link_that_was_ever_sent_changes_or_tells_anything_by_being_opened(town: Town, tmp_path: Path) -> None:
    await everybody_is_told(town, tmp_path)
    links = await sent(town, tmp_path)
    kinds = {
        Notice.APPROVAL_ASKED: ("approvals", 2),  # of a run, and that something lasts longer
        Notice.TASK_ASKED: ("tasks", 1),
        Notice.EXCEPTION_ASKED: ("exceptions", 1),
        Notice.SCHEDULE_MISSED: ("schedules", 1),
        Notice.STEP_MESSAGE: ("runs", 1),
    }
    for notice, (kind, count) in kinds.items():
        assert sum(path.startswith(f"/{kind}/") for path in links[notice]) == count, links
    before = await whole(town)
    scanner, tried = town.house.anonymous(), set[str]()
    for page in sorted(set().union(*links.values())):
        shown = await opened(scanner, page)
        assert {one.status_code for one in shown} <= {200, 404, 405, 503}
        assert not any("shop" in one.text or "Switch it" in one.text for one in shown), "without signing in, no data"
        for path in behind(town, page):
            tried.add(path.rpartition("/")[2])
            assert {one.status_code for one in await opened(scanner, path)} <= {401, 404, 405}, path
            for name in ("ana", "sam", "pat"):
                said = {one.status_code for one in await opened(town.people[name], path)}
                assert said <= {200, 403, 404, 405, 409, 422}, path
        for name in ("ana", "sam", "pat"):
            await opened(town.people[name], page)
    assert tried >= {"decision", "revoke", "complete", "fail", "extend", "extension", "end", "cancel", "undo", "run"}
    assert await whole(town) == before
