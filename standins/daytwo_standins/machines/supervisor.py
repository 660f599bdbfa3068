"""All applications of a root folder."""

import asyncio
import fcntl
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from daytwo_standins.machines.application import Application
from daytwo_standins.machines.config import EnvironmentName, MachinesConfig, ServiceName
from daytwo_standins.machines.errors import PortTaken, RootTaken
from daytwo_standins.machines.journal import Journal
from daytwo_standins.machines.layout import MOST, Place
from daytwo_standins.machines.probe import healthy


@dataclass(frozen=True, slots=True)
class Standing:
    """One application as it stood when the machines were ready."""

    environment: EnvironmentName
    service: ServiceName
    version: str | None
    url: str
    pid: int | None
    answers: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """The line on standard output; `ready` is false when an application that has a release does not answer."""

    ready: bool
    pid: int
    root: str
    applications: tuple[Standing, ...]

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@contextmanager
def sole_keeper(root: Path) -> Iterator[None]:
    """The root folder for this process alone; freed by the operating system when it dies. Raises RootTaken."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".machines.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RootTaken(root) from None
        yield


def applications(root: Path, config: MachinesConfig, journal: Journal) -> list[Application]:
    """Everything that the configuration names, not started yet. Raises PortTaken."""
    found = []
    for environment, service, machine in config.machines():
        place = Place(root, environment, service)
        _must_be_free(place.name, machine.port)
        place.folder.mkdir(parents=True, exist_ok=True)
        found += [Application(place, machine.port, config.timing, journal, number) for number in range(MOST)]
    return found


async def until_ready(running: Sequence[Application], *, root: Path, within: float) -> Ready:
    """Wait until each application that has a release answers, at most so many seconds."""
    standings = await asyncio.gather(*(_standing(one, within) for one in running if one.number == 0))
    ready = all(standing.answers for standing in standings if standing.version is not None)
    return Ready(ready=ready, pid=os.getpid(), root=str(root), applications=tuple(standings))


async def _standing(application: Application, within: float) -> Standing:
    place = application.place
    answers = await _answers(application, within)
    release = place.running()
    return Standing(
        environment=place.environment,
        service=place.service,
        version=release.name if release else None,
        url=f"http://127.0.0.1:{application.port}",
        pid=application.process.pid if application.process else None,
        answers=answers,
    )


async def _answers(application: Application, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            while application.place.running() is not None:
                if await healthy(application.port):
                    return True
                await asyncio.sleep(application.timing.poll_every.total_seconds())
    except TimeoutError:
        pass
    return False


def _must_be_free(name: str, port: int) -> None:
    with socket.socket() as listener:
        # as the applications do it: a port that only waits for late packets counts as free
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            raise PortTaken(name, port) from None
