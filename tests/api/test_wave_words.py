"""What a list that goes in waves waits for, in words."""

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from daytwo_api.services.step_words import step_waits
from daytwo_store.states import StepState
from daytwo_store.tables import StepRow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CALLS: list[JsonValue] = [
    {"key": "a", "wave": 0, "run": "r_1", "state": "succeeded"},
    {"key": "b", "wave": 1, "run": "r_2", "state": "failed"},
    {"key": "c", "wave": 1},
    {"key": "check after wave 1", "wave": 0, "check": "probe", "run": "r_3", "state": "succeeded"},
]


@pytest.mark.parametrize(
    ("more", "text", "then"),
    [
        ({}, "wave 2 of 2; 2 of 3 have ended, 1 of them not well", "what it called is stopped, and the step fails"),
        ({"pause_until": NOW.isoformat()}, "pauses until 01 Mar 2026 12:00", "what it called is stopped"),
        ({"task": "tk_1"}, "waits for somebody to say that it goes on", "the step fails"),
    ],
)
def test_which_wave_is_on_and_what_comes_next(more: dict[str, JsonValue], text: str, then: str) -> None:
    step = StepRow(run_id="r", path="roll", kind="foreach", state=StepState.RUNNING, given={}, due_at=NOW)
    step.data = {"calls": CALLS, "passed": 1, **more}
    found = step_waits(step)
    assert found is not None
    assert text in found.text
    assert found.then.startswith(then)
    assert found.url == ("/tasks/tk_1" if "task" in more else None)
