"""Times, durations, states and foreign text, as people read them."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final

# Text of pipelines and of other people must not steer the terminal: no escape sequence, no carriage return.
_COLOURS: Final = r"\x1b\[[0-9;]*m"
_SEQUENCES: Final = r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
_CONTROL: Final = re.compile(rf"{_SEQUENCES}|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROL_BUT_COLOURS: Final = re.compile(rf"(?!{_COLOURS})(?:{_SEQUENCES}|[\x00-\x08\x0b-\x1f\x7f-\x9f])")
_BIDI: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")

COLOUR: Final[Mapping[str, str]] = {
    "succeeded": "green",
    "approved": "green",
    "failed": "red",
    "rejected": "red",
    "refused": "red",
    "superseded": "yellow",
    "expired": "red",
    "needs_attention": "bold red",
    "held": "bold red",
    "running": "blue",
    "cancelling": "yellow",
    "waiting_approval": "yellow",
    "waiting_window": "yellow",
    "waiting_lock": "yellow",
    "pending": "yellow",
}


def clean(text: str, *, colours: bool = False) -> str:
    """Without anything that a terminal would obey, but for colours if they are wanted."""
    return _BIDI.sub("", (_CONTROL_BUT_COLOURS if colours else _CONTROL).sub("", text))


def escaped(text: str) -> str:
    """For where rich reads markup."""
    return text.replace("[", r"\[")


def state_words(state: str) -> str:
    """'waiting_approval' → 'waiting approval'."""
    return state.replace("_", " ")


def state_sentence(state: str, text: str) -> str:
    """'running: the pipeline runs'; the state alone when the text says no more than that."""
    words = state_words(state)
    return words if text in ("", words) else f"{words}: {text}"


def at(moment: datetime | None) -> str:
    """UTC, to the second; '–' when there is none."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else "–"


def lasted(start: datetime | None, end: datetime | None) -> str:
    """'1 min 12 s'."""
    return duration((end - start).total_seconds()) if start and end else "–"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
