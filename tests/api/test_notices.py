"""Who is told of an exception to a freeze and of a lock that a person holds, and in which words."""

from typing import Any

import pytest
from freeze_town import Town
from sqlalchemy import select

from daytwo_store.ids import RunId
from daytwo_store.messages import Draft, Outcome
from daytwo_store.tables import NotificationRow
from daytwo_workflows.notify.compose import compose
from daytwo_workflows.notify.entry import NotificationsEntry
from daytwo_workflows.notify.texts import Texts

pytestmark = pytest.mark.anyio
PAGE = "https://daytwo.example"
GRANT = {"verdict": "grant", "until": "2025-12-22T12:00:00Z"}


def entry(*, to: list[str] | None = None) -> NotificationsEntry:
    mail = {"kind": "mail", "url_file": "/nowhere"}
    route = {"events": ["*"], "channels": ["mail"], **({"to": to} if to else {})}
    return NotificationsEntry.model_validate({"channels": {"mail": mail}, "routes": [route]})


async def rows(town: Town, kind: str) -> list[NotificationRow]:
    async with town.company.store.read() as session:
        query = select(NotificationRow).where(NotificationRow.kind == kind).order_by(NotificationRow.n)
        return list(await session.scalars(query))


async def messages(town: Town, row: NotificationRow, wanted: NotificationsEntry) -> tuple[Outcome, dict[str, Draft]]:
    """What would be sent, by recipient."""
    async with town.company.store.read() as session:
        made = await compose(session, row, wanted, Texts(), PAGE)
    return made.outcome, {one.recipient: one for one in made.drafts}


async def test_the_owners_of_a_freeze_are_told_that_an_exception_is_asked(town: Town) -> None:
    run = await town.run()
    freeze = await town.freeze()
    run = await town.run()
    exception = await town.ask(run, freeze)
    (row,) = await rows(town, "exception.asked")
    ana = await town.company.person("ana")
    assert (row.audience, row.run_id, row.facts) == (["group:sre"], run, {"exception": exception, "by": ana})
    _, told = await messages(town, row, entry())
    assert list(told) == ["person:sam"]
    message = told["person:sam"]
    assert message.title == "An exception to a freeze of yours is asked: Deploy a service, service:shop"
    assert "By Ana." in message.body
    assert f"{PAGE}/runs/{run}" in message.body
    assert "Customers" not in message.body, "nothing that somebody typed"
    outcome, none = await messages(town, row, entry(to=["group:finance"]))
    assert (outcome, none) == (Outcome.NOBODY, {}), "somebody has to act, so this is an alarm"


async def test_who_asked_for_an_exception_is_told_what_became_of_it(town: Town) -> None:
    freeze = await town.freeze()
    run = await town.run()
    first = await town.ask(run, freeze)
    await town.call("sam", "POST", f"/exceptions/{first}/decision", json=GRANT)
    await town.call("sam", "POST", f"/exceptions/{first}/revoke", json={"reason": "No"})
    second = await town.ask(run, freeze)
    await town.call("sam", "POST", f"/exceptions/{second}/decision", json={"verdict": "refuse", "comment": "No"})
    told = await rows(town, "exception.decided")
    ana, sam = [await town.company.person(name) for name in ("ana", "sam")]
    assert [(row.audience, row.facts) for row in told] == [
        ([ana], {"exception": first, "state": "granted", "by": sam}),
        ([ana], {"exception": first, "state": "revoked", "by": sam}),
        ([ana], {"exception": second, "state": "refused", "by": sam}),
    ]
    _, sent = await messages(town, told[0], entry())
    assert list(sent) == ["person:ana"]
    assert sent["person:ana"].title == "Your exception to a freeze: Deploy a service, service:shop"
    assert "By Sam.\nIt is granted.\n" in sent["person:ana"].body


async def test_who_waits_for_a_lock_is_told_that_a_person_holds_it(town: Town) -> None:
    """When the hold begins: whoever asked for a run that waits behind it, and nobody else."""
    town.company.ci.ends_as = None
    holder, waiting = await town.run(), await town.run("ben")
    held = {"key": "shop/staging", "reason": "Looking at it"}
    hold = (await town.call("sam", "POST", "/locks/holds", json=held))["id"]
    assert await rows(town, "lock.held") == [], "it is next, and nothing has changed for those who wait"
    await end(town, holder)
    (row,) = await rows(town, "lock.held")
    ben, sam = [await town.company.person(name) for name in ("ben", "sam")]
    assert (row.audience, row.run_id, row.facts) == ([ben], waiting, {"hold": hold, "by": sam})
    outcome, told = await messages(town, row, entry())
    assert list(told) == ["person:ben"]
    assert told["person:ben"].title.startswith("A person holds the lock that your run waits for: Deploy a service")
    assert "Looking" not in told["person:ben"].body
    outcome, none = await messages(town, row, entry(to=["group:finance"]))
    assert (outcome, none) == (Outcome.NOT_WANTED, {}), "nobody has to act"


async def end(town: Town, run: RunId) -> Any:
    """Its pipeline ends well."""
    from daytwo_store.states import ExternalStatus

    (attempt,) = await town.company.attempts(run)
    assert attempt.external_id is not None
    town.company.ci.end(attempt.external_id, ExternalStatus.SUCCEEDED)
    await town.company.look(run)
    await town.company.drive(run)
