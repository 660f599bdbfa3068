"""Reading what a step was given."""

from pydantic import JsonValue

from daytwo_actions.definitions.durations import parse_duration


def seconds_of(value: JsonValue, otherwise: float) -> float:
    """A duration as a definition writes it."""
    return otherwise if value is None else parse_duration(value).total_seconds()
