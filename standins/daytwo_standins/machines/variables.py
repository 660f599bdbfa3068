"""What the workflows of the example repositories must be told about the machines."""

import json
import sys
from pathlib import Path

from daytwo_standins.machines.config import MachinesConfig, ServiceName


def variables(root: Path, service: ServiceName, *, config: MachinesConfig) -> dict[str, str]:
    """The repository variables (`vars.*`) of a service's repository."""
    return {
        "ENVIRONMENTS_ROOT": str(root.resolve()),
        "PORTS": json.dumps(config.ports(service)),
        "PYTHON": sys.executable,
    }
