"""What can go wrong while the parts are started."""

from pathlib import Path

from daytwo_cli.errors import CliError


class PartFailed(CliError):
    """One part of `daytwo up` did not come up, or went away."""

    def __init__(self, part: str, what: str, *, log: Path | None = None, advice: str = "") -> None:
        lines = [f"{part}: {what}"]
        if log is not None:
            lines += [f"  | {line}" for line in last_lines(log)]
            lines.append(f"The whole log is {log}.")
        if advice:
            lines.append(advice)
        super().__init__("\n".join(lines))
        self.part = part


def last_lines(log: Path, *, count: int = 12) -> list[str]:
    """The end of a log file; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []
