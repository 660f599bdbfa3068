"""The objects of an answer of Argo Server that goes on."""

import json
from typing import Any


def objects_in(stream: str) -> list[Any]:
    """The objects of a stream, in either of its two forms."""
    lines = [line.removeprefix("data: ") for line in stream.splitlines()]
    return [json.loads(line) for line in lines if line.strip() and line != ":"]
