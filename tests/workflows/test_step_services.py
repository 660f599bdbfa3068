"""Steps that call services: what is sent, how often, and what becomes of it when no answer comes."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import SHOP, open_company
from pydantic import SecretStr
from service_in_memory import LOST, REFUSED, ServiceInMemory, answer
from sqlalchemy import event
from stepping import Step, Stepping, dispatch

from daytwo_store import entities
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.entities import EVERYTHING
from daytwo_store.settings import StoreSettings
from daytwo_store.states import AttemptState, RunState
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life.claim_attempt import claim
from daytwo_workflows.life.interventions import Finding, cancel, resolve
from daytwo_workflows.secret_sources.local import FromEnvironment
from daytwo_workflows.secret_sources.source import SecretSource

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)
SOON = timedelta(seconds=6)  # within the time that is given to finding out


@pytest.fixture
def pager() -> ServiceInMemory:
    return ServiceInMemory()


@pytest.fixture
async def stepping(database_url: str, tmp_path: Path, pager: ServiceInMemory) -> AsyncIterator[Stepping]:
    clock = GivenClock(datetime.now(UTC))
    store = Store(StoreSettings(url=SecretStr(database_url), pool_size=4), clock=clock)
    company = await open_company(store)
    company.life = replace(company.life, services={"pager": pager})
    yield Stepping(company, clock, tmp_path)
    await store.close()


def page(*, method: str = "POST", **more: object) -> Step:
    inside = {"service": "pager", "method": method, "path": "/incidents", "body": {"of": "${{ entity.name }}"}}
    if method == "GET":
        del inside["body"]
    own = {key: more.pop(key) for key in ("headers", "expect", "probe", "body") if key in more}
    return {"id": "page", "uses": "http", "with": {**inside, **own}, **more}


async def state(stepping: Stepping, run: object) -> str:
    return (await stepping.company.run(run)).state  # type: ignore[arg-type]  # a run's id


async def test_a_request_is_sent_once_and_its_declared_results_flow_on(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    pager.says = lambda _: answer(201, id="P1", token="hidden")
    number = {"id": {"type": "string"}}
    run = await stepping.run(
        page(outputs=number), dispatch("ship", inputs={"incident": "${{ steps.page.outputs.id }}"})
    )
    assert [(call.method, call.path, json.loads(call.body or b"")) for call in pager.calls] == [
        ("POST", "/incidents", {"of": "shop"})
    ]
    assert json.loads(stepping.company.ci.ledger[0].body)["inputs"]["incident"] == "P1"
    assert (await stepping.steps(run))[0].outputs == {"id": "P1"}


async def test_the_catalog_is_read_to_judge_an_answer_only_where_the_expectation_names_it(stepping: Stepping) -> None:
    def note(_: object, __: object, statement: str, *___: object) -> None:
        if " FROM entity " in statement.replace("\n", " "):
            read.append(statement)

    read: list[str] = []
    counts = []
    for expect in ("${{ response.status < 300 }}", "${{ response.status < 300 and entity.name == 'shop' }}"):
        run = await stepping.ask(page(expect=expect))
        event.listen(stepping.company.store.engine.sync_engine, "before_cursor_execute", note)
        await stepping.company.drive(run)
        event.remove(stepping.company.store.engine.sync_engine, "before_cursor_execute", note)
        assert await state(stepping, run) == RunState.SUCCEEDED
        counts.append(len(read))
        read.clear()
    assert counts[0] < counts[1]


async def test_what_is_approved_anew_is_what_is_sent(stepping: Stepping, pager: ServiceInMemory) -> None:
    company = stepping.company
    body = {"of": "${{ entity.properties.repository }}"}
    run = await stepping.run(page(body=body), approval=[{"from": ["group:sre"]}])
    await company.decide("sam", run)
    async with company.store.write() as tx:
        shop = await entities.get(tx.session, SHOP, sees=EVERYTHING)
        assert shop is not None
        await entities.upsert(tx, replace(shop, properties={**shop.properties, "repository": "acme/new"}), by="test:x")
    await stepping.on(run)
    assert (await state(stepping, run), pager.calls) == (RunState.WAITING_APPROVAL, [])
    await company.decide("sam", run)
    await stepping.on(run)
    assert [json.loads(call.body or b"") for call in pager.calls] == [{"of": "acme/new"}]
    assert await state(stepping, run) == RunState.SUCCEEDED


async def test_a_ci_system_that_does_not_answer_holds_up_its_own_branch_alone(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    run = await stepping.ask(dispatch("ship", needs=[]), page(method="GET", needs=[]))
    stepping.company.ci.down = True
    await stepping.on(run)
    assert (stepping.sent(), len(pager.calls)) == ([], 1)
    assert await stepping.states(run) == {"ship": "running", "page": "succeeded"}
    stepping.company.ci.down = False
    await stepping.on(run, later=MINUTE)
    assert stepping.sent() == ["ship"]


@pytest.mark.parametrize("says", [LOST, answer(502), answer(408)], ids=["silence", "502", "408"])
async def test_what_is_once_waits_for_a_person_when_nobody_knows(
    stepping: Stepping, pager: ServiceInMemory, says: object
) -> None:
    pager.says = lambda _: says  # type: ignore[assignment, return-value]  # one of the two kinds of answer
    run = await stepping.run(page(), dispatch("ship"))
    await stepping.on(run, later=5 * MINUTE)
    row = await stepping.company.run(run)
    assert (row.state, len(pager.calls), stepping.sent()) == (RunState.NEEDS_ATTENTION, 1, [])
    assert "It is not sent again by itself" in (row.reason or "")


@pytest.mark.parametrize(("outcome", "calls"), [("ran", 1), ("did_not_run", 2)])
async def test_a_person_says_whether_it_happened(
    stepping: Stepping, pager: ServiceInMemory, outcome: str, calls: int
) -> None:
    pager.says = lambda number: LOST if number == 0 else answer()
    run = await stepping.run(page(), dispatch("ship"))
    await stepping.on(run, later=5 * MINUTE)
    [attempt] = await stepping.company.attempts(run)
    finding = Finding(
        run=run,
        path=attempt.path,  # type: ignore[arg-type]  # a step's path
        no=attempt.no,  # type: ignore[arg-type]  # an attempt's number
        outcome=outcome,  # type: ignore[arg-type]  # one of the two
        external=None,
        by=await stepping.company.person("sam"),
        reason="looked there",
    )
    assert await resolve(stepping.company.life, finding)
    await stepping.on(run)
    assert (len(pager.calls), stepping.sent()) == (calls, ["ship"])


async def test_what_is_idempotent_is_sent_again_with_the_same_key(stepping: Stepping, pager: ServiceInMemory) -> None:
    pager.says = lambda number: LOST if number < 2 else answer()
    run = await stepping.run(page(effect="idempotent"))
    for _ in range(3):
        await stepping.on(run, later=SOON)
    keys = {call.headers["Idempotency-Key"] for call in pager.calls}
    assert (len(pager.calls), len(keys), await state(stepping, run)) == (3, 1, RunState.SUCCEEDED)
    assert len(await stepping.company.attempts(run)) == 1


@pytest.mark.parametrize("happened", [True, False])
async def test_what_is_checkable_is_looked_for(stepping: Stepping, pager: ServiceInMemory, happened: bool) -> None:
    windows = stepping.company.life.windows.model_copy(update={"give_up_looking": 15 * MINUTE})
    stepping.company.life = replace(stepping.company.life, windows=windows)
    probe = {"path": "/incidents?of=shop", "done": "${{ response.body.there }}"}
    pager.says = lambda number: LOST if number == 0 else answer(there=happened)
    run = await stepping.run(page(effect="checkable", probe=probe))
    for _ in range(3):  # absence is believed when what was sent may no longer be on its way
        await stepping.on(run, later=SOON if happened else MINUTE)
    methods = [call.method for call in pager.calls]
    assert methods == (["POST", "GET"] if happened else ["POST", "GET", "POST"])
    assert await state(stepping, run) == RunState.SUCCEEDED


async def test_a_worker_that_dies_while_it_sends_leaves_what_nobody_knows(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    pager.says = _dies
    with pytest.raises(ConnectionAbortedError):
        await stepping.run(page())
    run = (await _attempt(stepping)).run_id
    pager.says = lambda _: answer()
    await stepping.on(run)  # type: ignore[arg-type]  # a run's id
    assert len(pager.calls) == 1
    await stepping.on(run, later=10 * MINUTE)  # type: ignore[arg-type]  # a run's id
    assert (len(pager.calls), await state(stepping, run)) == (1, RunState.NEEDS_ATTENTION)


async def test_of_two_workers_one_sends(stepping: Stepping, pager: ServiceInMemory) -> None:
    pager.says = lambda _: REFUSED
    run = await stepping.run(page())
    [attempt] = await stepping.company.attempts(run)
    assert attempt.state == AttemptState.REJECTED
    assert not await claim(stepping.company.life, attempt)


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (422, 1), (302, 1)])
async def test_a_clear_no_fails_the_step(stepping: Stepping, pager: ServiceInMemory, status: int, tries: int) -> None:
    pager.says = lambda _: answer(status)
    run = await stepping.run(page(), dispatch("ship"))
    row = await stepping.company.run(run)
    assert (row.state, len(pager.calls), stepping.sent()) == (RunState.FAILED, tries, [])
    assert f"pager answered {status}" in (row.reason or "")


async def test_a_known_failure_is_tried_again_as_it_says(stepping: Stepping, pager: ServiceInMemory) -> None:
    pager.says = lambda number: answer(422 if number == 0 else 200)
    run = await stepping.run(page(effect="idempotent", retry={"attempts": 2, "wait": "1m"}))
    await stepping.on(run, later=2 * MINUTE)
    assert (len(pager.calls), await state(stepping, run)) == (2, RunState.SUCCEEDED)


async def test_a_secret_leaves_and_stands_nowhere(
    stepping: Stepping, pager: ServiceInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAGER_TOKEN", 'top"secret-value')
    pager.secrets = {"pager": "secret://env/PAGER_TOKEN"}
    source = SecretSource({"env": FromEnvironment()})
    stepping.company.life = replace(stepping.company.life, source=source)
    token = "${{ secrets.pager }}"
    run = await stepping.run(page(headers={"Authorization": f"Token {token}"}, body={"key": token}))
    [call] = pager.calls
    assert call.headers["Authorization"] == 'Token top"secret-value'
    assert json.loads(call.body or b"") == {"key": 'top"secret-value'}
    [attempt] = await stepping.company.attempts(run)
    [step] = await stepping.steps(run)
    kept = f"{attempt.request} {attempt.body.decode()} {step.given} {(await stepping.company.run(run)).plan}"
    assert "secret-value" not in kept
    assert await state(stepping, run) == RunState.SUCCEEDED


async def test_a_read_is_asked_again_until_its_time_is_over(stepping: Stepping, pager: ServiceInMemory) -> None:
    pager.says = lambda _: LOST
    run = await stepping.run(page(method="GET", timeout="2m"))
    await stepping.on(run, later=MINUTE)
    assert (len(pager.calls), await state(stepping, run)) == (2, RunState.RUNNING)
    await stepping.on(run, later=MINUTE)
    row = await stepping.company.run(run)
    assert (row.state, "no complete answer" in (row.reason or "")) == (RunState.FAILED, True)


async def test_a_stop_does_not_hide_what_nobody_knows(stepping: Stepping, pager: ServiceInMemory) -> None:
    pager.says = lambda _: LOST
    run = await stepping.run(page(effect="idempotent"))
    by = await stepping.company.person("ana")
    await cancel(stepping.company.store, run, by=by, reason="", force=False)
    await stepping.on(run, later=MINUTE)
    assert (await state(stepping, run), len(pager.calls)) == (RunState.NEEDS_ATTENTION, 1)


def check(until: str = "${{ response.body.ok }}", **more: object) -> Step:
    get = {"service": "pager", "path": "/health?of=${{ entity.name }}"}
    return {"id": "healthy", "uses": "check", "with": {"get": get, "until": until, "every": "1m", **more}}


async def test_a_check_has_to_hold_without_a_break(stepping: Stepping, pager: ServiceInMemory) -> None:
    pager.says = lambda number: answer(ok=number not in (0, 2))
    run = await stepping.run(check(stable="2m"), dispatch("ship"))
    for minute in range(1, 5):  # no, yes, no, yes, yes
        await stepping.on(run, later=MINUTE)
        assert (minute, stepping.sent()) == (minute, [])
    await stepping.on(run, later=MINUTE)  # yes for two minutes
    assert (len(pager.calls), stepping.sent()) == (6, ["ship"])
    assert pager.calls[0].path == "/health?of=shop"
    assert "the condition holds" in ((await stepping.steps(run))[0].note or "")


async def test_what_a_check_saw_at_last_can_be_used_and_what_is_missing_in_it_fails_it(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    pager.says = lambda number: answer(ok=number > 0, version=f"1.{number}", secret="not declared")
    found = {**check(), "outputs": {"version": {"type": "string"}}}
    ship = dispatch("ship")
    ship["with"]["inputs"] = {"version": "${{ steps.healthy.outputs.version }}"}
    run = await stepping.run(found, ship)
    await stepping.on(run, later=MINUTE)
    assert stepping.sent() == ["ship"]
    [healthy, _] = await stepping.steps(run)
    assert healthy.outputs == {"version": "1.1"}
    assert json.loads(stepping.company.ci.ledger[-1].body)["inputs"]["version"] == "1.1"
    pager.says = lambda _: answer(ok=True)
    run = await stepping.run(found, ship)
    await stepping.on(run)
    row = await stepping.company.run(run)
    assert (row.state, "It held, but its results are other ones" in (row.reason or "")) == (RunState.FAILED, True)
    assert stepping.sent() == ["ship"]


@pytest.mark.parametrize(
    ("until", "says", "said"),
    [
        ("${{ response.body.ok }}", LOST, "pager did not answer: no complete answer"),
        ("${{ response.body.ok }}", answer(503), "cannot be worked out"),
        ("${{ response.body.ok }}", answer(ok="yes"), "neither true nor false"),
        ("${{ response.status == 204 }}", answer(200), "does not hold"),
    ],
)
async def test_a_check_that_does_not_hold_in_time_says_what_it_saw(
    stepping: Stepping, pager: ServiceInMemory, until: str, says: object, said: str
) -> None:
    pager.says = lambda _: says  # type: ignore[assignment, return-value]  # one of the two kinds of answer
    run = await stepping.run({**check(until), "timeout": "10m"})
    await stepping.on(run, later=11 * MINUTE)
    row = await stepping.company.run(run)
    assert (row.state, said in (row.reason or "")) == (RunState.FAILED, True), row.reason


async def _attempt(stepping: Stepping) -> AttemptRow:
    from sqlalchemy import select

    async with stepping.company.store.read() as session:
        return (await session.scalars(select(AttemptRow))).one()


def _dies(_: int) -> object:  # type: ignore[misc]  # it never answers
    raise ConnectionAbortedError
