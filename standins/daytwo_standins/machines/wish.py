"""What is wanted of a machine at this moment; two wishes differ exactly when something has to be started."""

from dataclasses import dataclass
from pathlib import Path

from daytwo_standins.machines.layout import Place


@dataclass(frozen=True, slots=True)
class Wish:
    """The release to run, and the restart file as it was last written."""

    release: Path | None
    restart: tuple[int, int] | None  # inode and time of change: replacing it and touching it both count
    at_once: bool = False

    def stops_at_once(self, before: "Wish") -> bool:
        """Whether the old process need not finish what it is doing: asked for by a new restart file that says `now`."""
        return self.at_once and self.restart != before.restart


def read_wish(place: Place, number: int = 0) -> Wish:
    """Look at the folder. A process whose number is not below what is wished for is to run nothing."""
    release = place.running() if number < place.processes() else None
    try:
        written = place.restart.stat()
        text = place.restart.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return Wish(release, None)
    return Wish(release, (written.st_ino, written.st_mtime_ns), text.strip() == "now")
