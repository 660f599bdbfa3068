"""What can be wrong before the machines start.

MachinesError
├── ConfigRejected      the configuration file
├── RootTaken           another process keeps the same folder running
├── PortTaken           a port of the configuration is in use
└── ReleaseMissing      a first release could not be installed
"""

from pathlib import Path


class MachinesError(Exception):
    """The machines did not start; nothing was left running."""


class ConfigRejected(MachinesError):
    """The configuration cannot be used."""

    def __init__(self, file: Path, problems: str) -> None:
        super().__init__(f"{file} cannot be used, no machine was started. Correct it and start again:\n{problems}")
        self.file = file


class RootTaken(MachinesError):
    """Two supervisors of one folder would start everything twice."""

    def __init__(self, root: Path) -> None:
        super().__init__(f"another machines process keeps {root} running; stop it first, or give another --root")
        self.root = root


class PortTaken(MachinesError):
    """Somebody else listens where an application should."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(
            f"port {port} of {name} is in use by another program, so no machine was started; "
            "stop that program, or change the port in the configuration"
        )
        self.port = port


class ReleaseMissing(MachinesError):
    """The repository does not give the first release."""

    def __init__(self, repository: Path, version: str, reason: str) -> None:
        super().__init__(
            f"version {version} could not be installed from {repository}: {reason}. "
            "Installed releases stay as they are; make the example repositories again and start once more"
        )
        self.repository = repository
        self.version = version
