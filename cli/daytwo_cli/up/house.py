"""The whole house: every part of `daytwo up`, wired in one place."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self

from daytwo_cli.up import argo, github, gitlab, oidc, record
from daytwo_cli.up.backends import Backends
from daytwo_cli.up.company import Company, find_examples, settle
from daytwo_cli.up.errors import PartFailed
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.part import Part, Program
from daytwo_cli.up.ports import PortBook
from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_cli.up.probes import ask
from daytwo_cli.up.product import Product
from daytwo_cli.up.sign_in import SignIn
from daytwo_cli.up.standin import Kind, StandIn, contract, place, program
from daytwo_cli.up.supervisor import Supervisor
from daytwo_cli.up.temporal import EmbeddedTemporal

_CONNECTIONS: Final[Mapping[Kind, Callable[[StandIn], dict[str, Any]]]] = MappingProxyType(
    {Kind.GITHUB: github.connection, Kind.GITLAB: gitlab.connection, Kind.ARGO: argo.connection}
)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody asked for on the command line."""

    data: Path
    port: int = 0
    workers: int = 1
    webhooks: bool = True
    profile: str = "default"
    examples: Path | None = None
    backends: Backends = field(default_factory=Backends)
    sign_in: SignIn = SignIn.PEOPLE


class House:
    """Everything that runs on one data folder. Build it with `House.plan`; `running` starts and stops it."""

    def __init__(
        self, folder: DataFolder, product: Product, company: Company, standins: Mapping[Kind, StandIn]
    ) -> None:
        self.folder = folder
        self.product = product
        self.company = company
        self.standins = standins
        self.parts: list[Part] = []
        self.left_out = ""  # what was wished for and cannot be had here, as a sentence

    @property
    def ci(self) -> StandIn:
        """GitHub's, on which the story is played."""
        return self.standins[Kind.GITHUB]

    @classmethod
    def plan(cls, wish: Wish, folder: DataFolder) -> Self:
        """Choose ports, write configurations, list the parts. Nothing is started."""
        ports = PortBook(folder / "ports.json")
        postgres = EmbeddedPostgres(folder / "postgres", log=folder.log("postgres"))
        temporal = EmbeddedTemporal(folder / "temporal", port=ports.port("temporal"), log=folder.log("temporal"))
        product = Product(
            folder=folder,
            database_url=postgres.url,
            temporal_address=temporal.address,
            api_port=ports.port("api", wanted=wish.port),
            profile=wish.profile,
        )
        company = settle(folder, (wish.examples or find_examples()).resolve(), ports)
        kinds = [kind for kind in Kind if kind in wish.backends.kinds]
        house = cls(folder, product, company, {kind: place(kind, folder, ports) for kind in kinds})
        house.left_out = wish.backends.left_out
        connections = {str(kind): _CONNECTIONS[kind](standin) for kind, standin in house.standins.items()}
        provider = oidc.place(folder, ports) if wish.sign_in is SignIn.OIDC else None
        product.configure(
            company.definitions(kinds),
            connections,
            services=company.addresses(),
            oidc=oidc.settings(provider) if provider is not None else None,
        )
        standins = [house._stand_in(one, webhooks=wish.webhooks) for one in house.standins.values()]
        workers = [product.worker(number) for number in range(1, wish.workers + 1)]
        house.parts = [postgres, temporal, company.build(), product.migrations(), *standins, company.servers()]
        if provider is not None:
            house.parts.append(oidc.program(folder, provider, oidc.config(company, provider, page=product.page)))
        house.parts += [product.api(after=[oidc.NAME] if provider is not None else []), *workers]
        return house

    def _stand_in(self, standin: StandIn, *, webhooks: bool) -> Program:
        webhook = self.product.webhook(standin.kind) if webhooks else None
        match standin.kind:
            case Kind.GITHUB:
                config = github.config(self.company, standin, webhook, daytwo=self.product.page)
            case Kind.GITLAB:
                config = gitlab.config(self.company, standin, webhook, daytwo=self.product.page)
            case Kind.ARGO:
                config = argo.config(self.company, standin, daytwo=self.product.page)
        return program(self.folder, standin, config)

    @asynccontextmanager
    async def running(self, say: Callable[[str], None]) -> AsyncIterator[Supervisor]:
        """Start everything, and stop it at the end, whatever happens in between. Raises PartFailed."""
        supervisor = Supervisor(self.parts, say=say, changed=lambda: self._write(supervisor))
        try:
            await supervisor.start()
            await asyncio.to_thread(self._wait_for_the_whole)
            self._write(supervisor)
            yield supervisor
        finally:
            await supervisor.stop()
            self._write(supervisor)

    def people(self) -> list[str]:
        """Who can sign in, as sentences."""
        status, body = ask(f"{self.product.page}/api/v1/session")
        found = json.loads(body)["choices"] if status == HTTPStatus.OK else []
        return [f"{choice['title']} ({choice['name']}): {choice['about']}" for choice in found]

    def contracts(self) -> list[str]:
        """Whether the stand-ins hold requests and answers against the vendors' descriptions, a sentence each."""
        return [contract(self.folder, kind) for kind in self.standins]

    def _wait_for_the_whole(self, *, seconds: float = 60) -> None:
        """Each process is up; now they have to find each other. Raises PartFailed that names what is missing."""
        deadline, missing = time.monotonic() + seconds, "no answer"
        while time.monotonic() < deadline:
            status, body = ask(f"{self.product.page}/readyz")
            if status == HTTPStatus.OK:
                return
            missing = _missing(body)
            time.sleep(0.05)
        raise PartFailed("Daytwo", f"is not ready after {seconds:.0f} s ({missing})", log=self.folder.log("api"))

    def _write(self, supervisor: Supervisor) -> None:
        controls = {f"{kind}_control": standin.control for kind, standin in self.standins.items()}
        facts = {"data": str(self.folder.root), **controls}
        record.write(
            self.folder.processes, page=self.product.page, parts=self.parts, restarts=supervisor.restarts, facts=facts
        )


def _missing(readiness: bytes) -> str:
    """What /readyz complains of."""
    try:
        return "; ".join(
            f"{part['name']}: {part['detail']}" for part in json.loads(readiness)["parts"] if not part["ok"]
        )
    except (ValueError, KeyError, TypeError):
        return "no answer"
