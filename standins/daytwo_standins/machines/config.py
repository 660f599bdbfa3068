"""The configuration file of the machines."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, NewType

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from daytwo_standins.machines.errors import ConfigRejected

EnvironmentName = NewType("EnvironmentName", str)
ServiceName = NewType("ServiceName", str)

# A service's name is its folder and its Python package as well.
Name = StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
SettingName = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]
SettingValue = Annotated[str, StringConstraints(pattern=r"^[^\r\n]*$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Machine(_Frozen):
    """One service in one environment."""

    port: int = Field(ge=1, le=65535)
    settings: dict[SettingName, SettingValue] = {}


class Timing(_Frozen):
    """How patient the supervisor is; times in seconds, or as ISO 8601 durations."""

    poll_every: timedelta = timedelta(milliseconds=100)
    first_backoff: timedelta = timedelta(milliseconds=200)
    longest_backoff: timedelta = timedelta(seconds=10)
    healthy_after: timedelta = timedelta(seconds=5)  # a start that lives so long begins the backoff anew
    stop_within: timedelta = timedelta(seconds=5)  # from SIGTERM to SIGKILL
    ready_within: timedelta = timedelta(seconds=15)

    @model_validator(mode="after")
    def _sensible(self) -> "Timing":
        if not timedelta(milliseconds=10) <= self.poll_every <= self.stop_within:
            raise ValueError("poll_every is at least 0.01 and at most stop_within")
        if not timedelta(0) < self.first_backoff <= self.longest_backoff:
            raise ValueError("first_backoff is above 0 and at most longest_backoff")
        return self


class MachinesConfig(_Frozen):
    """All machines: environment → service → machine."""

    environments: dict[Annotated[EnvironmentName, Name], dict[Annotated[ServiceName, Name], Machine]]
    timing: Timing = Timing()

    @model_validator(mode="after")
    def _one_port_each(self) -> "MachinesConfig":
        ports = [machine.port for _, _, machine in self.machines()]
        if twice := sorted({port for port in ports if ports.count(port) > 1}):
            raise ValueError(f"each machine needs a port of its own; given twice: {twice}")
        return self

    def machines(self) -> Iterator[tuple[EnvironmentName, ServiceName, Machine]]:
        """Every machine, in the file's order."""
        for environment, services in self.environments.items():
            for service, machine in services.items():
                yield environment, service, machine

    def ports(self, service: ServiceName) -> dict[EnvironmentName, int]:
        """Where a service answers: the variable `PORTS` of its repository, before it becomes JSON."""
        return {environment: machine.port for environment, name, machine in self.machines() if name == service}


def load_config(file: Path) -> MachinesConfig:
    """Read a YAML (or JSON) file. Raises ConfigRejected with every fault."""
    try:
        return MachinesConfig.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as faults:
        lines = (f"  {'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg']}" for fault in faults.errors())
        raise ConfigRejected(file, "\n".join(lines)) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise ConfigRejected(file, f"  {problem}") from None
