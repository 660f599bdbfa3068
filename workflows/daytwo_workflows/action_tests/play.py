"""A test from its beginning to its end."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from daytwo_actions.action_tests.load import LoadedTests
from daytwo_actions.action_tests.model import ActionTest, Choices, Do
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_actions.services.door import ServiceCall
from daytwo_store.errors import DaytwoError
from daytwo_store.keyring import Keys, derived
from daytwo_store.states import Verdict
from daytwo_workflows.action_tests.compare import Difference, inside
from daytwo_workflows.action_tests.going import NotThere, Stuck
from daytwo_workflows.action_tests.looking import after, before
from daytwo_workflows.action_tests.pipelines import Pipelines
from daytwo_workflows.action_tests.scene import PAGE, WINDOWS, Scene, told
from daytwo_workflows.action_tests.services import Answering, SaidSecrets, named_secrets
from daytwo_workflows.action_tests.stage import KINDS, Stage
from daytwo_workflows.client import Driver
from daytwo_workflows.life.context import Life
from daytwo_workflows.secret_sources.source import SecretSource
from daytwo_workflows.worker import create_worker

MONDAY: Final = datetime(2026, 1, 12, 9, tzinfo=UTC)
_WRONG: Final = (DaytwoError, NotThere, Stuck, BackendDenied, BackendUnreachable)


@dataclass(frozen=True, kw_only=True, slots=True)
class Played:
    """What came of one test. `trouble`: it could not be played to its end, and why."""

    file: Path
    line: int
    name: str
    seconds: float
    differences: list[Difference] = field(default_factory=list)
    trouble: str | None = None

    @property
    def passed(self) -> bool:
        return not self.differences and self.trouble is None


async def play(stage: Stage, loaded: LoadedTests, number: int) -> Played:
    """Play one test of a file. Raises what loading the company's files raises."""
    test, began = loaded.model.spec.tests[number], time.monotonic()
    found: list[Difference] = []
    trouble = None
    try:
        await _play(stage, loaded, test, number, found)
    except _WRONG as error:
        trouble = told(error) if isinstance(error, DaytwoError) else str(error)
    return Played(
        file=loaded.file,
        line=loaded.line(number),
        name=test.name,
        seconds=time.monotonic() - began,
        differences=found,
        trouble=trouble,
    )


async def _play(stage: Stage, loaded: LoadedTests, test: ActionTest, number: int, found: list[Difference]) -> None:
    spec, given = loaded.model.spec, loaded.given(test)
    stage.server.rests.clear()
    async with stage.store(loaded.folders, spec.connections, given.clock or MONDAY) as (store, clock):
        scenes: list[Scene] = []
        choices = given.choices or {}
        pipelines = {
            name: Pipelines(
                name=name,
                kind=kind,
                now=clock.now,
                outcomes=lambda corr: scenes[0].outcome(corr),
                choices=choices.get(name, Choices()),
            )
            for name, kind in {**KINDS, **spec.connections}.items()
        }
        calls: list[tuple[str, ServiceCall]] = []
        named = await named_secrets(store)
        services = {name: Answering(name, answers, calls, named) for name, answers in (given.services or {}).items()}
        life = Life(
            store=store,
            backends=pipelines,
            windows=WINDOWS,
            marker_key=b"a test's markers",
            services=services,
            source=SecretSource({"env": SaidSecrets()}),
            keys=Keys.of(derived(b"t" * 32)),
            fingerprint_key=b"f" * 32,
            public_url=PAGE,
        )
        queue = f"{loaded.file.name}-{number}-{id(store)}"
        scene = Scene(
            server=stage.server,
            store=store,
            clock=clock,
            life=life,
            driver=Driver(stage.server.client, queue),
            pipelines=pipelines,
            calls=calls,
            given=given,
        )
        scenes.append(scene)
        try:
            async with create_worker(stage.server.client, life, task_queue=queue):
                await scene.prepare()
                await scene.play_before()
                await _acts(scene, test, spec.action, found)
        finally:
            await scene.stop()
            for ci in pipelines.values():
                ci.close()


async def _acts(scene: Scene, test: ActionTest, action: str, found: list[Difference]) -> None:
    found += await before(scene, test.expect, action)
    await scene.ask(action)
    if scene.run is not None:
        await scene.settle()
        for at, one in enumerate(test.do):
            found += await _do(scene, one, at)
    found += await after(scene, test.expect)


async def _do(scene: Scene, one: Do, number: int) -> list[Difference]:
    """One thing that happens, and what comes of it."""
    at = f"do[{number}]"
    if one.expect is not None:
        return [_at(at, difference) for difference in await after(scene, one.expect)]
    if one.passes is not None:
        await scene.let_pass(one.passes)
        return []
    if one.push is not None:
        for ci in scene.pipelines.values():
            ci.push(one.push)
        return []
    if one.event is not None:
        await scene.event(one.event.source, one.event.key, one.event.payload)
        await scene.settle()
        return []
    act, refused = _act(scene, one)
    said: str | None = None
    try:
        await act()
    except (DaytwoError, NotThere) as error:
        if refused is None:
            raise
        said = told(error) if isinstance(error, DaytwoError) else str(error)
    await scene.settle()
    return [] if refused is None else inside(f"{at}.refused", refused, said)


def _at(place: str, one: Difference) -> Difference:
    return Difference(at=f"{place}.{one.at}", expected=one.expected, seen=one.seen)


def _act(scene: Scene, one: Do) -> tuple[Callable[[], Awaitable[None]], str | None]:
    """What somebody does, and the words with which it has to be refused."""
    if (said := one.approve or one.reject) is not None:
        verdict = Verdict.APPROVE if one.approve is not None else Verdict.REJECT
        return lambda: scene.decide(said.by, verdict, said.comment, said.answers), said.refused
    if (task := one.complete) is not None:
        return lambda: scene.complete(task.step, task.by, task.answers, task.words), task.refused
    if (hopeless := one.give_up) is not None:
        return lambda: scene.give_up(hopeless.step, hopeless.by, hopeless.words), hopeless.refused
    if (stop := one.cancel) is not None:
        return lambda: scene.cancel(stop.by, stop.reason), stop.refused
    if (back := one.undo) is not None:
        return lambda: scene.undo(back.by, back.reason), back.refused
    if (longer := one.extend) is not None:
        length = longer.lasts
        if length is None:
            raise NotThere("`extend` needs `for`: how long it lasts, from now.")
        return lambda: scene.extend(longer.step, longer.by, length), longer.refused
    early = one.give_back
    assert early is not None, "an entry is one thing"
    return lambda: scene.give_back(early.step, early.by), early.refused
