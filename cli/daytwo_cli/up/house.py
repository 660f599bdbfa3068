"""The whole house: every part of `daytwo up`, wired in one place."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Self

from daytwo_cli.up import github, record
from daytwo_cli.up.company import Company, find_examples, settle
from daytwo_cli.up.errors import PartFailed
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.part import Part
from daytwo_cli.up.ports import PortBook
from daytwo_cli.up.postgres import EmbeddedPostgres
from daytwo_cli.up.probes import ask
from daytwo_cli.up.product import Product
from daytwo_cli.up.supervisor import Supervisor
from daytwo_cli.up.temporal import EmbeddedTemporal


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody asked for on the command line."""

    data: Path
    port: int = 0
    workers: int = 1
    webhooks: bool = True
    profile: str = "default"
    examples: Path | None = None


class House:
    """Everything that runs on one data folder. Build it with `House.plan`; `running` starts and stops it."""

    def __init__(self, folder: DataFolder, product: Product, company: Company, ci: github.GitHub) -> None:
        self.folder = folder
        self.product = product
        self.company = company
        self.ci = ci
        self.parts: list[Part] = []

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
        company = settle(folder, wish.examples or find_examples(), ports)
        house = cls(folder, product, company, github.place(folder, ports))
        product.configure(company.definitions, house.ci)
        stand_in = github.part(folder, company, house.ci, webhook=product.webhook if wish.webhooks else None)
        workers = [product.worker(number) for number in range(1, wish.workers + 1)]
        house.parts = [postgres, temporal, company.build(), product.migrations(), stand_in, company.servers()]
        house.parts += [product.api(), *workers]
        return house

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
        facts = {"data": str(self.folder.root), "github_control": self.ci.control}
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
