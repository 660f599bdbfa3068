"""What must not happen between sealing and the end of an external run, each as somebody once found it possible."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from ci_in_memory import LOST
from company import EXAMPLES, Company
from sqlalchemy import delete, update

from daytwo_actions.backends.base import Accepted, FrozenRequest, Sent
from daytwo_actions.definitions import load_action
from daytwo_store import attempts, definitions, entities, runs
from daytwo_store.definitions import Loaded
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict, Forbidden, Rejected
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import AttemptNo, EntityRef, ExternalRunId, PrincipalId, RunId, StepPath
from daytwo_store.states import AttemptState, ExternalStatus, RunState, StepState
from daytwo_store.tables import AttemptRow, ExternalRunRow
from daytwo_workflows.contracts import What
from daytwo_workflows.life.asking import start, undo_wish
from daytwo_workflows.life.interventions import Finding, cancel, resolve
from daytwo_workflows.life.lending import Lending, lend

pytestmark = pytest.mark.anyio
SHIP, FIRST = StepPath("ship"), AttemptNo(1)


def with_windows(company: Company, **windows: object) -> None:
    company.life = replace(company.life, windows=company.life.windows.model_copy(update=windows))


async def change_shop(company: Company, **properties: str) -> None:
    async with company.store.write() as tx:
        shop = await entities.get(tx.session, "service:shop", sees=EVERYTHING)
        assert shop is not None
        await entities.upsert(tx, replace(shop, properties={**shop.properties, **properties}), by="file:test")


async def production_version(company: Company) -> object:
    async with company.store.read() as session:
        entity = await entities.get(session, "deployment:shop-production", sees=EVERYTHING)
    assert entity is not None
    return entity.properties["version"]


async def test_a_restored_database_finds_what_was_sent_before(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    company.ci.states["1"] = replace(
        company.ci.states["1"],
        created_at=company.ci.states["1"].created_at - timedelta(minutes=10),  # type: ignore[operator]
    )
    async with company.store.write() as tx:  # what a backup of eleven minutes ago knows
        await tx.session.execute(delete(ExternalRunRow))
        await tx.session.execute(delete(AttemptRow))
        row = await runs.hold(tx, run)
        row.created_at -= timedelta(minutes=11)
    await company.through(run)
    assert len(company.ci.ledger) == 1
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_nothing_is_sent_while_the_listing_is_incomplete(company: Company) -> None:
    company.ci.lists_all = False
    run = await company.ask("ana", "1.1.0", "staging")
    assert (await company.drive(run)).what is What.WAIT
    assert company.ci.posts == 0
    company.ci.lists_all = True
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_a_lost_answer_without_a_marker_waits_for_a_person_who_can_end_it(company: Company) -> None:
    company.ci.marked, company.ci.says = False, lambda run: LOST
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    row = await company.run(run)
    assert row.state == RunState.NEEDS_ATTENTION
    assert "no marker" in (row.reason or "")
    await cancel(company.store, run, by=await company.person("ana"), reason="seen there", force=True)
    assert (await company.drive(run)).what is What.END
    assert (await company.run(run)).state == RunState.CANCELLED


@pytest.mark.parametrize(("what", "value"), [("lists_all", False), ("clockless", True)])
async def test_looking_ends_with_a_person_even_when_no_listing_proves_anything(
    company: Company, what: str, value: bool
) -> None:
    company.ci.says, company.ci.executes = (lambda run: LOST), False
    with_windows(company, give_up_looking=timedelta(seconds=0.3))
    run = await company.ask("ana", "1.1.0", "staging")
    await company.step(run)
    setattr(company.ci, what, value)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.NEEDS_ATTENTION
    assert company.ci.posts == 1


async def test_after_a_long_outage_of_ours_a_few_looks_settle_it_and_nobody_is_asked(company: Company) -> None:
    """Every worker was away for longer than anything is looked for."""
    with_windows(company, absence_listings=3)
    says = company.ci.says
    company.ci.says, company.ci.executes = (lambda run: LOST), False
    run = await company.ask("ana", "1.1.0", "staging")
    await company.step(run)
    async with company.store.write() as tx:
        away = AttemptRow.send_by - 2 * company.life.windows.give_up_looking - timedelta(hours=1)
        await tx.session.execute(update(AttemptRow).values(send_by=away))
    company.ci.says, company.ci.executes = says, True
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert (company.ci.posts, len(company.ci.ledger)) == (2, 1), "what was never there was sent again"


async def test_a_target_that_changed_while_it_waited_is_pinned_anew_and_sent_there(company: Company) -> None:
    company.ci.ends_as = None
    first = await company.ask("ana", "1.1.0", "staging")
    second = await company.ask("ben", "1.2.0", "staging")
    await company.drive(first)
    await company.drive(second)
    await change_shop(company, repository="acme/moved")
    company.ci.end("1", ExternalStatus.SUCCEEDED)
    await company.look(first)
    await company.drive(first)
    await company.drive(second)
    assert company.ci.ledger[1].pinned.target.project == "acme/moved"
    [attempt] = await company.attempts(second)
    assert attempt.request["project"] == "acme/moved"


async def test_a_lock_key_that_changed_is_waited_for_under_its_new_name(company: Company) -> None:
    text = (EXAMPLES / "actions" / "deploy.yaml").read_text()
    text = text.replace(
        "lock: ${{ entity.name }}/${{ inputs.environment.name }}", "lock: ${{ entity.properties.language }}"
    )
    version = load_action(text, "deploy.yaml")
    async with company.store.write() as tx:
        loaded = Loaded(name=version.name, digest=version.digest, document=dict(version.document), source="test")
        await definitions.put(tx, [loaded])
    company.ci.ends_as = None
    await change_shop(company, language="one")
    holder = await company.ask("ana", "1.1.0", "staging")
    await company.drive(holder)
    await change_shop(company, language="two")
    run = await company.ask("ben", "1.2.0", "staging")
    await change_shop(company, language="one")
    assert (await company.drive(run)).what is What.WAIT
    row = await company.run(run)
    assert (row.state, row.lock_key) == (RunState.WAITING_LOCK, "one")
    assert len(company.ci.ledger) == 1


async def test_a_sender_that_was_paused_between_claim_and_send_sends_nothing(company: Company) -> None:
    with_windows(company, send_total=timedelta(seconds=0))
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    assert company.ci.posts == 0
    assert (await company.attempts(run))[0].state == AttemptState.ABANDONED


async def test_another_commit_than_the_approved_one_is_no_success(company: Company) -> None:
    company.ci.runs_commit = "e" * 40
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await company.through(run)
    row = await company.run(run)
    assert row.state == RunState.FAILED
    assert "eeeeeeeeeeee" in (row.reason or "")
    assert await production_version(company) == "1.0.0"


async def test_another_commit_that_is_seen_while_it_runs_is_stopped(company: Company) -> None:
    company.ci.runs_commit, company.ci.ends_as = "e" * 40, None
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await company.through(run)
    assert company.ci.cancels == ["cancel"]


async def test_an_undo_that_waited_does_not_roll_back_what_came_out_meanwhile(company: Company) -> None:
    async def deploy(version: str) -> RunId:
        run = await company.ask("ana", version, "production")
        await company.decide("sam", run)
        await company.through(run)
        return run

    await deploy("1.1.0")
    bad = await deploy("1.2.0")
    wish = await undo_wish(company.life, await company.run(bad), await company.person("ana"), None)
    undoing = RunId((await start(company.life, wish, "undo-key-1")).run.id)
    await deploy("1.3.0")
    await company.decide("sam", undoing)
    await company.drive(undoing)
    row = await company.run(undoing)
    assert row.state == RunState.REFUSED
    assert "has changed shop/production since" in (row.reason or "")
    assert await production_version(company) == "1.3.0"


async def test_a_connection_that_is_gone_ends_in_somebodys_hands(company: Company) -> None:
    company.ci.ends_as = None
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    company.life = replace(company.life, backends={})
    await company.look(run)
    assert (await company.drive(run)).what is What.WAIT
    await cancel(company.store, run, by=await company.person("ana"), reason="", force=True)
    assert (await company.drive(run)).what is What.WAIT, "it could not be asked to stop"
    async with company.store.write() as tx:
        (await runs.hold(tx, run)).cancel_at = tx.now - company.life.windows.cancel_by
    assert (await company.drive(run)).what is What.END
    assert "may still be running" in ((await company.run(run)).reason or "")


async def test_a_force_that_never_reached_the_ci_is_not_written_down_as_done(company: Company) -> None:
    company.ci.ends_as, company.ci.obeys = None, False
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    await cancel(company.store, run, by=await company.person("ana"), reason="", force=False)
    await company.drive(run)
    company.ci.down = True
    await cancel(company.store, run, by=await company.person("ana"), reason="", force=True)
    await company.drive(run)
    async with company.store.read() as session:
        [external] = await attempts.externals_of_run(session, run)
    assert external.cancel_forced_at is None
    company.ci.down = False
    await company.drive(run)
    assert company.ci.cancels == ["cancel", "force"]


async def held(company: Company, *, executes: bool) -> RunId:
    """A protected attempt of which nobody knows whether it ran."""
    company.ci.says, company.ci.executes, company.ci.hidden = (lambda run: LOST), executes, True
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.NEEDS_ATTENTION
    company.ci.hidden = False
    return run


def finding(
    run: RunId, outcome: str, by: object, external: str | None = None, *, without_marker: bool = False
) -> Finding:
    return Finding(
        run=run,
        path=SHIP,
        no=FIRST,
        outcome=outcome,  # type: ignore[arg-type]
        external=ExternalRunId(external) if external else None,
        by=by,  # type: ignore[arg-type]
        reason="looked there",
        without_marker=without_marker,
    )


async def test_the_requester_alone_does_not_answer_for_a_protected_attempt(company: Company) -> None:
    run = await held(company, executes=True)
    with pytest.raises(Forbidden, match="four eyes"):
        await resolve(company.life, finding(run, "did_not_run", await company.person("ana")))


async def test_nor_does_who_decides_for_the_requester(company: Company) -> None:
    run = await held(company, executes=True)
    async with company.store.read() as session:
        ends = await company.store.clock.now(session) + timedelta(days=1)
    ana = await company.person("ana")
    await lend(
        company.store,
        Lending(by=ana, to="person:ben", begins_at=None, ends_at=ends, reason="away", key="found-lend"),
    )
    with pytest.raises(Forbidden, match="Ana, who asked for this run, lets you decide for them"):
        await resolve(company.life, finding(run, "did_not_run", await company.person("ben")))


async def test_it_ran_as_is_believed_while_listings_are_late(company: Company) -> None:
    run = await held(company, executes=True)
    company.ci.hidden = True
    ben, sam = await company.person("ben"), await company.person("sam")
    with pytest.raises(Rejected, match="no run 9"):
        await resolve(company.life, finding(run, "ran", ben, "9"))
    assert await resolve(company.life, finding(run, "ran", ben, "1")) is False
    assert await resolve(company.life, finding(run, "ran", sam, "1")) is True
    [attempt] = await company.attempts(run)
    assert (attempt.state, attempt.external_id) == (AttemptState.ACCEPTED, "1")


async def test_it_ran_as_is_believed_of_the_run_with_the_marker_only(company: Company) -> None:
    run = await held(company, executes=True)
    sam = await company.person("sam")
    company.ci.says = lambda external: Accepted(id=ExternalRunId(external), url=None)
    other = await company.ask("ben", "1.2.0", "staging")
    await company.drive(other)
    with pytest.raises(Rejected, match="carries the marker of another attempt"):
        await resolve(company.life, finding(run, "ran", sam, "2", without_marker=True))
    with pytest.raises(Rejected, match="has no run 99"):
        await resolve(company.life, finding(run, "ran", sam, "99"))
    company.ci.states["by its name"] = company.ci.states["1"]  # as an Argo server knows a workflow by less than its id
    assert not await resolve(company.life, finding(run, "ran", sam, "by its name"))
    assert await resolve(company.life, finding(run, "ran", await company.person("ben"), "1"))
    assert [one.external_id for one in await company.attempts(run)] == ["1"]
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    with pytest.raises(Conflict, match="has ended"):
        await resolve(company.life, finding(run, "ran", sam, "1"))


async def test_a_run_that_lost_its_marker_is_believed_when_two_people_vouch_for_it(company: Company) -> None:
    """Its name was changed in between: nobody can prove it, so people say it, and that is what is written down."""
    run = await held(company, executes=True)
    company.ci.nameless = True
    ben, sam = await company.person("ben"), await company.person("sam")
    with pytest.raises(Rejected, match="does not carry its marker") as refused:
        await resolve(company.life, finding(run, "ran", sam, "1"))
    assert "daytwo_run" in str(refused.value)
    assert [one.pointer for one in refused.value.errors] == ["/without_marker"]
    company.ci.misfits["1"] = ["somebody else started it"]
    with pytest.raises(Rejected, match="somebody else started it"):
        await resolve(company.life, finding(run, "ran", sam, "1", without_marker=True))
    company.ci.misfits.clear()
    assert not await resolve(company.life, finding(run, "ran", sam, "1", without_marker=True))
    with pytest.raises(Rejected, match="does not carry its marker"):
        await resolve(company.life, finding(run, "ran", ben, "1"))
    assert await resolve(company.life, finding(run, "ran", ben, "1", without_marker=True))
    [attempt] = await company.attempts(run)
    assert (attempt.state, attempt.external_id) == (AttemptState.ACCEPTED, "1")
    assert "looked there. Checked were its project, pipeline, ref, account and time." in (attempt.note or "")
    assert "shows no marker" in (attempt.note or "")
    told = [
        dict(one.facts) for one in await company.audit(run) if one.action in ("attempt.finding", "attempt.accepted")
    ]
    assert [one["marker"] for one in told] == ["not shown; people vouch for it"] * 3
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_an_answer_that_names_another_run_is_not_followed(company: Company) -> None:
    """Ours is found by its marker; the other one is neither followed nor stopped nor taken from anybody."""
    company.ci.ends_as = None
    other = await company.ask("ben", "1.2.0", "production")
    await company.decide("sam", other)
    await company.drive(other)
    company.ci.says = lambda external: Accepted(id=ExternalRunId("1"), url=None)
    run = await company.ask("ana", "1.1.0", "staging")
    await company.step(run)
    [attempt] = await company.attempts(run)
    assert (attempt.state, attempt.external_id) == (AttemptState.AMBIGUOUS, None)
    assert "it named run 1, and it does not carry the marker" in (attempt.note or "")
    await company.drive(run)
    [attempt] = await company.attempts(run)
    assert (attempt.state, attempt.external_id) == (AttemptState.ACCEPTED, "2")
    assert [one.external_id for one in await company.attempts(other)] == ["1"]
    assert company.ci.cancels == []
    assert len(company.ci.ledger) == 2


async def test_an_answer_that_names_a_run_that_is_not_there_is_a_yes_without_a_name(company: Company) -> None:
    company.ci.says, company.ci.hidden = (lambda external: Accepted(id=ExternalRunId("17"), url=None)), True
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    row = await company.run(run)
    assert row.state == RunState.NEEDS_ATTENTION
    assert "it has started it, and it named run 17, which is not there" in (row.reason or "")
    assert company.ci.posts == 1


async def test_without_a_marker_an_answer_counts_unless_it_is_seen_to_be_wrong(company: Company) -> None:
    company.ci.marked, company.ci.misfits = False, {"2": ["it is in another repository"]}
    good = await company.ask("ana", "1.1.0", "staging")
    await company.through(good)
    assert (await company.run(good)).state == RunState.SUCCEEDED
    wrong = await company.ask("ana", "1.2.0", "staging")
    await company.drive(wrong)
    assert (await company.run(wrong)).state == RunState.NEEDS_ATTENTION
    assert [one.external_id for one in await company.attempts(wrong)] == [None]


async def test_a_run_that_lost_its_marker_keeps_absence_from_being_proven(company: Company) -> None:
    """Its answer is lost as well: only a person can tell whether the bare run there is this attempt's."""
    company.ci.says = lambda _: LOST
    company.ci.nameless = True
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    [attempt] = await company.attempts(run)
    assert attempt.state == AttemptState.HELD
    assert "the run 1 began there" in (attempt.note or "")
    assert len(company.ci.ledger) == 1, "nothing is sent again"


async def test_a_bare_run_that_is_another_attempts_proves_nothing(company: Company) -> None:
    await company.drive(await company.ask("ana", "1.1.0", "staging"))
    company.ci.nameless, company.ci.executes = True, False
    answers = iter([LOST])
    company.ci.says = lambda external: next(answers, Accepted(id=ExternalRunId(external), url=None))
    run = await company.ask("ana", "1.2.0", "production")
    await company.decide("sam", run)
    await company.drive(run)
    [attempt] = await company.attempts(run)
    assert "complete listings do not show it" in (attempt.note or ""), "the bare run there is known to be another's"


async def test_it_did_not_run_sends_what_was_approved_once_more(company: Company) -> None:
    run = await held(company, executes=False)
    company.ci.says = lambda external: Accepted(id=ExternalRunId(external), url=None)
    company.ci.executes = True
    sam, ben = await company.person("sam"), await company.person("ben")
    assert not await resolve(company.life, finding(run, "did_not_run", sam))
    assert not await resolve(company.life, finding(run, "did_not_run", sam)), "the same person twice is one person"
    assert (await company.drive(run)).what is What.WAIT
    assert company.ci.posts == 1
    assert await resolve(company.life, finding(run, "did_not_run", ben))
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert len(company.ci.ledger) == 1


async def test_one_person_with_two_sign_ins_sends_nothing_again(company: Company) -> None:
    run = await held(company, executes=False)
    company.ci.executes = True
    sam, ana = await company.person("sam"), await company.person("ana")
    assert not await resolve(company.life, finding(run, "did_not_run", sam))
    others: list[PrincipalId] = []
    async with company.store.write() as tx:
        for name in ("sam", "ana"):
            login = Login(issuer="https://id.example", subject=name, name=name, ref=EntityRef(f"person:{name}"))
            others.append((await principal_for(tx, login)).id)
    assert not await resolve(company.life, finding(run, "did_not_run", others[0]))
    for asked in (ana, others[1]):
        with pytest.raises(Forbidden, match="four eyes"):
            await resolve(company.life, finding(run, "did_not_run", asked))
    assert (await company.attempts(run))[0].state == AttemptState.HELD
    assert company.ci.posts == 1


async def test_two_who_found_different_things_settle_nothing_until_they_agree(company: Company) -> None:
    run = await held(company, executes=True)
    sam, ben = await company.person("sam"), await company.person("ben")
    assert not await resolve(company.life, finding(run, "did_not_run", sam))
    assert not await resolve(company.life, finding(run, "ran", ben, "1"))
    assert (await company.attempts(run))[0].state == AttemptState.HELD
    assert await resolve(company.life, finding(run, "ran", sam, "1")), "Sam looked again"
    assert (await company.attempts(run))[0].external_id == "1"
    assert len(company.ci.ledger) == 1


async def test_where_nobody_had_to_approve_one_person_is_enough(company: Company) -> None:
    company.ci.says, company.ci.marked = (lambda run: LOST), False
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    assert await resolve(company.life, finding(run, "ran", await company.person("ana"), "1"))


async def test_a_request_that_the_ci_started_twice_is_adopted_once_and_stopped_once(company: Company) -> None:
    company.ci.ends_as = None

    def twice(external: str) -> object:
        company.ci.ledger.append(company.ci.ledger[0])
        company.ci.states["2"] = replace(company.ci.states["1"], id=ExternalRunId("2"))
        return LOST

    company.ci.says = twice  # type: ignore[assignment]
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    [attempt] = await company.attempts(run)
    assert attempt.external_id == "1"
    assert company.ci.states["2"].status == ExternalStatus.CANCELLED
    assert company.ci.states["1"].status == ExternalStatus.RUNNING


async def test_a_refused_run_leaves_no_step_running(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    async with company.store.write() as tx:
        await definitions.put(tx, [])
    await company.drive(run)
    async with company.store.read() as session:
        [step] = await runs.steps(session, run)
    assert step.state != StepState.RUNNING


async def test_a_sender_that_slept_through_the_proof_of_absence_changes_nothing(company: Company) -> None:
    """R7: its request goes out long after another worker has sent the next attempt. Its run is stopped."""
    company.ci.ends_as = None
    awake, asleep = asyncio.Event(), asyncio.Event()
    send = company.ci.send

    async def slow_send(request: FrozenRequest, *, seconds: float) -> Sent:
        if not asleep.is_set():
            asleep.set()
            await awake.wait()
        return await send(request, seconds=seconds)

    company.ci.send = slow_send  # type: ignore[method-assign]
    run = await company.ask("ana", "1.1.0", "staging")
    zombie = asyncio.create_task(company.step(run))
    async with asyncio.timeout(60):
        await asleep.wait()
    await company.drive(run)
    states = [one.state for one in await company.attempts(run)]
    assert states == [AttemptState.ABSENT, AttemptState.ACCEPTED]
    awake.set()
    async with asyncio.timeout(60):
        await zombie
    first, second = await company.attempts(run)
    assert (first.state, first.external_id) == (AttemptState.ABSENT, None)
    assert company.ci.states["2"].status == ExternalStatus.CANCELLED, "what it started is stopped"
    assert (second.external_id, company.ci.states["1"].status) == ("1", ExternalStatus.RUNNING)
