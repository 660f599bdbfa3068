"""The life of a run, move by move, on a real database: what Temporal would drive."""

import asyncio
import hashlib
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from ci_in_memory import LOST, REFUSED
from company import Company

from daytwo_actions.backends.base import Accepted, Ambiguous, Refused
from daytwo_store import attempts, audit_check, claims, entities, logs, runs
from daytwo_store.audit_check import Whole
from daytwo_store.entities import EVERYTHING
from daytwo_store.errors import Conflict, Forbidden, NotFound, Rejected, Unavailable
from daytwo_store.ids import RunId
from daytwo_store.lock_reading import situations
from daytwo_store.states import ApprovalState, AttemptState, ExternalStatus, RunState, Verdict
from daytwo_workflows.contracts import What
from daytwo_workflows.life.asking import undo_wish
from daytwo_workflows.life.interventions import cancel, withdraw

pytestmark = pytest.mark.anyio


async def version_of(company: Company, ref: str) -> object:
    async with company.store.read() as session:
        entity = await entities.get(session, ref, sees=EVERYTHING)
    return entity.properties.get("version") if entity else None


async def test_a_deploy_to_staging_needs_nobody_and_changes_the_catalog(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    assert (await company.through(run)).what is What.END
    row = await company.run(run)
    assert row.state == RunState.SUCCEEDED, row.reason
    assert await version_of(company, "deployment:shop-staging") == "1.1.0"
    assert row.changes[0]["entity"] == "deployment:shop-staging"
    assert len(company.ci.ledger) == 1
    async with company.store.read() as session:
        assert [line.text for line in await logs.read(session, run, after=0, limit=10)] == ["hello", "world"]


async def test_production_waits_for_an_sre_and_sends_what_was_approved(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    assert (await company.drive(run)).what is What.WAIT
    assert (await company.run(run)).state == RunState.WAITING_APPROVAL
    with pytest.raises(Forbidden, match="four eyes"):
        await company.decide("ana", run)
    with pytest.raises(Forbidden, match="group:sre"):
        await company.decide("ben", run)
    assert company.ci.posts == 0
    assert await company.decide("sam", run) is False
    assert await company.decide("sam", run) is True  # the same decision again is the same decision
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    sealed = json.loads((await company.approvals(run))[0].document)
    sent = company.ci.ledger[0]
    assert hashlib.sha256(sent.body).hexdigest() == sealed["steps"][0]["request"]["sha256"]
    assert sent.body.decode() == sealed["steps"][0]["request"]["body"]


async def test_a_stale_digest_is_refused(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    approval = (await company.approvals(run))[0]
    async with company.store.write() as tx:
        (await tx.session.merge(approval)).digest = "0" * 64
    stale = approval.digest
    approval_now = (await company.approvals(run))[0]
    assert approval_now.digest != stale
    from daytwo_store.ids import ApprovalId
    from daytwo_workflows.life.decide import Decision, decide

    with pytest.raises(Conflict, match="digest"):
        await decide(
            company.store,
            Decision(
                approval=ApprovalId(approval.id),
                principal=await company.person("sam"),
                verdict=Verdict.APPROVE,
                digest=stale,
                comment="",
            ),
        )


async def test_rejected_ends_it_and_sends_nothing(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    with pytest.raises(Rejected, match="Say why"):
        await company.decide("sam", run, Verdict.REJECT, comment=" ")
    await company.decide("sam", run, Verdict.REJECT, comment="not today")
    assert (await company.drive(run)).what is What.END
    row = await company.run(run)
    assert (row.state, company.ci.posts) == (RunState.REJECTED, 0)
    assert "not today" in (row.reason or "")


async def test_a_moved_ref_voids_the_approval_and_shows_the_difference(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    company.ci.commit = "e" * 40
    assert (await company.drive(run)).what is What.WAIT
    assert (await company.run(run)).state == RunState.WAITING_APPROVAL
    old, new = await company.approvals(run)
    assert (old.state, new.state) == (ApprovalState.SUPERSEDED, ApprovalState.PENDING)
    assert {change["field"] for change in new.drift} == {"steps[0].pinned.commit"}
    assert company.ci.posts == 0
    with pytest.raises(Conflict):
        await company.decide("sam", run, comment="again") if False else await _decide_on(company, old.id, old.digest)
    await company.decide("sam", run)
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def _decide_on(company: Company, approval: str, digest: str) -> None:
    from daytwo_store.ids import ApprovalId
    from daytwo_workflows.life.decide import Decision, decide

    await decide(
        company.store,
        Decision(
            approval=ApprovalId(approval),
            principal=await company.person("sam"),
            verdict=Verdict.REJECT,
            digest=digest,
            comment="late",
        ),
    )


async def test_an_approver_who_left_the_group_no_longer_counts(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    async with company.store.write() as tx:
        sam = await entities.get(tx.session, "person:sam", sees=EVERYTHING)
        assert sam is not None
        await entities.upsert(
            tx, replace(sam, relations={**sam.relations, "memberOf": ["group:platform"]}), by="test:x"
        )
    await company.drive(run)
    assert (await company.run(run)).state == RunState.WAITING_APPROVAL
    assert company.ci.posts == 0


async def test_the_lock_lets_one_run_through_and_hands_over(company: Company) -> None:
    company.ci.ends_as = None
    first = await company.ask("ana", "1.1.0", "staging")
    second = await company.ask("ben", "1.2.0", "staging")
    await company.drive(first)
    assert (await company.drive(second)).what is What.WAIT
    assert (await company.run(second)).state == RunState.WAITING_LOCK
    company.ci.end("1", ExternalStatus.SUCCEEDED)
    await company.look(first)
    await company.drive(first)
    assert (await company.run(first)).state == RunState.SUCCEEDED
    await company.drive(second)
    one, two = await company.run(first), await company.run(second)
    assert two.state == RunState.RUNNING
    assert (two.fence or 0) > (one.fence or 0)


async def test_a_lost_answer_is_found_again_and_never_sent_twice(company: Company) -> None:
    company.ci.says = lambda run: LOST
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert (company.ci.posts, len(company.ci.ledger)) == (1, 1)
    [attempt] = await company.attempts(run)
    assert (attempt.state, attempt.external_id) == (AttemptState.ACCEPTED, "1")


async def test_what_never_arrived_is_sent_again_only_after_proof(company: Company) -> None:
    company.ci.says, company.ci.executes = (lambda run: LOST), False
    run = await company.ask("ana", "1.1.0", "staging")
    move = await company.step(run)  # sent, and the answer was lost
    assert move.what is What.RECONCILE
    company.ci.says, company.ci.executes = (lambda run: Accepted(id=run, url=None)), True  # type: ignore[arg-type]
    await company.through(run)
    first, second = await company.attempts(run)
    assert (first.state, second.state) == (AttemptState.ABSENT, AttemptState.ACCEPTED)
    assert len(company.ci.ledger) == 1
    assert second.corr != first.corr


async def test_a_protected_run_that_may_have_been_sent_waits_for_a_person(company: Company) -> None:
    company.ci.says, company.ci.executes = (lambda run: LOST), False
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    assert (await company.drive(run)).what is What.WAIT
    row = await company.run(run)
    assert row.state == RunState.NEEDS_ATTENTION
    assert company.ci.posts == 1
    async with company.store.read() as session:
        assert (await situations(session, ["shop/production"]))[0].holder == run  # kept on purpose


async def test_a_worker_that_dies_after_sending_leaves_it_to_be_found(company: Company) -> None:
    class Died(BaseException):
        pass

    def die(run: str) -> Accepted:
        raise Died

    company.ci.says = die  # type: ignore[assignment]
    run = await company.ask("ana", "1.1.0", "staging")
    with pytest.raises(Died):
        await company.step(run)
    [attempt] = await company.attempts(run)
    assert attempt.state == AttemptState.SENT
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED
    assert (company.ci.posts, len(company.ci.ledger)) == (1, 1)


async def test_two_workers_at_once_send_once(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    await asyncio.gather(*(company.drive(run) for _ in range(4)))
    assert company.ci.posts == 1
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_a_late_answer_of_a_paused_worker_changes_nothing(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")

    def meanwhile() -> None:
        """The worker is paused here; nothing more happens in this test than that its deadline passes."""

    company.ci.before_send = meanwhile
    company.ci.says = lambda external: Ambiguous(detail="cut")
    move = await company.step(run)
    await company.step(run, move)  # found by the marker
    [attempt] = await company.attempts(run)
    assert attempt.state == AttemptState.ACCEPTED
    from daytwo_workflows.life.dispatch import _record

    await _record(company.life, attempt, Refused(detail="late"), None)
    [attempt] = await company.attempts(run)
    assert attempt.state == AttemptState.ACCEPTED


async def test_a_refusal_of_the_ci_ends_the_run_with_its_words(company: Company) -> None:
    company.ci.says, company.ci.executes = (lambda run: REFUSED), False
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    row = await company.run(run)
    assert row.state == RunState.FAILED
    assert "The CI system said no. Nothing was started there." in (row.reason or "")
    assert await version_of(company, "deployment:shop-staging") == "1.0.0"


async def test_a_rate_limit_is_waited_for(company: Company) -> None:
    company.ci.says, company.ci.executes = (lambda run: Refused(detail="slow down", retry_after=600)), False
    run = await company.ask("ana", "1.1.0", "staging")
    move = await company.drive(run)
    assert move.what is What.WAIT
    assert move.seconds is not None
    company.ci.says, company.ci.executes = (lambda run: Accepted(id=run, url=None)), True  # type: ignore[arg-type]
    await company.drive(run)
    assert len(company.ci.ledger) == 0, "it was sent again before the time that it was told"
    await company.age(run)
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_a_ci_that_is_down_is_waited_for_and_nothing_is_lost(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    company.ci.down = True
    move = await company.drive(run)
    assert move.what is What.WAIT
    row = await company.run(run)
    assert row.state == RunState.RUNNING
    assert "Nothing was sent yet" in (row.reason or "")
    with pytest.raises(Unavailable, match="Nothing was started"):
        await company.ask("ben", "1.1.0", "production")
    company.ci.down = False
    await company.through(run)
    assert (await company.run(run)).state == RunState.SUCCEEDED


async def test_a_failed_pipeline_fails_the_run_and_leaves_the_catalog(company: Company) -> None:
    company.ci.ends_as = ExternalStatus.FAILED
    company.ci.log = b"fine\n##[error]the check failed\n"
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    row = await company.run(run)
    assert (row.state, row.first_error) == (RunState.FAILED, 2)
    assert (row.reason or "").startswith("github run 1 failed. The catalog was not changed.")
    assert await version_of(company, "deployment:shop-staging") == "1.0.0"


async def test_undo_goes_back_to_what_was_there_and_not_to_the_last_elsewhere(company: Company) -> None:
    for version in ("1.1.0", "1.3.0"):
        run = await company.ask("ana", version, "production")
        await company.decide("sam", run)
        await company.through(run)
        staging = await company.ask("ana", "1.2.0", "staging")
        await company.through(staging)
    row = await company.run(run)
    wish = await undo_wish(company.life, row, await company.person("ana"), None)
    assert wish.inputs == {"version": "1.1.0", "environment": "environment:production"}
    from daytwo_workflows.life.asking import start

    undoing = RunId((await start(company.life, wish, "undo-key")).run.id)
    assert (await company.run(undoing)).state == RunState.WAITING_APPROVAL  # undo asks again
    await company.decide("sam", undoing)
    await company.through(undoing)
    assert await version_of(company, "deployment:shop-production") == "1.1.0"
    with pytest.raises(Conflict, match="has changed shop/production since"):
        await undo_wish(company.life, row, await company.person("ana"), None)


async def test_cancel_before_and_during_and_after(company: Company) -> None:
    company.ci.ends_as = None
    ana = await company.person("ana")
    waiting = await company.ask("ana", "1.1.0", "production")
    await cancel(company.store, waiting, by=ana, reason="wrong one", force=False)
    assert (await company.run(waiting)).state == RunState.CANCELLED
    running = await company.ask("ana", "1.1.0", "staging")
    await company.drive(running)
    await cancel(company.store, running, by=ana, reason="", force=False)
    assert (await company.run(running)).state == RunState.CANCELLING
    await company.drive(running)
    await company.look(running)
    await company.drive(running)
    assert (await company.run(running)).state == RunState.CANCELLED
    assert company.ci.cancels == ["cancel"]
    with pytest.raises(Conflict, match="already ended"):
        await cancel(company.store, await _done(company), by=ana, reason="", force=False)


@pytest.mark.parametrize("fenced", [True, False])
@pytest.mark.parametrize("worked", [True, False])
async def test_what_was_not_let_work_has_not_failed_but_was_cancelled(
    company: Company, fenced: bool, worked: bool
) -> None:
    """It asks when its run is being stopped already, is told no, and ends as failed in the CI system."""
    company.ci.ends_as, company.ci.obeys, company.ci.fenced = None, False, fenced
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    if worked:
        async with company.store.write() as tx:
            [attempt] = await attempts.of_run(tx.session, run)
            assert claims.take(tx, attempt, "1", job="deploy", start="1/1") is None
    await cancel(company.store, run, by=await company.person("ana"), reason="", force=False)
    await company.drive(run)
    [external] = company.ci.states
    company.ci.end(external, ExternalStatus.FAILED)
    await company.look(run)
    await company.drive(run)
    row = await company.run(run)
    assert row.state == (RunState.CANCELLED if fenced and not worked else RunState.FAILED)
    assert ("without our leave" in str(row.reason)) is (fenced and not worked)


async def _done(company: Company) -> RunId:
    company.ci.ends_as = ExternalStatus.SUCCEEDED
    run = await company.ask("ana", "1.2.0", "staging")
    await company.through(run)
    return run


async def test_a_cancellation_that_nobody_confirms_keeps_the_lock_and_asks_for_a_person(company: Company) -> None:
    company.ci.ends_as, company.ci.obeys = None, False
    run = await company.ask("ana", "1.1.0", "staging")
    await company.drive(run)
    await cancel(company.store, run, by=await company.person("ana"), reason="", force=False)
    await company.drive(run)
    for since in (company.life.windows.force_cancel_after, company.life.windows.cancel_by):
        async with company.store.write() as tx:
            row = await runs.hold(tx, run)
            row.cancel_at = tx.now - since
        await company.drive(run)
    assert company.ci.cancels == ["cancel", "force"]
    assert (await company.run(run)).state == RunState.NEEDS_ATTENTION


async def test_withdraw_is_the_requesters_and_ends_it(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await withdraw(company.store, run, by=await company.person("ana"), reason="typo")
    row = await company.run(run)
    assert row.state == RunState.WITHDRAWN
    assert (await company.approvals(run))[0].state == ApprovalState.WITHDRAWN
    with pytest.raises(Conflict, match="already withdrawn"):
        await company.decide("sam", run)


async def test_expired_approvals_end_the_run(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    async with company.store.write() as tx:
        approval = (await company.approvals(run))[0]
        (await tx.session.merge(approval)).expires_at = tx.now - timedelta(seconds=1)
    with pytest.raises(Conflict, match="time to decide is over"):
        await company.decide("sam", run)
    await company.drive(run)
    assert (await company.run(run)).state == RunState.EXPIRED


async def test_the_same_key_gives_the_same_run_and_another_body_is_refused(company: Company) -> None:
    first = await company.ask("ana", "1.1.0", "staging", key="same-key")
    assert await company.ask("ana", "1.1.0", "staging", key="same-key") == first
    with pytest.raises(Rejected, match="was used for another request"):
        await company.ask("ana", "1.2.0", "staging", key="same-key")
    many = await asyncio.gather(*(company.ask("ben", "1.1.0", "staging", key="raced-key") for _ in range(5)))
    assert len(set(many)) == 1


async def test_what_one_may_not_run_or_see_is_refused(company: Company) -> None:
    with pytest.raises(Forbidden, match="group:storefront"):
        await company.ask("fay", "1.1.0", "staging")
    from daytwo_store.ids import EntityRef
    from daytwo_workflows.life.asking import Wish, plan

    async def wished(ref: str) -> None:
        await plan(
            company.life,
            Wish(
                action="deploy",
                requester=await company.person("ana"),
                token=None,
                entity=EntityRef(ref),
                inputs={"version": "1.1.0", "environment": "environment:staging"},
                version=None,
            ),
        )

    with pytest.raises(NotFound) as hidden:
        await wished("service:payroll")
    with pytest.raises(NotFound) as missing:
        await wished("service:nothing")
    assert hidden.value.detail.replace("payroll", "X") == missing.value.detail.replace("nothing", "X")
    with pytest.raises(Rejected, match="is of the kind environment"):
        await wished("environment:staging")


async def test_a_withdrawn_definition_is_not_sent(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "staging")
    async with company.store.write() as tx:
        from daytwo_store import definitions

        await definitions.put(tx, [])
    await company.drive(run)
    row = await company.run(run)
    assert (row.state, company.ci.posts) == (RunState.REFUSED, 0)


async def test_logs_are_masked_and_kept_once(company: Company) -> None:
    company.ci.log = b"token is very-secret-token\n" * 3
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    async with company.store.read() as session:
        lines = [line.text for line in await logs.read(session, run, after=0, limit=100)]
    assert lines == ["token is ***"] * 3


async def test_everything_is_in_the_audit_and_the_chain_holds(company: Company) -> None:
    run = await company.ask("ana", "1.1.0", "production")
    await company.decide("sam", run)
    await company.through(run)
    async with company.store.read() as session:
        assert isinstance(await audit_check.verify(session), Whole)


async def test_the_end_of_a_run_does_not_wait_for_a_late_log(company: Company) -> None:
    windows = company.life.windows.model_copy(update={"log_patience": timedelta(minutes=5)})
    company.life = replace(company.life, windows=windows)
    company.ci.log = None
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    await asyncio.sleep(0.25)
    assert (await company.drive(run)).what is What.WAIT, "the log is still waited for"
    assert (await company.run(run)).state == RunState.SUCCEEDED
    company.ci.log = b"it came after all\n"
    assert (await company.drive(run)).what is What.END
    async with company.store.read() as session:
        assert [line.text for line in await logs.read(session, run, after=0, limit=5)] == ["it came after all"]


async def test_a_job_that_failed_without_a_log_says_what_the_ci_noted(company: Company) -> None:
    company.ci.log, company.ci.ends_as = None, ExternalStatus.FAILED
    company.ci.notes = ["the runner could not start: very-secret-token"]
    run = await company.ask("ana", "1.1.0", "staging")
    await company.through(run)
    await asyncio.sleep(0.7)
    assert (await company.drive(run)).what is What.END
    async with company.store.read() as session:
        found = [line.text for line in await logs.read(session, run, after=0, limit=5)]
    assert found == ["##[error]the runner could not start: ***"]
    assert (await company.run(run)).first_error == 1
