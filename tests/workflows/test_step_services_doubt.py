"""A request of which nobody knows what came of it: who may send it again or look for it, and when."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from company import open_company
from pydantic import SecretStr
from service_in_memory import LOST, ServiceInMemory, answer
from stepping import Step, Stepping, dispatch

from daytwo_store import freezes, runs
from daytwo_store.clock import GivenClock
from daytwo_store.engine import Store
from daytwo_store.errors import NotFound
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.settings import StoreSettings
from daytwo_store.states import AttemptState, RunState
from daytwo_workflows.life import http_act
from daytwo_workflows.life.acting import act
from daytwo_workflows.life.interventions import cancel

pytestmark = pytest.mark.anyio
PAGE, FIRST = StepPath("page"), AttemptNo(1)
MINUTE, SOON = timedelta(minutes=1), timedelta(seconds=6)
PROBE = {"path": "/incidents?of=shop", "done": "${{ response.status == 200 }}"}
FAR = 999_999_999_999.0  # seconds; as many digits as are read


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


def page(effect: str, **more: object) -> Step:
    own: Step = {key: more.pop(key) for key in ("headers", "expect", "probe", "path") if key in more}
    if effect == "checkable":
        own.setdefault("probe", PROBE)
    inside: Step = {"service": "pager", "method": "POST", "path": "/incidents", "body": {"of": "shop"}, **own}
    return {"id": "page", "uses": "http", "effect": effect, "with": inside, **more}


async def broken_off(stepping: Stepping, pager: ServiceInMemory, step: Step, **spec: object) -> RunId:
    """A run whose request left, and whose worker died before the answer was written down."""

    def dies(_: int) -> object:
        raise ConnectionAbortedError

    run = await stepping.ask(step, **spec)  # type: ignore[arg-type]  # as `run` has them
    pager.says = dies  # type: ignore[assignment]  # it never answers
    with pytest.raises(ConnectionAbortedError):
        await stepping.company.drive(run)
    pager.says = lambda _: answer()
    assert (await stepping.company.attempts(run))[0].state == AttemptState.SENT
    return run


@pytest.mark.parametrize("effect", ["once", "idempotent", "checkable"])
async def test_an_activity_that_is_tried_again_sends_nothing_while_somebody_may_be_sending(
    stepping: Stepping, pager: ServiceInMemory, effect: str
) -> None:
    run = await broken_off(stepping, pager, page(effect))
    await act(stepping.company.life, run, PAGE, FIRST)
    assert [call.method for call in pager.calls] == ["POST"]
    assert (await stepping.company.attempts(run))[0].state == AttemptState.SENT


async def test_what_is_once_is_held_and_never_sent_again_whoever_asks(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    run = await broken_off(stepping, pager, page("once"))
    stepping.clock.moment += 10 * MINUTE
    await act(stepping.company.life, run, PAGE, FIRST)
    await act(stepping.company.life, run, PAGE, FIRST)
    assert (len(pager.calls), (await stepping.company.run(run)).state) == (1, RunState.NEEDS_ATTENTION)


@pytest.mark.parametrize("status", [409, 425, 429])
async def test_a_no_to_the_second_says_nothing_of_the_first(
    stepping: Stepping, pager: ServiceInMemory, status: int
) -> None:
    pager.says = lambda number: (LOST, answer(status), answer(status))[number] if number < 3 else answer()
    run = await stepping.run(page("idempotent"))
    await stepping.on(run, later=SOON)
    [attempt] = await stepping.company.attempts(run)
    assert (attempt.state, len(pager.calls)) == (AttemptState.AMBIGUOUS, 2)
    for _ in range(2):
        await stepping.on(run, later=SOON)
    assert (len(pager.calls), (await stepping.company.run(run)).state) == (4, RunState.SUCCEEDED)


@pytest.mark.parametrize("status", [400, 401, 404, 422])
async def test_a_no_that_will_be_the_same_the_next_time_is_not_asked_for_again(
    stepping: Stepping, pager: ServiceInMemory, status: int
) -> None:
    pager.says = lambda number: answer(status) if number else LOST
    run = await stepping.run(page("idempotent"))
    for _ in range(5):
        await stepping.on(run, later=SOON)
    [attempt] = await stepping.company.attempts(run)
    assert (attempt.state, len(pager.calls)) == (AttemptState.HELD, 2)
    row = await stepping.company.run(run)
    assert row.state == RunState.NEEDS_ATTENTION
    assert f"answered {status} to the same request sent again" in (row.reason or "")


async def test_what_nobody_answers_is_asked_ever_less_often(stepping: Stepping, pager: ServiceInMemory) -> None:
    pager.says = lambda _: LOST
    company = stepping.company
    windows = company.life.windows.model_copy(update={"give_up_looking": timedelta(minutes=15)})
    company.life = replace(company.life, windows=windows)
    run = await stepping.run(page("idempotent"))
    for _ in range(16 * 60):
        await stepping.on(run, later=timedelta(seconds=1))
        if (await company.run(run)).state == RunState.NEEDS_ATTENTION:
            break
    assert 10 <= len(pager.calls) <= 25


async def test_what_a_service_may_still_carry_out_is_not_absent(stepping: Stepping, pager: ServiceInMemory) -> None:
    """It took the request, has not answered, and does it later than the first look."""
    company = stepping.company
    windows = company.life.windows.model_copy(update={"listing_lag": 2 * MINUTE, "give_up_looking": 15 * MINUTE})
    company.life = replace(company.life, windows=windows)
    there = False

    def says(number: int) -> object:
        call = pager.calls[number]
        return LOST if call.method == "POST" else answer(200 if there else 404)

    pager.says = says  # type: ignore[assignment]  # both are results
    run = await stepping.run(page("checkable"))
    await stepping.on(run, later=SOON)
    assert [call.method for call in pager.calls] == ["POST", "GET"]
    assert [one.state for one in await company.attempts(run)] == [AttemptState.AMBIGUOUS]
    there = True
    await stepping.on(run, later=MINUTE)
    assert ([call.method for call in pager.calls], (await company.run(run)).state) == (
        ["POST", "GET", "GET"],
        RunState.SUCCEEDED,
    )


@pytest.mark.parametrize("says", [[429], ["lost", 429]], ids=["first", "again"])
async def test_nobody_waits_longer_than_the_step_may_take(
    stepping: Stepping, pager: ServiceInMemory, says: list[object]
) -> None:
    refusal = replace(answer(429), retry_after=FAR)
    pager.says = lambda number: LOST if says[number] == "lost" else refusal
    run = await stepping.run(page("idempotent", timeout="2m"))
    for _ in says[1:]:
        await stepping.on(run, later=SOON)
    [attempt] = await stepping.company.attempts(run)
    assert attempt.retry_at is not None
    assert attempt.retry_at <= stepping.clock.moment + 2 * MINUTE


@pytest.mark.parametrize("why", ["stop", "cancel", "lock"])
async def test_a_repeat_passes_the_fence(stepping: Stepping, pager: ServiceInMemory, why: str) -> None:
    run = await broken_off(stepping, pager, page("idempotent"), lock="shop/${{ inputs.environment.name }}")
    stepping.clock.moment += 3 * MINUTE
    company = stepping.company
    by = await company.person("pat")
    if why == "stop":
        async with company.store.write() as tx:
            await freezes.stop(tx, by=by, reason="The network is on fire")
    elif why == "cancel":
        await cancel(company.store, run, by=by, reason="", force=False)
    else:
        await take_its_lock(stepping, run)
    await act(company.life, run, PAGE, FIRST)
    assert len(pager.calls) == 1


async def test_without_its_lock_what_nobody_knows_is_a_persons_matter(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    pager.says = lambda _: LOST
    run = await stepping.run(page("idempotent"), lock="shop/${{ inputs.environment.name }}")
    await take_its_lock(stepping, run)
    await stepping.on(run, later=SOON)
    row = await stepping.company.run(run)
    assert (len(pager.calls), row.state) == (1, RunState.NEEDS_ATTENTION)
    assert "was not sent" not in (row.reason or "")


async def take_its_lock(stepping: Stepping, run: RunId) -> None:
    async with stepping.company.store.write() as tx:
        row = await runs.hold(tx, run)
        row.lock_taken_at, row.lock_taken_why = tx.now, "it hangs"


async def test_nothing_leaves_after_its_time(stepping: Stepping, pager: ServiceInMemory) -> None:
    life = stepping.company.life
    stepping.company.life = replace(life, windows=life.windows.model_copy(update={"send_total": timedelta(0)}))
    run = await stepping.run(page("once"))
    [attempt] = await stepping.company.attempts(run)
    assert (pager.calls, attempt.state) == ([], AttemptState.REJECTED)
    assert "its time was over" in (attempt.note or "")


async def test_the_provider_of_secrets_is_asked_before_anything_is_claimed(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    pager.secrets = {"pager": "secret://env/NOT_THERE"}
    run = await stepping.run(page("once", headers={"X-Token": "${{ secrets.pager }}"}))
    [attempt] = await stepping.company.attempts(run)
    assert (pager.calls, attempt.state, attempt.sent_at) == ([], AttemptState.ABANDONED, None)


async def test_a_ci_system_that_does_not_answer_is_waited_for(stepping: Stepping, pager: ServiceInMemory) -> None:
    run = await stepping.ask(page("once"), dispatch("ship"))
    stepping.company.ci.down = True
    await stepping.on(run, later=SOON)
    assert (pager.calls, (await stepping.company.run(run)).state) == ([], RunState.RUNNING)
    assert "it is tried again by itself" in ((await stepping.steps(run))[0].note or "")
    stepping.company.ci.down = False
    await stepping.on(run, later=MINUTE)
    assert (len(pager.calls), stepping.sent()) == (1, ["ship"])


async def test_what_was_done_and_cannot_be_judged_does_not_fail(
    stepping: Stepping, pager: ServiceInMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> object:
        raise NotFound("There is no service:shop.")

    monkeypatch.setattr(http_act, "context_now", gone)
    run = await stepping.run(page("once", expect="${{ response.body.of == entity.name }}"))
    await stepping.on(run)
    assert (len(pager.calls), (await stepping.company.run(run)).state) == (1, RunState.NEEDS_ATTENTION)


async def test_a_service_that_is_gone_from_the_settings_denies_nothing_that_was_sent(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    run = await broken_off(stepping, pager, page("once"))
    stepping.company.life = replace(stepping.company.life, services={})
    stepping.clock.moment += 10 * MINUTE
    await act(stepping.company.life, run, PAGE, FIRST)
    assert (await stepping.company.run(run)).state == RunState.NEEDS_ATTENTION


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_who_could_not_look_has_not_found_it_absent(
    stepping: Stepping, pager: ServiceInMemory, status: int
) -> None:
    pager.says = lambda number: LOST if number == 0 else answer(status)
    run = await stepping.run(page("checkable", headers={"X-Team": "web"}))
    await stepping.on(run, later=SOON)
    assert [call.method for call in pager.calls] == ["POST", "GET"]
    assert pager.calls[1].headers == {"X-Team": "web"}
    [attempt] = await stepping.company.attempts(run)
    assert attempt.state == AttemptState.AMBIGUOUS


@pytest.mark.parametrize("path", ["@evil.example/x", ".evil.example/", "/a/%2e%2e/b", "/a/../b", "/a\\b", "/a%0ab"])
@pytest.mark.parametrize("uses", ["http", "check"])
async def test_what_a_path_has_become_is_looked_at_before_anything_is_sent(
    stepping: Stepping, pager: ServiceInMemory, path: str, uses: str
) -> None:
    step: Step = page("once", path=f"${{{{ run.id[0:0] ~ {json.dumps(path)} }}}}")
    if uses == "check":
        get = {"service": "pager", "path": step["with"]["path"]}
        step = {"id": "page", "uses": "check", "with": {"get": get, "until": "${{ true }}"}}
    run = await stepping.run(step)
    row = await stepping.company.run(run)
    assert (pager.calls, row.state) == ([], RunState.FAILED)
    assert "The path of a request" in (row.reason or "")


async def test_a_probe_asks_for_what_its_expressions_say(stepping: Stepping, pager: ServiceInMemory) -> None:
    probe = {
        "path": "/incidents?of=${{ entity.name | urlencode }}&run=${{ run.id }}",
        "done": "${{ response.body.on }}",
    }
    pager.says = lambda number: LOST if number == 0 else answer(on=True)
    run = await stepping.run(page("checkable", probe=probe))
    await stepping.on(run, later=SOON)
    assert [(call.method, call.path) for call in pager.calls] == [
        ("POST", "/incidents"),
        ("GET", f"/incidents?of=shop&run={run}"),
    ]
    assert (await stepping.company.run(run)).state == RunState.SUCCEEDED


async def test_a_probe_that_would_lead_elsewhere_is_known_before_anything_is_sent(
    stepping: Stepping, pager: ServiceInMemory
) -> None:
    probe = {"path": "${{ '@evil.example/' ~ entity.name }}", "done": "${{ response.body.on }}"}
    run = await stepping.run(page("checkable", probe=probe))
    assert (pager.calls, (await stepping.company.run(run)).state) == ([], RunState.FAILED)
