"""The API process: `daytwo serve api`, or `python -m daytwo_api`.

It listens at once and says in /readyz what is missing: while PostgreSQL or Temporal is away it waits, and answers 503
or accepts what it can. Files of the company that cannot be loaded end it: they need a person.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Final

import structlog
import uvicorn

from daytwo_actions.backends.failures import BackendUnreachable
from daytwo_actions.backends.wire.provider import ProviderUnusable
from daytwo_api.app import create_app
from daytwo_api.door import door
from daytwo_api.fitness import must_be_fit
from daytwo_api.services.wiring import Services, build_services
from daytwo_api.settings import ApiSettings
from daytwo_store import core_dumps, migrate, whereabouts
from daytwo_store.engine import Store
from daytwo_store.errors import DaytwoError, Unavailable
from daytwo_store.event_loop import loop_factory
from daytwo_store.logging import configure_logging
from daytwo_workflows.company import load_company
from daytwo_workflows.core_logs import forward_core_logs
from daytwo_workflows.editors import last_edits
from daytwo_workflows.lazy import lazy_driver
from daytwo_workflows.secret_care import must_have_keys
from daytwo_workflows.secret_files import SettingsRejected
from daytwo_workflows.services_entry import allowed_there, with_token

log = structlog.get_logger()

_PAUSE: Final = 1.0  # seconds between two looks for the database
_MEANWHILE: Final = (
    "Until then every request is answered with 503 and nothing is accepted; it is looked for every second."
)
_GRACE: Final = 5  # seconds for requests that are being answered when the process is told to stop
_UNREAD: Final = 30_000  # milliseconds after which a connection whose other end takes nothing is closed (tcp(7))


class Server(uvicorn.Server):
    """Signals are ours, so that live pages are let go before the rest is waited for."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: ApiSettings) -> None:
    """Serve until a signal. Raises `SettingsRejected`, and `DaytwoError` for files that cannot be loaded."""
    store = Store(settings.store)
    try:
        services = build_services(settings, store, await lazy_driver(settings))
        try:
            await meet_provider(services)
            await _serve(services)
        finally:
            if services.sign_in.provider is not None:
                services.sign_in.provider.close()
            for backend in services.backends.values():
                backend.close()
    finally:
        await store.close()


async def meet_provider(services: Services) -> None:
    """Raises `SettingsRejected` when nobody could sign in through the identity provider as it is now."""
    provider = services.sign_in.provider
    if provider is None:
        return
    try:
        await provider.discover()
    except BackendUnreachable as error:
        raise SettingsRejected(
            f"{error.detail} Nothing was started. Look whether `oidc.issuer` is right and answers, and start again."
        ) from None
    except ProviderUnusable as error:
        raise SettingsRejected(
            f"Nobody could sign in through the identity provider {provider.client.issuer}: {error}. Nothing was "
            "started. Set it up there, or change `oidc` in the settings."
        ) from None
    log.info("sign_in.provider_known", address=provider.client.issuer)


async def _serve(services: Services) -> None:
    listening = _listen(services.settings)
    server = Server(_config(services))
    stopping = _stop_on_signal(server, services)
    tasks = [
        asyncio.create_task(part)
        for part in (services.listener.run(), services.poker.run(), services.rechecks.run(), _load(services))
    ]
    for task in tasks:
        task.add_done_callback(lambda task: None if _succeeded(task) else stopping())
    log.info("api.listens", address="{}:{}".format(*listening.getsockname()[:2]))
    try:
        await server.serve(sockets=[listening])
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        log.info("api.stopped")
    for end in ends:  # why it was stopped, unless that was a signal
        if isinstance(end, Exception):
            raise end


def _succeeded(task: "asyncio.Task[None]") -> bool:
    return task.cancelled() or task.exception() is None


async def _load(services: Services) -> None:
    """Wait for a database whose schema is ours, load the company's files, and go on looking at policy and people."""
    settings, store = services.settings, services.store
    while True:
        try:
            if await migrate.is_current(store):
                await must_have_keys(store, settings.keys())
                kinds = {name: backend.traits.kind for name, backend in services.backends.items()}
                await load_company(
                    store,
                    settings.company,
                    kinds,
                    backends=services.backends,
                    admins=settings.admins,
                    services=allowed_there(settings.services),
                    sources=settings.events.keys(),
                    tokens=with_token(settings.services),
                    last_edits=last_edits,
                    policy_wanted=settings.sign_in != "people",
                )
                services.loading.done = True
                log.info("api.ready")
                break
            log.warning("api.waits", part="migrations", detail="run: daytwo migrate")
        except Unavailable as error:
            url = settings.database_url.get_secret_value()
            detail = whereabouts.absent(url, error, meanwhile=_MEANWHILE)
            log.warning("api.waits", part="database", address=whereabouts.place_of(url), detail=detail)
        await asyncio.sleep(_PAUSE)
    await services.watch.run()


def _listen(settings: ApiSettings) -> socket.socket:
    """Raises `SettingsRejected` when the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.api_host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNREAD)
        listening.bind((settings.api_host, settings.api_port))
    except OSError as error:
        listening.close()
        raise SettingsRejected(
            f"Nothing can listen on {settings.api_host}:{settings.api_port} ({os.strerror(error.errno or 0)}). Nothing "
            "was started. Choose another DAYTWO_API_PORT, or stop what has this one."
        ) from None
    listening.listen(1024)
    return listening


def _config(services: Services) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(services),
        http=door(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=65,
        timeout_graceful_shutdown=_GRACE,
    )


def _stop_on_signal(server: Server, services: Services) -> Callable[[], None]:
    def stop() -> None:
        server.force_exit = server.should_exit  # told twice
        server.should_exit = True
        services.live.close()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    return stop


def run() -> None:
    """The whole process. Leaves by `os._exit`: Temporal's native threads sometimes abort an orderly exit."""
    code = 0
    core_dumps.forbid()
    try:
        configure_logging(process="api")
        settings = ApiSettings.read(os.environ)
        must_be_fit(settings, os.environ)
        configure_logging(process="api", level=settings.log_level)
        forward_core_logs()
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(serve(settings))
    except DaytwoError as error:
        log.warning("api.refused", error=error.type)
        sys.stderr.write(f"{error.detail}\n")
        code = 2
    except Exception:
        log.exception("api.died")
        code = 1
    sys.stderr.flush()
    os._exit(code)
