"""Workflows that somebody has disabled. https://docs.github.com/en/rest/actions/workflows#disable-a-workflow"""

import json
from pathlib import Path


class Asleep:
    """Which workflow files are disabled, over restarts too."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "disabled.json"
        found = json.loads(self._path.read_text(encoding="utf-8")) if self._path.exists() else []
        self._disabled = {(repository, path) for repository, path in found}

    def __contains__(self, workflow: tuple[str, str]) -> bool:
        return workflow in self._disabled

    def set(self, repository: str, path: str, *, disabled: bool) -> None:
        """Disable or enable a workflow file of a repository."""
        if disabled:
            self._disabled.add((repository, path))
        else:
            self._disabled.discard((repository, path))
        self._path.write_text(json.dumps(sorted(self._disabled)), encoding="utf-8")
