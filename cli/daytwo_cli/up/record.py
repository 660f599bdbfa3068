"""processes.json: what runs now."""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from daytwo_cli.up.part import Part


def write(
    file: Path, *, page: str, parts: Sequence[Part], restarts: Mapping[str, int], facts: Mapping[str, str]
) -> None:
    """Replace the file in one step.

    {"pid", "page", …facts, "processes": [{"name", "pid", "address", "log", "restarts", "running"}]}
    """
    rows = [
        {
            "name": part.name,
            "pid": part.child.pid,
            "address": part.address,
            "log": str(part.child.command.log),
            "restarts": restarts[part.name],
            "running": part.child.running,
        }
        for part in parts
        if part.child is not None
    ]
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"pid": os.getpid(), "page": page, **facts, "processes": rows}, indent=1))
    fresh.replace(file)
