"""The worker process: `daytwo serve worker`, or `python -m daytwo_workflows`."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from functools import partial

import structlog
from temporalio.client import Client
from temporalio.service import RPCError

from daytwo_actions.backends.http.reading import Observe
from daytwo_store import core_dumps, migrate, whereabouts
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError
from daytwo_store.event_loop import loop_factory
from daytwo_store.logging import configure_logging
from daytwo_workflows.client import Driver
from daytwo_workflows.core_logs import forward_core_logs
from daytwo_workflows.fitness import must_be_fit
from daytwo_workflows.life.questions import answer_questions
from daytwo_workflows.life.spending import Spending
from daytwo_workflows.poker import Poker
from daytwo_workflows.scheduler import Scheduler
from daytwo_workflows.secret_care import SecretCare, must_have_keys
from daytwo_workflows.secret_files import SettingsRejected
from daytwo_workflows.settings import Settings
from daytwo_workflows.sweeper import Sweeper
from daytwo_workflows.wiring import build_backends, build_life, build_notifier, build_seal
from daytwo_workflows.worker import create_worker

log = structlog.get_logger()
_PAUSE = timedelta(seconds=1)
_MEANWHILE = "Until then this worker drives no run, and none is lost; it is looked for every second."


async def serve(settings: Settings, stop: asyncio.Event, *, observe: Observe) -> None:
    """Work until `stop` is set: finish what is at hand within 20 s, give back the rest."""
    store = Store(settings.store)
    spending: dict[str, Spending] = {}
    source = settings.source(store)
    backends = build_backends(settings, source, observe, spending, store)
    life = build_life(settings, store, backends, source, spending)
    try:
        seal, notifier = build_seal(settings, store), build_notifier(settings, store, life.sender)
        client = await _connect(settings, store, stop)
        if client is None:
            return
        await must_have_keys(store, life.keys)
        driver = Driver(client)
        sweeper = Sweeper(
            store=store,
            driver=driver,
            windows=life.windows,
            connections=sorted(backends),
            name=life.sender,
            seal=seal,
            answer=partial(answer_questions, life),
            secrets=SecretCare(store=store, keys=life.keys, retention=settings.secret_retention),
        )
        async with create_worker(client, life):
            log.info("worker.ready", address=settings.temporal_address)
            poker = Poker(store, driver)
            store.on_poke = poker.offer
            scheduler = Scheduler(life=life, name=life.sender)
            loops = (sweeper.run(), poker.run(), notifier.run(), scheduler.run())
            beside = [*map(asyncio.create_task, loops)]
            await stop.wait()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
        log.info("worker.stopped")
    finally:
        for backend in backends.values():
            backend.close()
        await store.close()


async def _database(store: Store) -> None:
    """Wait for a database whose schema is ours."""
    while True:
        try:
            if await migrate.is_current(store):
                return
            log.warning("worker.waits", part="migrations", detail="run: daytwo migrate")
        except DaytwoError as error:
            url = store.settings.url.get_secret_value()
            detail = whereabouts.absent(url, error, meanwhile=_MEANWHILE)
            log.warning("worker.waits", part="database", address=whereabouts.place_of(url), detail=detail)
        await asyncio.sleep(_PAUSE.total_seconds())


async def _temporal(settings: Settings) -> Client:
    while True:
        try:
            return await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)
        except (RPCError, RuntimeError, OSError) as error:
            detail = (
                f"Temporal at {settings.temporal_address} does not answer ({type(error).__name__}), or has no "
                f"namespace {settings.temporal_namespace}. {_MEANWHILE} Start it, or correct DAYTWO_TEMPORAL_ADDRESS "
                "and DAYTWO_TEMPORAL_NAMESPACE."
            )
            log.warning("worker.waits", part="temporal", address=settings.temporal_address, detail=detail)
        await asyncio.sleep(_PAUSE.total_seconds())


async def _connect(settings: Settings, store: Store, stop: asyncio.Event) -> Client | None:
    """The database, then Temporal; None when it is stopped first."""

    async def both() -> Client:
        await _database(store)
        return await _temporal(settings)

    waiting, stopping = asyncio.create_task(both()), asyncio.create_task(stop.wait())
    done, pending = await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return waiting.result() if waiting in done else None


def _observe(operation: str, status: int | None, seconds: float, remaining: int | None) -> None:
    log.debug("backend.request", what=operation, status=status, seconds=round(seconds, 3), count=remaining)


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(one, stop.set)
    await serve(settings, stop, observe=_observe)


def run() -> None:
    """The whole process. Leaves by `os._exit`: the SDK's native threads sometimes abort an orderly exit."""
    code = 0
    core_dumps.forbid()
    try:
        settings = Settings.read(os.environ)
        must_be_fit(settings, os.environ)
        configure_logging(process="worker", level=settings.log_level)
        forward_core_logs()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_main(settings))
    except SettingsRejected as rejected:
        sys.stderr.write(f"{rejected.detail}\n")
        code = 2
    except Exception:
        log.exception("worker.died")
        code = 1
    sys.stderr.flush()
    os._exit(code)
