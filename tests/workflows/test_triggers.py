"""Triggers: an event becomes one run per trigger, in the owner's name, never past approval, and never a storm."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from company import EXAMPLES, open_company
from hearing import NIGHT, SEASON, says
from more_actions import like_deploy
from pydantic import JsonValue, SecretStr
from sqlalchemy import select
from timetable import NOON, Timetable

from daytwo_actions.definitions import DefinitionRejected
from daytwo_store import entities, events, principals, reactions, tasks, triggers
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.entities import Draft
from daytwo_store.errors import Forbidden
from daytwo_store.events import NewEvent
from daytwo_store.ids import EntityRef, PrincipalId, RunId, TaskId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import ApprovalState, RunState
from daytwo_store.tables import EventRow, ReactionRow
from daytwo_workflows.company import load_company
from daytwo_workflows.life import doing
from daytwo_workflows.life.answering import Paused, wish_of
from daytwo_workflows.life.asking import Wish, start
from daytwo_workflows.life.doing import Done
from daytwo_workflows.life.reacting import note, note_fresh, react, tell_expired

pytestmark = pytest.mark.anyio
# As Alertmanager posts it (webhook version 4), shortened.
ALERT: dict[str, JsonValue] = {
    "version": "4",
    "groupKey": '{}:{alertname="ShopDown"}',
    "status": "firing",
    "receiver": "daytwo",
    "groupLabels": {"alertname": "ShopDown"},
    "alerts": [
        {
            "status": "firing",
            "labels": {"alertname": "ShopDown", "service": "shop", "environment": "staging"},
            "annotations": {"summary": "The shop does not answer"},
            "startsAt": "2026-11-23T12:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": "f1",
        },
        {
            "status": "resolved",
            "labels": {"alertname": "ShopSlow", "service": "shop", "environment": "staging"},
            "annotations": {},
            "startsAt": "2026-11-23T11:00:00Z",
            "endsAt": "2026-11-23T11:30:00Z",
            "fingerprint": "f2",
        },
    ],
}
ON_ALERT: dict[str, Any] = {
    "on": {"event": "alertmanager"},
    "each": "${{ event.alerts }}",
    "when": "${{ item.status == 'firing' }}",
    "key": "${{ item.fingerprint }}",
    "throttle": "30m",
    "action": "restart",
    "entity": "service:${{ item.labels.service }}",
    "inputs": {"environment": "environment:${{ item.labels.environment }}"},
}


class Listening(Timetable):
    """A company with triggers."""

    folder: Path

    async def load(self, **triggers: dict[str, Any]) -> None:
        for name, spec in triggers.items():
            metadata = {"name": name, "title": name.title(), "owner": spec.pop("owner", "person:ana")}
            document = {"apiVersion": "daytwo/v1", "kind": "Trigger", "metadata": metadata, "spec": spec}
            (self.folder / f"{name}.yaml").write_text(yaml.safe_dump(document))
        folders = [EXAMPLES / "catalog", EXAMPLES / "actions", self.folder]
        await load_company(self.company.store, folders, {"github": "github"})
        await self.company.person("ana")

    async def again(self, later: timedelta) -> int:
        """The same bytes come again, so much later, without a name; how many runs began."""
        self.clock.moment += later
        async with self.company.store.write() as tx:
            told = NewEvent(
                source="alertmanager", delivery="bytes", same_for=timedelta(minutes=5), key=None, payload=ALERT
            )
            await events.keep(tx, told)
        return await self.react()

    async def tell(self, delivery: str, payload: dict[str, JsonValue] = ALERT, source: str = "alertmanager") -> str:
        """An event comes in; its id."""
        async with self.company.store.write() as tx:
            await events.keep(tx, NewEvent(source=source, delivery=delivery, key=None, payload=payload))
            row = await tx.session.scalar(select(EventRow).where(EventRow.delivery == delivery))
            assert row is not None
            return row.id

    async def react(self, later: timedelta = timedelta(0)) -> int:
        self.clock.moment += later
        return await react(self.company.life)

    async def reactions(self) -> list[str]:
        async with self.company.store.read() as session:
            rows = await session.scalars(
                select(ReactionRow).order_by(ReactionRow.at, ReactionRow.event, ReactionRow.item)
            )
            return [
                f"{row.trigger} {row.state}: {row.why}" if row.why else f"{row.trigger} {row.state}" for row in rows
            ]


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[Listening]:
    clock = GivenClock(NOON)
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=8), clock)
    found = Listening(await open_company(store), clock)
    found.folder = tmp_path
    yield found
    await store.close()


async def test_an_alert_becomes_one_run_for_each_of_its_firing_entries(house: Listening) -> None:
    await house.load(alerts=dict(ON_ALERT))
    event = await house.tell("d1")
    assert sum(await asyncio.gather(*(house.react() for _ in range(3)))) == 1
    (run,) = await house.runs()
    assert (run.action, run.entity, run.inputs["environment"]) == ("restart", "service:shop", "environment:staging")
    assert run.requester == await house.company.person("ana")
    assert run.cause is not None
    assert (run.cause["kind"], run.cause["name"], run.cause["event"], run.cause["depth"]) == (
        "trigger", "alerts", event, 1,
    )  # fmt: skip
    await house.tell("d1")
    assert await house.react() == 0, "the same delivery again is nothing new"
    assert await house.reactions() == ["alerts started"]


async def test_one_key_begins_once_in_its_time_and_a_killed_worker_loses_nothing(house: Listening) -> None:
    await house.load(alerts=dict(ON_ALERT))
    await house.tell("d1")
    await note_fresh(house.company.life)  # and then it was killed
    await house.tell("d2")
    assert await house.react() == 1
    assert await house.reactions() == [
        "alerts started",
        "alerts skipped: One began for the same less than 30m before. Nothing was started.",
    ]
    await house.tell("d3")
    assert await house.react(timedelta(minutes=31)) == 1


async def test_an_alert_that_still_fires_begins_again_when_its_throttle_is_over(house: Listening) -> None:
    await house.load(alerts=dict(ON_ALERT))
    minutes = (0, 1, 9, 15, 10)
    assert [await house.again(timedelta(minutes=one)) for one in minutes] == [1, 0, 0, 0, 1]
    assert [one.partition(":")[0] for one in await house.reactions()] == [
        "alerts started", "alerts skipped", "alerts skipped", "alerts started",
    ]  # fmt: skip


async def test_a_flood_is_bounded_and_says_so(house: Listening) -> None:
    spec = {**ON_ALERT, "most": 2}
    del spec["key"], spec["throttle"]
    await house.load(alerts=spec)
    for number in range(5):
        await house.tell(f"d{number}")
    assert await house.react() == 2
    told = await house.reactions()
    assert told.count("alerts started") == 2
    assert (
        told.count("alerts skipped: A flood: 2 began within an hour, and these are the most. Nothing was started.") == 3
    )
    many: dict[str, JsonValue] = {"alerts": [{"status": "ok"}] * 60}
    await house.tell("many", many)
    await house.react(timedelta(hours=2))
    assert (await house.reactions())[-1] == (
        "alerts skipped: It has 60 entries, and 50 are the most. The rest is left out."
    )


async def test_what_an_event_says_that_nobody_can_use_starts_nothing_and_pauses_nothing(house: Listening) -> None:
    await house.load(alerts={**ON_ALERT, "throttle": "1s"})
    alert: dict[str, Any] = {
        "status": "firing",
        "fingerprint": "x",
        "labels": {"service": "no-such", "environment": "staging"},
    }
    for number, entry in enumerate(
        (alert, {**alert, "labels": {}}, {**alert, "labels": {"service": "${{ 1 }}", "environment": "x"}})
    ):
        await house.tell(f"d{number}", {"alerts": [entry]})
        assert await house.react(timedelta(minutes=1)) == 0
    told = await house.reactions()
    assert "There is no service:no-such" in told[0]
    assert "cannot be worked out" in told[1]
    assert await house.runs() == []
    async with house.company.store.read() as session:
        assert (await triggers.get(session, "alerts")).paused_at is None


async def test_it_never_goes_past_approval_and_stops_with_its_owners_rights(house: Listening) -> None:
    deploy = {
        **ON_ALERT,
        "action": "deploy",
        "inputs": {"version": "1.1.0", "environment": "environment:production"},
        "throttle": "1s",
    }
    await house.load(alerts=deploy)
    await house.tell("d1")
    await house.react()
    (run,) = await house.runs()
    assert run.state == RunState.WAITING_APPROVAL
    async with house.company.store.write() as tx:
        await entities.delete(tx, "person:ana", by="daytwo")
    await house.tell("d2")
    assert await house.react(timedelta(minutes=1)) == 0
    async with house.company.store.read() as session:
        assert "person:ana may start nothing here any more" in str((await triggers.get(session, "alerts")).paused_why)
    await house.tell("d3")
    await house.react(timedelta(minutes=1))
    assert (await house.reactions())[-1] == (
        "alerts skipped: The trigger was paused. Nothing was started; it can be replayed."
    )


async def test_a_trigger_waits_for_its_owner_and_leaves_out_what_is_old_news(house: Listening) -> None:
    waits = "It waits until person:ana signs in again"
    await house.load(alerts={**ON_ALERT, "throttle": "1s"})
    await says(house.company, "ana", "group:storefront", ago=NIGHT)
    await house.tell("d1")
    assert await house.react() == 1, "a night of silence is none to it"
    await says(house.company, "ana", "group:storefront", ago=SEASON)
    await house.tell("d2")
    assert await house.react(timedelta(minutes=1)) == 0
    assert await house.react(timedelta(hours=20)) == 0
    assert (await house.reactions())[-1].startswith(f"alerts due: {waits}")
    await says(house.company, "ana", "group:storefront")
    assert await house.react(timedelta(minutes=6)) == 1
    await says(house.company, "ana", "group:storefront", ago=SEASON)
    await house.tell("d3")
    await house.react(timedelta(minutes=1))
    await house.react(timedelta(hours=25))
    assert (await house.reactions())[-1].startswith(f"alerts skipped: {waits}")
    async with house.company.store.read() as session:
        assert (await triggers.get(session, "alerts")).paused_at is None


async def test_what_happens_in_the_catalog_is_an_event_as_far_as_the_owner_sees_it(house: Listening) -> None:
    on = {"catalog": "service", "changes": ["created"]}
    inputs = {"environment": "environment:staging"}
    await house.load(new={"on": on, "action": "restart", "entity": "${{ event.entity.ref }}", "inputs": inputs})
    async with house.company.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees="everything")
        assert shop is not None
        more = {"kind": "service", "properties": shop.properties, "owner": "group:storefront"}
        await entities.upsert(tx, Draft(name="cart", title="Cart", **more), by="file:x")
        await entities.upsert(tx, Draft(name="vault", title="V", visible_to=("group:finance",), **more), by="file:x")
        await entities.upsert(tx, Draft(kind="environment", name="qa", title="QA"), by="file:x")
    assert await house.react() == 1
    assert [run.entity for run in await house.runs()] == ["service:cart"]


async def test_what_is_changed_or_deleted_in_the_catalog_is_told_with_what_was_before(house: Listening) -> None:
    """To who may see it; a deleted entity is told as it was."""
    inputs = {"environment": "environment:staging"}
    for change, name in (("changed", "on-change"), ("deleted", "on-delete")):
        on = {"catalog": "deployment", "changes": [change]}
        when = f"${{{{ event.change == '{change}' and event.before.version == '1' }}}}"
        of = {"action": "restart", "entity": "service:${{ event.entity.name }}", "inputs": inputs}
        await house.load(**{name: {"on": on, "when": when, **of}})

    async def told(*drafts: Draft, without: tuple[str, ...] = ()) -> list[str]:
        before = len(await house.runs())
        async with house.company.store.write() as tx:
            for draft in drafts:
                await entities.upsert(tx, draft, by="file:x")
            for ref in without:
                await entities.delete(tx, EntityRef(ref), by="file:x")
        await house.react()
        return [str(run.entity) for run in (await house.runs())[before:]]

    def at(version: str, *, name: str = "shop", visible_to: tuple[str, ...] = ()) -> Draft:
        properties = {"version": version}
        return Draft(kind="deployment", name=name, title="D", properties=properties, visible_to=visible_to)

    hidden = {"name": "billing", "visible_to": ("group:finance",)}
    assert await told(at("1"), at("1", **hidden)) == [], "created"
    assert await told(at("2"), at("2", **hidden)) == ["service:shop"]
    assert await told(at("1"), at("1", **hidden)) == [], "it was another version before"
    assert await told(without=("deployment:shop", "deployment:billing")) == ["service:shop"]


async def test_a_property_whose_time_is_over_is_told_once(house: Listening) -> None:
    on = {"catalog": "service", "expired": "until"}
    inputs = {"environment": "environment:staging"}
    await house.load(late={"on": on, "action": "restart", "entity": "${{ event.entity.ref }}", "inputs": inputs})
    async with house.company.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees="everything")
        assert shop is not None
        for name, until in (("a", "2026-11-23T12:30:00Z"), ("b", "2026-11-23T14:00Z"), ("c", "soon"), ("d", 7)):
            properties = {**shop.properties, "until": until}
            draft = Draft(kind="service", name=name, title=name, properties=properties, owner="group:storefront")
            await entities.upsert(tx, draft, by="file:x")
    for minutes, begun in ((29, 0), (31, 1), (32, 0), (121, 1)):
        house.clock.moment = NOON + timedelta(minutes=minutes)
        await tell_expired(house.company.life)
        assert await house.react() == begun
    assert [run.entity for run in await house.runs()] == ["service:a", "service:b"]


async def test_runs_that_begin_each_other_come_to_an_end(house: Listening) -> None:
    on = {"run": "restart", "ended": ["succeeded"]}
    inputs = {"environment": "environment:staging"}
    await house.load(again={"on": on, "action": "restart", "entity": "${{ event.entity }}", "inputs": inputs})
    first = await house.company.ask("ana", "1.1.0", "staging")
    await house.end(first)
    assert await house.react() == 0, "that was a deploy"
    key = "restart-1"
    wish = Wish(
        action="restart",
        requester=await house.company.person("ana"),
        token=None,
        entity="service:shop",
        inputs=inputs,
        version=None,
    )
    run = (await start(house.company.life, wish, key)).run
    for _ in range(3):
        await house.end(run.id)
        assert await house.react(timedelta(minutes=1)) == 1
        run = (await house.runs())[-1]
    await house.end(run.id)
    assert await house.react(timedelta(minutes=1)) == 0
    assert "3 runs lead here already" in (await house.reactions())[-1]


async def test_an_event_is_replayed_as_another_turn(house: Listening) -> None:
    await house.load(alerts=dict(ON_ALERT))
    event = await house.tell("d1")
    await house.react()
    ana = await house.company.person("ana")
    for _ in range(2):
        async with house.company.store.write() as tx:
            row = await triggers.hold(tx, "alerts")
            kept = await tx.session.get(EventRow, event)
            assert kept is not None
            await note(tx, row, kept, turn=1, by=ana, key="replay-x-1")
    assert await house.react() == 1
    assert len(await house.runs()) == 2


async def test_faults_of_a_file_have_their_place(house: Listening) -> None:
    for change, said in (
        ({"on": {"event": "x", "run": "deploy"}}, "one of them only"),
        ({"on": {"catalog": "service"}}, "`changes` or `expired`"),
        ({"on": {"run": "deploy"}}, "both, or neither"),
        ({"on": {"run": "deplyo", "ended": ["failed"]}}, "There is no action `deplyo`"),
        ({"action": "restrat"}, "There is no action `restrat`"),
        ({"inputs": {"enviroment": "x"}}, "has no field `enviroment`"),
        ({"when": "${{ items.status }}"}, "`items` is not known here"),
        ({"each": None}, "`item` is not known here"),
        ({"throttle": None}, "both, or neither"),
    ):
        spec = {name: value for name, value in {**ON_ALERT, **change}.items() if value is not None}
        with pytest.raises(DefinitionRejected) as refused:
            await house.load(alerts=spec)
        assert said in str(refused.value)


async def test_three_failures_in_a_row_pause_it(house: Listening) -> None:
    await house.load(alerts={**ON_ALERT, "throttle": "1s"})
    for number in range(3):
        await house.tell(f"d{number}")
        assert await house.react(timedelta(minutes=1)) == 1
        await house.end((await house.runs())[-1].id, RunState.FAILED)
    await house.react()
    async with house.company.store.read() as session:
        row = await triggers.get(session, "alerts")
    assert str(row.paused_why).startswith("3 times in a row it did not succeed; the last one is run ")


async def test_what_is_due_when_somebody_pauses_it_is_left_out_and_a_replay_is_not(house: Listening) -> None:
    await house.load(alerts={**ON_ALERT, "throttle": "1s"})
    house.company.ci.down = True
    event = await house.tell("d1")
    assert await house.react() == 0
    (waiting,) = await house.reactions()
    assert waiting.startswith("alerts due: It is tried again: The CI system does not answer.")
    async with house.company.store.write() as tx:
        triggers.pause(tx, await triggers.hold(tx, "alerts"), by="person:ana", why="a flood")
    house.company.ci.down = False
    assert await house.react(timedelta(minutes=6)) == 0
    assert await house.reactions() == [
        "alerts skipped: The trigger was paused. Nothing was started; it can be replayed."
    ]
    async with house.company.store.write() as tx:
        kept = await tx.session.get(EventRow, event)
        assert kept is not None
        await note(tx, await triggers.hold(tx, "alerts"), kept, turn=1, by=await house.company.person("ana"), key="r-1")
    assert await house.react() == 1, "a person wants it"


async def test_a_pause_in_the_moment_in_which_it_begins_is_one(house: Listening) -> None:
    await house.load(alerts=dict(ON_ALERT))
    await house.tell("d1")
    await note_fresh(house.company.life)
    async with house.company.store.write() as tx:
        ana = (await principals.by_ids(tx.session, [await house.company.person("ana")])).popitem()[1]
        (row,) = await reactions.due(tx.session, tx.now, limit=9)
        triggers.pause(tx, await triggers.hold(tx, "alerts"), by="person:ana", why="a flood")
    with pytest.raises(Paused):
        await start(house.company.life, wish_of(row, ana), row.key)
    assert await house.runs() == []


async def test_one_that_does_not_answer_is_asked_later_and_holds_up_no_other(house: Listening) -> None:
    lax = {name: value for name, value in ON_ALERT.items() if name not in ("key", "throttle")}
    await house.load(alerts={**lax, "most": 99}, others={**lax, "on": {"event": "other"}})
    for number in range(3):
        await house.tell(f"d{number}")
    await house.tell("last", source="other")
    await note_fresh(house.company.life)
    now = house.clock.moment
    async with house.company.store.read() as session:
        found = [row.trigger for row in await reactions.due(session, now, limit=2)]
    assert found == ["alerts", "others"], "each in its turn, however many one has"
    house.company.ci.down = True
    assert await house.react() == 0
    async with house.company.store.read() as session:
        assert list(await reactions.due(session, now, limit=9)) == []
        assert not await reactions.anything(session, now), "nothing is asked for again at once"
        assert len(await reactions.due(session, now + timedelta(minutes=5), limit=9)) == 4
    house.company.ci.down = False
    assert await house.react(timedelta(seconds=2)) == 4


async def test_who_wrote_it_does_not_approve_it_in_the_name_of_who_owns_it_by_then(house: Listening) -> None:
    inputs = {"version": "1.1.0", "environment": "environment:production"}
    await house.load(alerts={**ON_ALERT, "action": "deploy", "inputs": inputs})
    async with house.company.store.write() as tx:
        (await triggers.hold(tx, "alerts")).writers = ["person:ana"]
    await house.tell("d1")
    await note_fresh(house.company.life)
    await house.company.person("sam")
    async with house.company.store.write() as tx:
        (await triggers.hold(tx, "alerts")).owner = "person:sam"
    assert await house.react() == 1
    (run,) = await house.runs()
    assert run.cause is not None
    assert (run.requester, run.cause["writers"]) == (await house.company.person("sam"), ["person:ana"])


async def told_and_shown_again_by_sam(house: Listening) -> PrincipalId:
    event = await house.tell("d1")
    await house.react()
    sam = await house.company.person("sam")
    async with house.company.store.write() as tx:
        kept = await tx.session.get(EventRow, event)
        assert kept is not None
        await note(tx, await triggers.hold(tx, "alerts"), kept, turn=1, by=sam, key="replay-of-sam")
    return sam


async def test_whoever_shows_it_the_event_again_does_not_approve_what_comes_of_it(house: Listening) -> None:
    inputs = {"version": "1.1.0", "environment": "environment:production"}
    await house.load(alerts={**ON_ALERT, "action": "deploy", "inputs": inputs})
    await told_and_shown_again_by_sam(house)
    assert await house.react() == 1
    first, replayed = [RunId(run.id) for run in await house.runs()]
    with pytest.raises(Forbidden, match="or had a trigger or a schedule ask for it"):
        await house.company.decide("sam", replayed)
    await house.company.decide("sam", first)
    states = [(await house.company.approvals(run))[-1].state for run in (first, replayed)]
    assert states == [ApprovalState.APPROVED, ApprovalState.PENDING]


async def test_whoever_shows_it_the_event_again_does_not_do_what_takes_four_eyes(house: Listening) -> None:
    step = {"id": "switch", "uses": "task", "with": {"from": ["group:sre"], "text": "x", "four_eyes": True}}
    usual: dict[str, Any] = {"approval": [], "catalog": [], "undo": None, "lock": None, "steps": [step]}
    (house.folder / "chore.yaml").write_text(yaml.safe_dump(like_deploy("chore", **usual)))
    inputs = {"version": "1.1.0", "environment": "environment:staging"}
    await house.load(alerts={**ON_ALERT, "action": "chore", "inputs": inputs})
    sam = await told_and_shown_again_by_sam(house)
    await house.react()
    both = [RunId(run.id) for run in await house.runs()]
    for run in both:
        await house.company.drive(run)
    rows = {}
    async with house.company.store.read() as session:
        for run in both:
            [rows[run]] = await tasks.of_run(session, run)
    kept_off = [run for run in rows if "person:sam" in rows[run].editors]
    assert len(kept_off) == 1
    [other] = set(rows) - set(kept_off)
    with pytest.raises(Forbidden, match="or had a trigger or a schedule ask for it"):
        await doing.complete(house.company.life, Done(task=TaskId(rows[kept_off[0]].id), by=sam, answers={}))
    await doing.complete(house.company.life, Done(task=TaskId(rows[other].id), by=sam, answers={}))
