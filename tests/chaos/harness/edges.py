"""The edges of a house: who speaks to whom, each through a proxy of ours, and how the processes are told.

Seven: API and worker to PostgreSQL and to Temporal, deliveries and people to the API; the one from worker and API to
the CI systems is troubled by the stand-ins themselves.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from tests.chaos.harness.edge import TcpProxy
from tests.chaos.harness.loop import LoopThread
from tests.chaos.harness.proxy import PostgresProxy

from daytwo_cli.up.house import House
from daytwo_cli.up.part import Part
from daytwo_cli.up.postgres import EmbeddedPostgres

OUR_WORKER: Final = "worker"
OUR_API: Final = "API"
_WITH_WEBHOOKS: Final = ("github", "gitlab")


@dataclass(frozen=True, kw_only=True)
class Edges:
    """By the process that asks. Without proxies all are empty."""

    database: Mapping[str, PostgresProxy]
    temporal: Mapping[str, TcpProxy]
    hooks: TcpProxy | None = None  # deliveries of the CI systems
    people: TcpProxy | None = None  # nobody's way but of those who choose it

    @classmethod
    def between(cls, house: House, loop: LoopThread) -> Self:
        """In front of everything that the house will have."""
        product = house.product
        postgres = next(part for part in house.parts if isinstance(part, EmbeddedPostgres))
        temporal = int(product.temporal_address.rpartition(":")[2])
        return cls(
            database={name: PostgresProxy(loop, Path(postgres.address)) for name in (OUR_API, OUR_WORKER)},
            temporal={name: TcpProxy(loop, temporal) for name in (OUR_API, OUR_WORKER)},
            hooks=TcpProxy(loop, product.api_port),
            people=TcpProxy(loop, product.api_port),
        )

    def place(self, part: Part, house: House) -> Part:
        """API and worker reach PostgreSQL and Temporal through their proxies."""
        if part.name not in self.database:
            return part
        product = dataclasses.replace(
            house.product,
            database_url=self.database[part.name].url,
            temporal_address=self.temporal[part.name].address,
        )
        return product.api() if part.name == OUR_API else product.worker(1)

    def lead_deliveries(self, house: House) -> None:
        """The stand-ins are told to send them through ours."""
        for kind in _WITH_WEBHOOKS:
            file = house.folder / f"{kind}.json"
            if self.hooks is None or not file.exists():
                continue
            config = json.loads(file.read_text())
            for hook in config["webhooks"]:
                hook["url"] = hook["url"].replace(house.product.page, f"http://{self.hooks.address}")
            file.write_text(json.dumps(config, indent=1))

    def heal(self) -> None:
        """All of them carry everything, at once, both ways; no trap is left."""
        for proxy in self.database.values():
            proxy.clear()
        for edge in self._wires():
            edge.heal()

    def close(self) -> None:
        for edge in (*self.database.values(), *self._wires()):
            edge.close()

    def _wires(self) -> Iterator[TcpProxy]:
        yield from self.temporal.values()
        yield from (edge for edge in (self.hooks, self.people) if edge is not None)
