"""The audit binds why: whoever rewrites a reason, a comment or a review in the database is found out.

By `daytwo audit verify` against the rows, and by `daytwo evidence verify` against what is in the file.
"""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from api_house import House
from company import SHOP
from evidence_files import KEYS, SIGNER, checkpoint, evidence_of, failing
from more_actions import like_deploy, load_beside
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from daytwo_store import attempts, findings
from daytwo_store.audit_check import Broken, Whole, verify
from daytwo_store.audit_words import WORDS
from daytwo_store.evidence import opened, seal
from daytwo_store.evidence_check import points
from daytwo_store.ids import RunId
from daytwo_store.said import SAID, digest_of_words
from daytwo_store.tables import AuditRow
from daytwo_workflows.life.asking import Wish, start

pytestmark = pytest.mark.anyio
GLASS = {"allow": ["group:sre"], "second": "group:platform"}
TASK = {"id": "switch", "uses": "task", "with": {"from": ["group:sre"], "text": "Switch"}}


async def call(house: House, who: str, method: str, path: str, **body: Any) -> Any:
    client = await house.signed_in(who)
    answer = await client.request(method, f"/api/v1{path}", json=body or None)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


@pytest.fixture(scope="module")
async def world(shared: House, tmp_path_factory: pytest.TempPathFactory) -> House:
    """Everything that people give reasons for was done once; the runs are in `kept`."""
    glass = like_deploy("mend", approval=[{"from": ["group:finance"]}], break_glass=GLASS)
    chore = like_deploy("chore", approval=[], catalog=[], undo=None, lock=None, steps=[TASK])
    await load_beside(shared.company, tmp_path_factory.mktemp("said"), glass, chore)
    shared.kept |= {
        "glass": await broken_glass(shared),
        "except": await excepted(shared),
        "task": await done_task(shared),
        "stopped": await stopped(shared),
    }
    await call(shared, "sam", "POST", "/stop", reason="Network on fire")
    await call(shared, "sam", "DELETE", "/stop?reason=It%20is%20out")
    until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    await call(shared, "ana", "POST", "/delegations", to="person:ben", until=until, reason="on leave")
    await checkpoint(shared)
    return shared


async def broken_glass(house: House) -> RunId:
    wish = Wish(
        action="mend",
        requester=await house.company.person("sam"),
        token=None,
        entity=SHOP,
        inputs={"version": "1.1.0", "environment": "environment:production"},
        version=None,
        comment="it is down",
        break_glass=True,
    )
    run = RunId((await start(house.company.life, wish, "said-glass")).run.id)
    approval = (await house.company.approvals(run))[-1].id
    await call(house, "pat", "POST", f"/approvals/{approval}/comments", text="I look at it")
    await house.company.decide("pat", run, comment="go")
    await house.company.through(run)
    await call(house, "fay", "POST", f"/reviews/{run}/close", words="disk was full")
    async with house.store.write() as tx:
        (attempt,) = await attempts.of_run(tx.session, run)
        by = await house.company.person("sam")
        told: dict[str, Any] = {"by": by, "outcome": "did_not_run", "external": None, "facts": {}}
        await findings.note(tx, attempt, reason="not in the list", **told)
    return run


async def excepted(house: House) -> RunId:
    spec = {"reason": "x", "until": "2099-01-01T00:00Z", "where": {"environments": ["staging"]}}
    freeze = (await call(house, "pat", "POST", "/freezes", title="x", owner="group:sre", spec=spec))["id"]
    run = await house.company.ask("ana", "1.1.0", "staging")
    await house.company.drive(run)
    until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for verdict in ("refuse", "grant"):
        one = (await call(house, "ana", "POST", f"/runs/{run}/exceptions", freeze=freeze, reason="cannot pay"))["id"]
        more = {"until": until} if verdict == "grant" else {}
        await call(house, "sam", "POST", f"/exceptions/{one}/decision", verdict=verdict, comment="so be it", **more)
    await call(house, "sam", "POST", f"/exceptions/{one}/revoke", reason="No, wait")
    await call(house, "pat", "DELETE", f"/freezes/{freeze}")
    return run


async def done_task(house: House) -> RunId:
    run = await house.company.ask("ana", "1.1.0", "staging", action="chore")
    await house.company.drive(run)
    (task,) = (await call(house, "sam", "GET", "/tasks?mine=true"))["items"]
    await call(house, "sam", "POST", f"/tasks/{task['id']}/complete", answers={}, words="green")
    await house.company.through(run)
    return run


async def stopped(house: House) -> RunId:
    """Rejected by one, and another stopped by who asked for it."""
    rejected = await house.company.ask("ana", "1.2.0", "production")
    approval = (await house.company.approvals(rejected))[-1]
    body = {"verdict": "reject", "digest": approval.digest, "comment": "not today"}
    await call(house, "sam", "POST", f"/approvals/{approval.id}/decision", **body)
    run = await house.company.ask("ana", "1.3.0", "production")
    await call(house, "ana", "POST", f"/runs/{run}/cancel", reason="the wrong one")
    return run


REWRITTEN = {
    "run.accepted": "UPDATE run SET comment = 'as planned' WHERE comment = 'it is down'",
    "decision.approve": "UPDATE decision SET comment = 'I warned you' WHERE comment = 'go'",
    "decision.reject": "UPDATE decision SET comment = '' WHERE comment = 'not today'",
    "approval.commented": "UPDATE approval_comment SET text = 'I do not'",
    "review.closed": "UPDATE review SET words = 'nothing' WHERE words = 'disk was full'",
    "exception.asked": "UPDATE freeze_exception SET reason = 'x' WHERE state = 'revoked'",
    "exception.granted": "UPDATE freeze_exception SET comment = 'x' WHERE state = 'revoked'",
    "exception.refused": "UPDATE freeze_exception SET comment = 'x' WHERE state = 'refused'",
    "exception.revoked": "UPDATE freeze_exception SET ended_why = NULL WHERE state = 'revoked'",
    "stop.begun": "UPDATE stop SET reason = 'a drill'",
    "stop.lifted": "UPDATE stop SET lifted_why = 'a drill is over'",
    "attempt.finding": "UPDATE finding SET reason = 'I have looked'",
    "task.done": "UPDATE task SET words = 'red'",
    "delegation.created": "UPDATE delegation SET reason = 'they made me'",
    "a comment is gone": "DELETE FROM approval_comment",
    "a reason where there was none": "UPDATE run SET comment = 'x' WHERE comment IS NULL",
}


async def test_the_audit_holds_with_all_that_was_said(world: House) -> None:
    async with world.store.read() as session:
        found = await verify(session, page=7)
        entries = (await session.scalars(select(AuditRow))).all()
    assert isinstance(found, Whole), found
    told = {one.action for one in entries if SAID in one.facts}
    assert WORDS.keys() - told == {"task.failed"}, "of each kind there is one here"
    assert told - WORDS.keys() == {"run.cancel_asked"}
    assert all(len(str(one.facts[SAID])) == 64 for one in entries if SAID in one.facts)


@pytest.mark.parametrize("what", REWRITTEN)
async def test_words_that_are_rewritten_in_the_database_are_found(world: House, what: str) -> None:
    kept = {"a comment is gone": "approval.commented", "a reason where there was none": "run.accepted"}
    async with AsyncSession(world.store.engine) as session:  # and rolled back
        changed = await session.execute(text(REWRITTEN[what]))
        assert getattr(changed, "rowcount", 0) > 0
        found = await verify(session)
        assert isinstance(found, Broken), found
        assert "not those that were said" in found.what
        acted = await session.scalar(select(AuditRow.action).where(AuditRow.n == found.n))
    assert acted == kept.get(what, what)


async def test_who_finds_something_else_out_later_has_not_rewritten_anything(world: House) -> None:
    async with AsyncSession(world.store.engine) as session:
        await session.execute(text("UPDATE finding SET reason = 'a second look', at = at + interval '1 hour'"))
        assert isinstance(await verify(session), Whole)


def change(part: str, column: str) -> Any:
    def forge(told: dict[str, Any]) -> None:
        rows = [told[part]] if part == "run" else told[part]
        assert any(row[column] for row in rows), f"nothing to forge in {part}"
        for row in rows:
            row[column] = "something else"

    return forge


FORGERIES: dict[str, tuple[str, Any]] = {
    "the reason of an emergency": ("glass", change("run", "comment")),
    "what was said with a decision": ("glass", change("decisions", "comment")),
    "a comment": ("glass", change("comments", "text")),
    "a review": ("glass", change("break_glass_reviews", "words")),
    "a finding": ("glass", change("findings", "reason")),
    "why an exception was asked for": ("except", change("freeze_exceptions", "reason")),
    "why an exception was granted": ("except", change("freeze_exceptions", "comment")),
    "why an exception was taken back": ("except", change("freeze_exceptions", "ended_why")),
    "what was said of a task": ("task", change("tasks", "words")),
    "why it was stopped": ("stopped", change("run", "cancel_reason")),
    "a comment that the audit knows nothing of": (
        "glass",
        lambda told: told["comments"].append({**told["comments"][0], "id": "n_x"}),
    ),
    "a decision at another time": (
        "glass",
        lambda told: told["decisions"][0].update(at="2020-01-01T00:00:00+00:00"),
    ),
}


@pytest.mark.parametrize("what", FORGERIES)
async def test_words_that_are_rewritten_in_evidence_are_found(world: House, what: str) -> None:
    """By somebody who has the key of the server: the audit in the file has the digest of what was said."""
    run, forge = FORGERIES[what]
    told = opened(await evidence_of(world, world.kept[run]), KEYS)
    assert failing(told) == []
    assert any("reasons and comments" in point.text for point in points(told, KEYS))
    forge(told)
    assert any("the audit has" in line for line in failing(opened(seal(told, SIGNER), KEYS)))


async def test_what_was_audited_before_words_were_bound_stays_verifiable(world: House) -> None:
    """Entries without a digest say nothing of words; the file is as good as it was."""
    told = opened(await evidence_of(world, world.kept["glass"]), KEYS)
    old = copy.deepcopy(told)
    for entry in old["audit"]["entries"]:
        entry["facts"].pop(SAID, None)
        entry["before"] = None  # its hash is another one, which is not what is looked at here
    old["audit"]["proof"] = []
    change("run", "comment")(old)
    assert failing(old) == []
    assert not any("reasons and comments" in point.text for point in points(old, KEYS))


def test_a_digest_is_of_the_words_alone_and_none_are_words_too() -> None:
    assert digest_of_words(None) == digest_of_words("") != digest_of_words(" ")
    assert digest_of_words("go") == digest_of_words("go")
