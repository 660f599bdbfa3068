"""Lengths of time as Argo writes them: seconds, or ``1h30m``."""

import re
from typing import Final

from daytwo_standins.argo.interpreter.booleans import ExpressionError

_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s|d)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}


def seconds(told: object) -> float:
    """A length of time in seconds.

    Raises:
        ExpressionError: it cannot be read.
    """
    text = str(told).strip()
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not text or _PART.sub("", text):
        raise ExpressionError(f"'{text}' is no length of time; write 10, 10s or 1h30m")
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
