"""Schedules become runs (A11): one per time, in the owner's name, with the owner's rights, and never past approval."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import EXAMPLES, open_company
from pydantic import JsonValue, SecretStr
from sqlalchemy import delete, select
from timetable import DEPLOY, NOON, Timetable

from daytwo_actions.schedules import as_document, schedule_of
from daytwo_store import approvals, entities, firings, freezes, schedules
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.errors import Conflict, DaytwoError, Forbidden, NotFound, Rejected
from daytwo_store.ids import RunId
from daytwo_store.settings import StoreSettings
from daytwo_store.states import RunState
from daytwo_store.tables import NotificationRow, RelationRow
from daytwo_workflows.company import load_company
from daytwo_workflows.life import firing as firing_life
from daytwo_workflows.life import schedule_changes
from daytwo_workflows.life.firing import fire, note_due
from daytwo_workflows.life.schedule_changes import Draft
from daytwo_workflows.notify.compose import compose
from daytwo_workflows.notify.entry import NotificationsEntry
from daytwo_workflows.notify.texts import Texts

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)
FILE = """\
apiVersion: daytwo/v1
kind: Schedule
metadata: { name: nightly, title: Every night, owner: "person:ana" }
spec:
  action: restart
  entity: service:shop
  inputs: { environment: "environment:staging" }
  cron: 30 2 * * *
  timezone: Europe/Berlin
"""


@pytest.fixture
async def table(database_url: str) -> AsyncIterator[Timetable]:
    clock = GivenClock(NOON)
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=8), clock)
    yield Timetable(await open_company(store), clock)
    await store.close()


async def test_each_time_is_one_run_in_the_owners_name_with_what_asked_for_it(table: Timetable) -> None:
    made = await table.make()
    assert await table.at(NOON + timedelta(minutes=59)) == 0
    assert await table.at(NOON + HOUR) == 1
    assert await table.at(timedelta(seconds=1)) == 0, "once"
    (run,) = await table.runs()
    assert run.requester == await table.company.person("ana")
    assert run.cause is not None
    assert (run.cause["kind"], run.cause["name"], run.cause["at"]) == ("schedule", made, "2026-11-23T13:00:00+00:00")
    assert run.comment == f"By the schedule Hourly ({made}), due 23 Nov 2026 13:00 UTC."
    assert (await table.row(made)).next_at == NOON + 2 * HOUR
    assert await table.states(made) == ["13:00 started"]


async def test_two_workers_and_one_that_died_in_the_middle_begin_one_run(table: Timetable) -> None:
    made = await table.make()
    table.clock.moment = NOON + HOUR
    assert await note_due(table.company.life) == 1  # and then it was killed
    async with table.company.store.read() as session:
        (row,) = await firings.open_ones(session, table.clock.moment, limit=9)
    assert sum(await asyncio.gather(*(firing_life._begin_safely(table.company.life, row) for _ in range(5)))) == 1
    assert await asyncio.gather(*(fire(table.company.life) for _ in range(3))) == [0, 0, 0]
    assert len(await table.runs()) == 1
    assert await table.states(made) == ["13:00 started"]


async def test_who_has_lost_the_right_starts_nothing_and_the_schedule_is_paused_with_the_reason(
    table: Timetable,
) -> None:
    made = await table.make()
    async with table.company.store.write() as tx:
        await tx.session.execute(delete(RelationRow).where(RelationRow.source == "person:ana"))
    assert await table.at(NOON + HOUR) == 0
    row = await table.row(made)
    assert row.paused_by == "daytwo"
    assert "Nothing was started" in str(row.paused_why)
    assert await table.states(made) == ["13:00 refused"]
    assert await table.at(HOUR) == 0
    assert await table.states(made) == ["13:00 refused"], "a paused one is not due"
    async with table.company.store.read() as session:
        told = (await session.scalars(select(NotificationRow).where(NotificationRow.kind == "schedule.paused"))).all()
    assert [one.audience for one in told] == [["person:ana"]]


async def test_who_has_left_the_company_starts_nothing(table: Timetable) -> None:
    made = await table.make()
    async with table.company.store.write() as tx:
        await entities.delete(tx, "person:ana", by="daytwo")
    await table.at(NOON + HOUR)
    assert "person:ana may start nothing here any more" in str((await table.row(made)).paused_why)
    assert await table.runs() == []


async def test_approval_is_asked_for_each_time_and_the_writer_does_not_give_it(table: Timetable) -> None:
    await table.make(inputs={"version": "1.1.0", "environment": "environment:production"})
    await table.at(NOON + HOUR)
    (run,) = await table.runs()
    assert run.state == RunState.WAITING_APPROVAL
    with pytest.raises(Forbidden):
        await table.company.decide("ana", RunId(run.id))
    await table.company.decide("sam", RunId(run.id))
    await table.company.drive(RunId(run.id))
    assert len(table.company.ci.ledger) == 1


async def test_who_wrote_the_file_does_not_approve_what_it_asks_for_in_anothers_name(
    table: Timetable, tmp_path: Path
) -> None:
    made = await table.make(inputs={"version": "1.1.0", "environment": "environment:production"})
    async with table.company.store.write() as tx:
        (await schedules.hold(tx, made)).writers = ["person:sam", "person:ana"]
    await table.at(NOON + HOUR)
    (run,) = await table.runs()
    async with table.company.store.read() as session:
        (asked,) = await approvals.of_run(session, RunId(run.id))
    assert approvals.editors_of(asked) == {"person:sam"}
    with pytest.raises(Forbidden, match="last changed"):
        await table.company.decide("sam", RunId(run.id))


async def test_six_hours_without_a_scheduler_are_one_missed_line_and_no_storm(table: Timetable) -> None:
    made = await table.make()
    assert await table.at(NOON + 6 * HOUR + timedelta(minutes=30)) == 0
    (missed,) = await table.firings(made)
    assert (missed.state, missed.count, missed.at) == ("missed", 6, NOON + HOUR)
    assert missed.why == (
        "6 times were missed. It was 30m late when it could have begun, and 10m are the most (`catch_up`). Nothing was "
        "started."
    )
    assert (await table.row(made)).next_at == NOON + 7 * HOUR
    assert await table.at(NOON + 7 * HOUR + timedelta(minutes=9)) == 1, "within ten minutes it begins late"


async def test_of_what_was_missed_the_last_begins_where_that_is_wanted(table: Timetable) -> None:
    made = await table.make(missed="once")
    assert await table.at(NOON + 6 * HOUR + timedelta(minutes=30)) == 1
    assert await table.states(made) == ["13:00 missed", "18:00 started"]
    assert (await table.firings(made))[0].count == 5


async def test_overlap_is_skipped_queued_or_allowed(table: Timetable) -> None:
    skip, queue, allow = [await table.make(overlap=how) for how in ("skip", "queue", "allow")]
    for hours in (1, 2, 3):
        await table.at(NOON + hours * HOUR)
    assert await table.states(skip) == ["13:00 started", "14:00 skipped", "15:00 skipped"]
    assert await table.states(queue) == ["13:00 started", "14:00 waiting", "15:00 skipped"]
    assert await table.states(allow) == ["13:00 started", "14:00 started", "15:00 started"]
    first = (await table.firings(queue))[0]
    assert f"The run before, {first.run_id}, had not ended" not in str((await table.firings(queue))[1].why)
    await table.end(str(first.run_id))
    assert await table.at(timedelta(minutes=40)) == 1, "what waited is not too late"
    assert await table.states(queue) == ["13:00 started", "14:00 started", "15:00 skipped"]


async def test_three_failures_in_a_row_pause_it_and_a_success_between_starts_the_count_again(table: Timetable) -> None:
    made = await table.make()
    ends = [RunState.FAILED, RunState.FAILED, RunState.SUCCEEDED, RunState.FAILED, RunState.FAILED, RunState.FAILED]
    for hours, state in enumerate(ends, 1):
        assert await table.at(NOON + hours * HOUR) == 1
        await table.end(str((await table.firings(made))[-1].run_id), state)
    await table.at(timedelta(minutes=1))
    row = await table.row(made)
    last = (await table.firings(made))[-1].run_id
    assert row.paused_why == f"3 times in a row it did not succeed; the last one is run {last}, which is failed."
    await schedule_changes.resume(table.company.life, made, by=await table.hand("ana"))
    assert ((await table.row(made)).failures, (await table.row(made)).next_at) == (0, NOON + 7 * HOUR)


async def test_a_ci_system_that_is_away_is_waited_for_and_then_it_is_missed(table: Timetable) -> None:
    made = await table.make()
    table.company.ci.down = True
    assert await table.at(NOON + HOUR) == 0
    assert await table.states(made) == ["13:00 due"]
    table.company.ci.down = False
    assert await table.at(timedelta(minutes=5)) == 1
    await table.end(str((await table.firings(made))[0].run_id))
    table.company.ci.down = True
    await table.at(NOON + 2 * HOUR)
    await table.at(timedelta(minutes=11))
    assert await table.states(made) == ["13:00 started", "14:00 missed"]
    assert "too late by then" in str((await table.firings(made))[1].why)


async def test_what_was_due_is_what_stood_there_then(table: Timetable) -> None:
    made = await table.make()
    table.clock.moment = NOON + HOUR
    await note_due(table.company.life)
    ana = await table.hand("ana")
    changed = Draft(spec={"inputs": {"version": "1.2.0", "environment": "environment:staging"}, "cron": "30 * * * *"})
    await schedule_changes.change(table.company.life, made, changed, by=ana)
    assert await fire(table.company.life) == 1
    (run,) = await table.runs()
    assert run.inputs["version"] == "1.1.0"
    await table.end(run.id)
    assert await table.at(NOON + HOUR + timedelta(minutes=30)) == 1
    assert (await table.runs())[1].inputs["version"] == "1.2.0"


async def test_a_change_in_the_second_in_which_it_is_due_loses_no_time(table: Timetable) -> None:
    made = await table.make()
    table.clock.moment = NOON + HOUR
    changed = Draft(spec={"cron": "30 5 * * *"})
    await schedule_changes.change(table.company.life, made, changed, by=await table.hand("ana"))
    assert await fire(table.company.life) == 1
    assert await table.states(made) == ["13:00 started"]


async def test_many_schedules_of_one_minute_all_begin_and_those_whose_run_goes_on_do_not(table: Timetable) -> None:
    owner = await table.hand("ana")
    kept = schedule_of(as_document(name="x", title="Many", description="", owner="person:ana", spec=DEPLOY))
    async with table.company.store.write() as tx:
        for number in range(60):
            name, key = f"sc_{number:04}", f"key-many-{number}"
            made = schedule_changes.made(name, kept, after=tx.now)
            await schedules.add(tx, made, by=owner.principal, key=key, body_sha256="", writers=[])
    table.clock.moment = NOON + HOUR
    begun, by_hand = await asyncio.gather(fire(table.company.life), table.company.ask("sam", "1.1.0", "staging"))
    assert begun == 60
    runs = [row for row in await table.runs() if row.id != by_hand]
    assert len({run.cause["name"] for run in runs if run.cause is not None}) == 60
    for run in runs[:50]:
        await table.end(run.id)
    assert await table.at(HOUR) == 50
    states = [one for number in range(60) for one in await table.states(f"sc_{number:04}")]
    assert (states.count("14:00 started"), states.count("14:00 skipped")) == (50, 10)


async def test_its_owner_is_told_which_schedule_was_paused(table: Timetable) -> None:
    made = await table.make()
    async with table.company.store.write() as tx:
        schedules.pause(tx, await schedules.hold(tx, made), by=schedules.SYSTEM, why="it fails")
    entry = NotificationsEntry.model_validate(
        {
            "channels": {"mail": {"kind": "mail", "url_file": "/not/read"}},
            "routes": [{"events": ["schedule.*"], "channels": ["mail"]}],
        }
    )
    async with table.company.store.read() as session:
        (row,) = (await session.scalars(select(NotificationRow))).all()
        written = await compose(session, row, entry, Texts(), "https://daytwo")
    (draft,) = written.drafts
    assert draft.title == f"A schedule of yours was paused: the schedule {made}"
    assert f"https://daytwo/schedules/{made}" in draft.body


async def test_what_was_paused_or_removed_between_is_not_begun(table: Timetable) -> None:
    paused, removed = await table.make(), await table.make()
    table.clock.moment = NOON + HOUR
    await note_due(table.company.life)
    ana = await table.hand("ana")
    await schedule_changes.pause(table.company.life, paused, by=ana, why="holidays")
    await schedule_changes.remove(table.company.life, removed, by=ana)
    assert await fire(table.company.life) == 0
    assert await table.states(paused) == await table.states(removed) == ["13:00 skipped"]


async def test_only_the_owner_changes_it_and_who_takes_it_over_has_to_be_allowed(table: Timetable) -> None:
    made = await table.make()
    sam, fay = await table.hand("sam"), await table.hand("fay")
    with pytest.raises(Forbidden, match="who alone changes it"):
        await schedule_changes.change(table.company.life, made, Draft(title="Mine"), by=sam)
    with pytest.raises(DaytwoError):
        await schedule_changes.take(table.company.life, made, by=fay)
    await schedule_changes.take(table.company.life, made, by=sam)
    await table.at(NOON + HOUR)
    (run,) = await table.runs()
    assert run.requester == sam.principal
    assert run.cause is not None
    assert run.cause["writers"] == ["person:ana"], "Ana wrote what is asked for"


async def test_who_wrote_it_does_not_approve_it_in_the_name_of_who_takes_it_over_before_it_begins(
    table: Timetable,
) -> None:
    made = await table.make(inputs={"version": "1.1.0", "environment": "environment:production"})
    table.clock.moment = NOON + HOUR
    await note_due(table.company.life)
    await schedule_changes.take(table.company.life, made, by=await table.hand("sam"))
    assert await fire(table.company.life) == 1
    (run,) = await table.runs()
    assert run.cause is not None
    assert (run.requester, run.cause["writers"]) == (await table.company.person("sam"), ["person:ana"])


async def test_what_does_not_answer_is_asked_again_after_a_while_and_once_more_at_the_end(table: Timetable) -> None:
    made = await table.make(catch_up="3s")
    table.company.ci.down = True
    await table.at(NOON + HOUR)
    assert [one.retry_at for one in await table.firings(made)] == [NOON + HOUR + timedelta(seconds=2)]
    await table.at(timedelta(seconds=2))
    assert [one.retry_at for one in await table.firings(made)] == [NOON + HOUR + timedelta(seconds=3)]
    table.company.ci.down = False
    assert await table.at(timedelta(seconds=1)) == 1


async def test_by_hand_it_is_asked_for_in_the_name_of_who_does_it(table: Timetable) -> None:
    made = await table.make()
    sam = await table.hand("sam")
    first = await schedule_changes.run_now(table.company.life, made, by=sam, key="by-hand-1")
    again = await schedule_changes.run_now(table.company.life, made, by=sam, key="by-hand-1")
    assert (first.run.id, again.repeated) == (again.run.id, True)
    assert first.run.requester == sam.principal
    (noted,) = await table.firings(made)
    assert (noted.state, noted.by, noted.run_id) == ("started", sam.principal, first.run.id)
    with pytest.raises(DaytwoError):
        await schedule_changes.run_now(table.company.life, made, by=await table.hand("fay"), key="by-hand-2")


NEVER: tuple[tuple[dict[str, JsonValue], str], ...] = (
    ({"timezone": "Europe/Atlantis"}, "no time zone"),
    ({"cron": "0 0 30 2 *"}, "no day 30"),
    ({"cron": None, "at": "2020-01-01T02:00"}, "over already"),
    ({"inputs": {"version": "${{ user.name }}", "environment": "environment:staging"}}, "an expression"),
    ({"inputs": {"version": "9.9.9", "environment": "environment:staging"}}, "version"),
    ({"catch_up": "10"}, "duration"),
    ({"overlaps": "skip"}, "overlaps"),
)


async def test_what_could_never_run_is_refused_when_it_is_made(table: Timetable) -> None:
    ana = await table.hand("ana")
    for spec, said in NEVER:
        wanted = {name: value for name, value in {**DEPLOY, **spec}.items() if value is not None}
        with pytest.raises(Rejected) as refused:
            await schedule_changes.make(table.company.life, Draft(title="x", spec=wanted), by=ana, key="key-bad-1")
        assert said in f"{refused.value.detail} {refused.value.errors}"
    async with table.company.store.read() as session:
        assert await schedules.page(session, sees="everything", owner=None, action=None, after=None, limit=9) == []


async def test_an_action_that_is_gone_and_one_that_may_not_be_run_are_refused(table: Timetable) -> None:
    with pytest.raises(NotFound):
        await table.make(action="no-such-action")
    with pytest.raises(DaytwoError):
        await table.make(by="fay")


async def test_files_make_change_and_remove_schedules_and_their_faults_have_a_place(
    table: Timetable, tmp_path: Path
) -> None:
    file = tmp_path / "nightly.yaml"

    async def load() -> None:
        folders = [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path]
        await load_company(table.company.store, folders, {"github": "github"})

    file.write_text(FILE)
    await load()
    row = await table.row("nightly")
    assert (row.next_at, row.owner) == (datetime(2026, 11, 24, 1, 30, tzinfo=UTC), "person:ana")
    await load()
    with pytest.raises(Conflict, match="stands in a file"):
        await schedule_changes.remove(table.company.life, "nightly", by=await table.hand("ana"))
    await table.at(datetime(2026, 11, 24, 1, 30, tzinfo=UTC))
    assert await table.states("nightly") == ["01:30 started"]
    file.write_text(FILE.replace("30 2", "30 3"))
    await load()
    assert (await table.row("nightly")).next_at == datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    for old, new, said in (
        ("action: restart", "action: restrat", "nightly.yaml:5:11: There is no action `restrat`"),
        ('environment: "', 'enviroment: "', "has no field `enviroment`"),
        ("Europe/Berlin", "Europe/Berln", "nightly.yaml:9:13: There is no time zone"),
        ("30 2", "30 25", "nightly.yaml:8:9: `25` is no hour"),
        ("  entity: service:shop\n", "", "`entity` does not say on which"),
        ("service:shop", "environment:staging", "entities of the kind service"),
    ):
        file.write_text(FILE.replace(old, new))
        with pytest.raises(Exception, match=r"nightly\.yaml") as refused:
            await load()
        assert said in str(refused.value)
    file.unlink()
    await load()
    with pytest.raises(NotFound):
        await table.row("nightly")


@pytest.mark.parametrize(
    ("at", "states"), [("2026-11-23T11:55:00Z", ["11:55 started"]), ("2026-11-23T02:00:00Z", ["02:00 missed"])]
)
async def test_one_time_in_a_file_that_is_over_when_it_is_read_begins_late_or_is_missed_and_told_once(
    table: Timetable, tmp_path: Path, at: str, states: list[str]
) -> None:
    file = tmp_path / "once.yaml"
    once = FILE.replace("nightly", "once").replace("cron: 30 2 * * *", f"at: {at}")

    async def load(text: str) -> None:
        file.write_text(text)
        await load_company(
            table.company.store, [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path], {"github": "github"}
        )
        await table.at(timedelta(seconds=1))

    await table.company.person("ana")
    await load(once)
    assert (await table.states("once"), (await table.row("once")).next_at) == (states, None)
    await load(once.replace("Every night", "Once"))
    assert (await table.states("once"), (await table.row("once")).next_at) == (states, None), "its time is the same"
    await load(once.replace(at, "2026-11-23T01:00:00Z"))
    assert await table.states("once") == ["01:00 missed", *states], "a change to what is over is told as well"
    async with table.company.store.read() as session:
        told = (await session.scalars(select(NotificationRow).where(NotificationRow.kind == "schedule.missed"))).all()
    assert [one.audience for one in told] == [["person:ana"]] * (1 + (states == ["02:00 missed"]))


async def test_of_a_file_whose_owner_has_never_signed_in_nothing_runs_and_it_says_so(
    table: Timetable, tmp_path: Path
) -> None:
    (tmp_path / "nightly.yaml").write_text(FILE)
    await load_company(
        table.company.store, [EXAMPLES / "catalog", EXAMPLES / "actions", tmp_path], {"github": "github"}
    )
    await table.at(datetime(2026, 11, 24, 1, 30, tzinfo=UTC))
    assert "has never signed in here" in str((await table.row("nightly")).paused_why)


async def test_a_freeze_and_the_stop_hold_its_runs_as_all_others(table: Timetable) -> None:
    await table.make()
    async with table.company.store.write() as tx:
        await freezes.stop(tx, by=await table.company.person("pat"), reason="Fire")
    await table.at(NOON + HOUR)
    (run,) = await table.runs()
    await table.company.drive(RunId(run.id))
    assert (await table.company.run(RunId(run.id))).state == RunState.WAITING_WINDOW
