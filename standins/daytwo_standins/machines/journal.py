"""What happened on the machines, one JSON line for each event."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Journal:
    """Writes to the stream that it was given."""

    to: TextIO

    def write(self, event: str, **facts: object) -> None:
        """`event` is a word of few: started, stopped, died, no_release, ready, ending."""
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **facts}
        self.to.write(json.dumps(line) + "\n")
        self.to.flush()
