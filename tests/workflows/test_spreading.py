"""R14: runs that were told to wait until the same moment go one after the other, each at a time that is its own."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from daytwo_store.states import AttemptState
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life.steps.dispatch import _later
from daytwo_workflows.life.steps.spreading import spread

AT = datetime(2026, 1, 1, tzinfo=UTC)
RUNS = [f"r_{number:04}" for number in range(300)]


def refused(run: str, pause: timedelta) -> AttemptRow:
    row = AttemptRow(run_id=run, path="ship", no=1, state=AttemptState.REJECTED)
    row.settled_at, row.retry_at = AT, AT + pause
    return row


def test_three_hundred_refusals_of_one_minute_go_over_a_quarter_of_it() -> None:
    pause = timedelta(minutes=1)
    due = [_later([refused(run, pause)]) - AT - pause for run in RUNS]
    assert timedelta(0) <= min(due) < max(due) <= pause / 4
    seconds = Counter(int(one.total_seconds()) for one in due)
    assert len(seconds) == 15
    assert max(seconds.values()) < 2 * len(RUNS) / 15, "they go in bursts"
    assert due == [_later([refused(run, pause)]) - AT - pause for run in RUNS], "it changes when it is asked again"


def test_a_long_pause_is_not_made_much_longer_and_a_short_one_stays_short() -> None:
    assert max(spread(run, timedelta(hours=1)) for run in RUNS) <= timedelta(seconds=15)
    assert max(spread(run, timedelta(seconds=2)) for run in RUNS) <= timedelta(seconds=0.5)
    assert {spread(run, timedelta(seconds=-1)) for run in RUNS} == {timedelta(0)}
