"""The numbers, in a file as soon as each is there: what was measured is not lost with what comes after it."""

import json
from pathlib import Path
from typing import Any


class Kept(dict[str, Any]):
    """As a dict; what is put in by name is written at once, and the file is whole at any moment."""

    def __init__(self, file: Path, **known: Any) -> None:
        super().__init__(known)
        self.file = file

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        part = self.file.with_name(f"{self.file.name}.part")
        part.write_text(json.dumps(self, indent=1) + "\n", encoding="utf-8")
        part.replace(self.file)
