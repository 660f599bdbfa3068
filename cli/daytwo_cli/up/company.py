"""The example company on this machine: its repositories, its servers, and its catalog with the addresses of here.

The company's files name fixed ports. Several houses may run on one machine, so each gets ports of its own, and the
catalog's files are copied with the addresses changed. Its actions are read where they are.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from daytwo_cli.errors import CliError
from daytwo_cli.up.child import Command
from daytwo_cli.up.environment import inherited, python
from daytwo_cli.up.folder import DataFolder
from daytwo_cli.up.part import Errand, Program
from daytwo_cli.up.ports import PortBook
from daytwo_cli.up.probes import announced
from daytwo_standins.machines.config import EnvironmentName, MachinesConfig, ServiceName, load_config
from daytwo_standins.machines.variables import variables

OWNER = "acme"


@dataclass(frozen=True, slots=True)
class Company:
    """The example company, placed in a data folder by `settle`."""

    folder: DataFolder
    examples: Path
    machines: MachinesConfig

    def definitions(self, backends: Iterable[str] = ()) -> list[Path]:
        """Folders with catalog and action files; those of further CI systems only where these run."""
        further = [self.examples / "backends" / backend / "actions" for backend in backends]
        catalog = self.folder / "company" / "catalog"
        ours = [self.examples / name for name in ("actions", "runbooks") if (self.examples / name).is_dir()]
        return [catalog, *ours, *(folder for folder in further if folder.is_dir())]

    @property
    def environments(self) -> Path:
        """Where the applications are installed."""
        return self.folder / "machines"

    @property
    def services(self) -> list[ServiceName]:
        return sorted({service for _, service, _ in self.machines.machines()})

    def repository(self, service: ServiceName) -> Path:
        return self.folder / "repositories" / OWNER / service

    def variables(self, service: ServiceName) -> dict[str, str]:
        """Repository variables that the pipelines read."""
        return variables(self.environments, service, config=self.machines)

    def application(self, service: str, environment: str) -> str:
        """Where an application answers."""
        return f"http://127.0.0.1:{self.machines.ports(ServiceName(service))[EnvironmentName(environment)]}"

    def addresses(self) -> dict[str, str]:
        """Of all applications, as `shop-production`: where it answers."""
        return {
            f"{service}-{environment}": f"http://127.0.0.1:{machine.port}"
            for environment, service, machine in self.machines.machines()
        }

    def build(self) -> Errand:
        """The part that makes the git repositories; those of before stay."""
        return Errand(
            Command(
                name="repositories",
                argv=python(self.examples / "build.py", self.folder / "repositories"),
                log=self.folder.log("repositories"),
                env=inherited(),
            ),
            advice="git has to be installed. Repositories that somebody changed are left alone: move them away.",
        )

    def servers(self) -> Program:
        """The part that keeps the applications running."""
        config, said = self.folder / "machines.json", self.folder / "machines.said"
        where: list[str | Path] = [
            "--root",
            self.environments,
            "--config",
            config,
            "--repositories",
            self.folder / "repositories" / OWNER,
        ]
        return Program(
            Command(
                name="machines",
                argv=python("-m", "daytwo_standins.machines", *where),
                log=self.folder.log("machines"),
                announcement=said,
                env=inherited(),
            ),
            ready=lambda _: announced(said),
            after=["repositories"],
        )


def settle(folder: DataFolder, examples: Path, ports: PortBook) -> Company:
    """Write the machines' configuration and the catalog with ports of here. Raises CliError if there is no company."""
    if not (examples / "machines.yaml").exists():
        raise CliError(
            f"There is no example company in {examples}. Run this in a checkout of Daytwo, or give its folder by "
            "--examples. For a company of your own, start the processes one by one (daytwo migrate, daytwo serve api, "
            "daytwo serve worker), with the variables that docs/reference/settings.md names."
        )
    before = load_config(examples / "machines.yaml")
    after = _with_ports(before, ports)
    (folder / "machines.json").write_text(json.dumps(after.model_dump(mode="json"), indent=1))
    _copy_catalog(examples / "catalog", folder / "company" / "catalog", addresses=_addresses(before, after))
    return Company(folder, examples, after)


def find_examples() -> Path:
    """The example company of this checkout."""
    return Path(__file__).resolve().parents[3] / "examples"


def _with_ports(config: MachinesConfig, ports: PortBook) -> MachinesConfig:
    return config.model_copy(
        update={
            "environments": {
                environment: {
                    service: machine.model_copy(update={"port": ports.port(f"{service} in {environment}")})
                    for service, machine in services.items()
                }
                for environment, services in config.environments.items()
            }
        }
    )


def _addresses(before: MachinesConfig, after: MachinesConfig) -> dict[str, str]:
    pairs = zip(before.machines(), after.machines(), strict=True)
    return {f"127.0.0.1:{old.port}/": f"127.0.0.1:{new.port}/" for (_, _, old), (_, _, new) in pairs}


def _copy_catalog(source: Path, target: Path, *, addresses: Mapping[str, str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for left in target.iterdir():
        left.unlink()
    for file in sorted(source.glob("*.yaml")):
        (target / file.name).write_text(_translated(file.read_text(), addresses))


def _translated(text: str, addresses: Mapping[str, str]) -> str:
    """All at once: a new port may be the old one of another machine."""
    for number, old in enumerate(addresses):
        text = text.replace(old, f"\0{number}\0")
    for number, new in enumerate(addresses.values()):
        text = text.replace(f"\0{number}\0", new)
    return text
