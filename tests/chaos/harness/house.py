"""The house of `daytwo up` on the yard, with handles on every process. Windows are those of DAYTWO_PROFILE=test."""

import contextlib
import dataclasses
import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self

import httpx
import psutil
from tests.chaos.harness.accepted import Control
from tests.chaos.harness.bounds import Sampler
from tests.chaos.harness.edges import OUR_API, OUR_WORKER, Edges
from tests.chaos.harness.logs import Logs
from tests.chaos.harness.loop import LoopThread
from tests.chaos.harness.parts import Gated
from tests.chaos.harness.person import Journal
from tests.chaos.harness.proxy import PostgresProxy
from tests.chaos.harness.systems import PLENTY, System, github, more, tokens
from tests.chaos.harness.yard import EXECUTORS

from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.house import House, Wish
from daytwo_cli.up.part import Part, Program
from daytwo_cli.up.supervisor import Patience, Supervisor
from daytwo_standins.shared.control import ControlClient
from daytwo_standins.shared.testing import assert_described

WORKER: Final = OUR_WORKER
API: Final = OUR_API
TEMPORAL: Final = "Temporal"
POSTGRES: Final = "PostgreSQL"
CI: Final = "GitHub stand-in"
SERVICES: Final = (POSTGRES, TEMPORAL, CI, API, WORKER)
_SKEWED: Final = Path(__file__).with_name("skewed")
_EAGER: Final = Patience(first=0.05, longest=0.5, held=1)


class ChaosHouse:
    """Build it with `plan`; `with` it to have it run. What is killed is started again by the real supervisor."""

    def __init__(
        self,
        house: House,
        loop: LoopThread,
        edges: Edges,
        parts: list[Part],
        systems: Sequence[System],
    ) -> None:
        self.house = house
        self.systems = {system.name: system for system in systems}
        self.edges = edges
        self._loop = loop
        pids = house.folder / "pids"
        pids.mkdir(exist_ok=True)
        self.parts = {part.name: Gated(part, pids / f"{part.name}.pid") for part in parts}
        self.supervisor = self._supervise()
        self.log = house.folder.log("supervisor")
        self.logs = Logs(self.data / "logs")

    @classmethod
    def plan(
        cls,
        data: Path,
        examples: Path,
        *,
        environment: Mapping[str, str] | None = None,
        clocks: Mapping[str, int] | None = None,
        profile: str = "test",
        proxied: bool = True,
        systems: Sequence[str] = (),
    ) -> Self:
        """Everything is configured, nothing runs. `environment` is added to that of GitHub's stand-in. `clocks` says by
        how many seconds the clock of a process is ahead.

        `systems` are those beside GitHub: "gitlab", "argo".
        """
        house = House.plan(Wish(data=data, examples=examples, profile=profile), DataFolder.create(data))
        _set_executors(house)
        added, programs = more(house, systems)
        house.parts += programs
        loop = LoopThread("chaos")
        loop.loop.set_default_executor(ThreadPoolExecutor(32))
        edges = Edges.between(house, loop) if proxied else Edges(database={}, temporal={})
        edges.lead_deliveries(house)
        told = {CI: dict(environment or {})}
        for name, ahead in (clocks or {}).items():
            told.setdefault(name, {}).update(PYTHONPATH=str(_SKEWED), DAYTWO_CLOCK_AHEAD=str(ahead))
        parts = [_told(edges.place(part, house), told) for part in _kept(house)]
        return cls(house, loop, edges, parts, [github(house), *added])

    def __enter__(self) -> Self:
        try:
            self._loop.run(self.supervisor.start(), seconds=150)
            self.wait_ready(seconds=150)  # how fast it starts is measured elsewhere
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close()
        if kind is None:
            assert_described(*(self.data / name for name in self.systems))

    def close(self) -> None:
        """Stop everything; harmless when that was done before."""
        if self._loop.loop.is_closed():
            return
        for part in self.parts.values():
            part.gate.set()
        self._loop.run(self.supervisor.stop(), seconds=120)
        self.edges.close()
        self._loop.close()

    def _supervise(self) -> Supervisor:
        return Supervisor(list(self.parts.values()), say=self._say, patience=_EAGER)

    def _say(self, line: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{time.time():.3f} {line}\n")

    def start_in_order(self, names: Sequence[str]) -> None:
        """In place of `with`: each process is begun when the one before it runs, whether that is ready or not."""
        for name in names:
            self.parts[name].after = ("repositories",) if name == CI else ()
            self.parts[name].gate.clear()
        opening = threading.Thread(target=self._open, args=(names,))
        opening.start()
        try:
            self.__enter__()
        finally:
            opening.join()

    def _open(self, names: Sequence[str]) -> None:
        for name in names:
            self.let_up(name)

    # What is where

    @property
    def proxies(self) -> Mapping[str, PostgresProxy]:
        """In front of PostgreSQL, by process."""
        return self.edges.database

    @property
    def page(self) -> str:
        return self.house.product.page

    @property
    def database_url(self) -> str:
        """Past the proxies."""
        return self.house.product.database_url

    @property
    def data(self) -> Path:
        return self.house.folder.root

    def control(self, system: str = "github") -> Control:
        """A new client of a stand-in's control interface."""
        return Control(self.systems[system].control)

    def pid(self, name: str) -> int:
        child = self.parts[name].child
        assert child is not None
        return child.pid

    def pidfile(self, name: str) -> str:
        return str(self.parts[name].pidfile)

    def secrets(self) -> dict[str, str]:
        """What the product is given in files, by their names: tokens of connections, keys, secrets of webhooks."""
        found = {}
        for file in sorted((self.data / "secrets").rglob("*")):
            if file.is_file():
                with contextlib.suppress(UnicodeDecodeError):
                    found[f"the secret {file.name}"] = file.read_text().strip()
        return found

    def sampler(self, journal: Journal) -> Sampler:
        """Looks at what its processes take. Close it."""
        folders = {"logs": self.data / "logs", "Temporal's file": self.data / "temporal"}
        return Sampler({name: Path(self.pidfile(name)) for name in (API, WORKER)}, folders, journal)

    # What is done to it

    def kill(self, name: str) -> None:
        """SIGKILL, for PostgreSQL and Temporal with everything that they started. It comes back by itself."""
        child = self.parts[name].child
        assert child is not None
        if name not in (POSTGRES, TEMPORAL):
            child.send(signal.SIGKILL)
        else:
            child.kill()

    def pause(self, name: str) -> None:
        """SIGSTOP: it takes connections and answers nothing, until `resume`."""
        self._signal(name, signal.SIGSTOP)

    def resume(self, name: str) -> None:
        """SIGCONT; harmless for what was not paused."""
        self._signal(name, signal.SIGCONT)

    def _signal(self, name: str, number: signal.Signals) -> None:
        if not self.parts[name].up:
            return
        process = psutil.Process(self.pid(name))
        family = process.children(recursive=True) if name in (POSTGRES, TEMPORAL) else []
        for one in (process, *family):
            with contextlib.suppress(psutil.NoSuchProcess):
                one.send_signal(number)

    def killer(self, name: str) -> Callable[[], None]:
        return lambda: self.kill(name)

    @contextlib.contextmanager
    def second_worker(self) -> Iterator[None]:
        """Another worker beside the first, past all proxies, as long as this is open."""
        other = self.house.product.worker(2)
        try:
            other.start()
            yield
        finally:
            other.stop()

    def take_down(self, *names: str) -> None:
        """Kill and hold down."""
        for name in names:
            self.parts[name].gate.clear()
        for name in names:
            self.kill(name)

    def bring_up(self, *names: str) -> None:
        """Let it come back, and wait for that."""
        before = {name: self.parts[name].starts for name in names}
        for name in names:
            self.parts[name].gate.set()
        until(lambda: all(self.parts[name].starts > before[name] for name in names), f"{names} to come back")

    def let_up(self, name: str) -> None:
        """Let it come back, and wait only for its process: it may need others to be ready."""
        self.parts[name].gate.set()
        until(lambda: self.parts[name].up, f"the process of {name}")

    def restarts(self, name: str) -> int:
        return self.supervisor.restarts[name]

    def wait_ready(self, *, seconds: float = 60) -> None:
        """Until /readyz says so and the worker runs."""
        until(self._ready, "the house to be ready", seconds=seconds)

    def temporal_serves(self) -> bool:
        """Whether its process is up and takes connections."""
        with socket.socket() as probe:
            return self.parts[TEMPORAL].up and probe.connect_ex(("127.0.0.1", self._temporal_port)) == 0

    @property
    def _temporal_port(self) -> int:
        return int(self.house.product.temporal_address.rpartition(":")[2])

    def _ready(self) -> bool:
        if not all(self.parts[name].up for name in (*SERVICES, *self._stand_ins())):
            return False
        try:
            return httpx.get(f"{self.page}/readyz", timeout=5, trust_env=False).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def calm(self) -> None:
        """No fault and no trap is left, everything runs."""
        self.edges.heal()
        for part in self.parts.values():
            part.gate.set()
        for name in self.parts:
            self.resume(name)
        until(lambda: all(self.parts[name].up for name in self._stand_ins()), "the stand-ins to run")
        for name in self.systems:
            with self.control(name) as control:
                until(lambda control=control: _cleared(control), "the faults to be lifted")  # type: ignore[misc]
        self.wait_ready()

    def _stand_ins(self) -> list[str]:
        return [system.part for system in self.systems.values()]


def until(look: Callable[[], object], what: str, *, seconds: float = 60, every: float = 0.05) -> None:
    """Poll until it is true. Raises AssertionError with `what` was waited for."""
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for {what}")
        time.sleep(every)


def _cleared(control: ControlClient) -> bool:
    try:
        control.clear_faults()
    except httpx.HTTPError:
        return False
    return True


def _kept(house: House) -> Sequence[Part]:
    return [part for part in house.parts if part.name != "machines"]


def _told(part: Part, variables: Mapping[str, Mapping[str, str]]) -> Part:
    """Each gets its further variables."""
    if part.name in variables and isinstance(part, Program):
        part.command = dataclasses.replace(part.command, env={**part.command.env, **variables[part.name]})
    return part


def _set_executors(house: House) -> None:
    file = house.folder / "github.json"
    config = json.loads(file.read_text())
    for repository in config["repositories"]:
        name = repository["full_name"].partition("/")[2]
        repository["executor"] = EXECUTORS[name]
        if name == "real":
            repository["archives"] = "bomb"  # what it leaves as a result is one: its run has to end as it ended
    config["tokens"] = tokens(house, house.ci, type="Bot")
    config["rate_limit"] = PLENTY
    file.write_text(json.dumps(config, indent=1))
