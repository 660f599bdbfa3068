"""What a stand-in has accepted, in one form for all of them: on GitLab some inputs travel as variables."""

from typing import Any

from daytwo_standins.shared.control import ControlClient


class Control(ControlClient):
    """A client of a stand-in's control interface."""

    def ledger(self, *, kind: str | None = "dispatch") -> list[dict[str, Any]]:
        """As the stand-in tells it; among the inputs of a dispatch are the variables, as a job gets them."""
        return [_with_variables(line) for line in super().ledger(kind=kind)]


def _with_variables(line: dict[str, Any]) -> dict[str, Any]:
    if "inputs" not in line:
        return line
    given = {name: str(value).replace("$$", "$") for name, value in line.get("variables", {}).items()}
    return {**line, "inputs": {**given, **line["inputs"]}}
