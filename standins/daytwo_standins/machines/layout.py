"""Where a service lies on disk. The workflows of the example repositories write here, the machines read.

ROOT/<environment>/<service>/
    releases/<version>/   a complete release with a file REVISION, never changed afterwards
    current               symbolic link to one of them
    settings.env          lines NAME=value
    restart               a new file here asks for another start; its text is `graceful` or `now`
    scale                 how many processes answer on the service's port: 1 to 4, and 1 without this file
    log                   what the application printed
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daytwo_standins.machines.config import EnvironmentName, ServiceName

MOST: Final = 4  # processes of one service in one environment


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one service in one environment."""

    root: Path
    environment: EnvironmentName
    service: ServiceName

    @property
    def name(self) -> str:
        return f"{self.service} in {self.environment}"

    @property
    def folder(self) -> Path:
        return self.root / self.environment / self.service

    @property
    def current(self) -> Path:
        return self.folder / "current"

    @property
    def restart(self) -> Path:
        return self.folder / "restart"

    @property
    def settings(self) -> Path:
        return self.folder / "settings.env"

    @property
    def scale(self) -> Path:
        return self.folder / "scale"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    def release(self, version: str) -> Path:
        return self.folder / "releases" / version

    def processes(self) -> int:
        """How many are wished for; 1 where the file says nothing from 1 to 4: a machine stops for no typing error."""
        try:
            wished = int(self.scale.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return 1
        return wished if 1 <= wished <= MOST else 1

    def running(self) -> Path | None:
        """The release that `current` points at, or None when there is no link or it leads nowhere."""
        release = self.current.resolve()
        return release if self.current.is_symlink() and release.is_dir() else None
