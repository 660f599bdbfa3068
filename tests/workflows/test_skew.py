"""R34: the clocks of our processes are wrong, the database's is not, and only that one decides."""

import ast
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
from company import Company

from daytwo_store.errors import Conflict
from daytwo_store.states import ApprovalState, RunState
from daytwo_workflows.contracts import What

pytestmark = pytest.mark.anyio
ROOT: Final = Path(__file__).parents[2]
SKEW: Final = timedelta(minutes=10).total_seconds()
DECIDING: Final = ("store/daytwo_store", "workflows/daytwo_workflows/life", "actions/daytwo_actions/plan")
# Names of a wall clock; monotonic ones measure how long something took, which a skew does not change.
CLOCKS: Final = {"now", "utcnow", "today", "time", "time_ns"}
# The only places that may look at one, each with its reason.
KNOWN: Final = {
    "store/daytwo_store/ids.py": "an id is sortable; its order decides nothing",
    "store/daytwo_store/clock.py": "before the database was asked for the first time",
}


def looks(path: Path) -> list[str]:
    """Calls of datetime.now(), date.today(), time.time() …"""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            owner = node.func.value
            if isinstance(owner, ast.Name) and owner.id in ("datetime", "date", "time"):
                found.append(f"{owner.id}.{node.func.attr}")
    return found


def test_what_decides_asks_no_clock_of_its_own_process() -> None:
    files = [path for folder in DECIDING for path in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 50
    found = {str(path.relative_to(ROOT)): looks(path) for path in files}
    assert {name: each for name, each in found.items() if each and name not in KNOWN} == {}


@pytest.mark.parametrize("by", [SKEW, -SKEW])
async def test_only_the_database_says_what_time_it_is(
    company: Company, monkeypatch: pytest.MonkeyPatch, by: float
) -> None:
    real, real_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: real() + by)
    monkeypatch.setattr(time, "time_ns", lambda: real_ns() + int(by * 1e9))
    early, late = [await company.ask("ana", "1.1.0", "production") for _ in range(2)]
    for run, left in ((early, timedelta(minutes=5)), (late, timedelta(seconds=-1))):
        async with company.store.write() as tx:
            (await tx.session.merge((await company.approvals(run))[-1])).expires_at = tx.now + left
    move = await company.drive(early)
    assert (move.what, 200 < (move.seconds or 0) <= 300) == (What.WAIT, True)
    await company.decide("sam", early)
    await company.through(early)
    assert ((await company.run(early)).state, company.ci.posts) == (RunState.SUCCEEDED, 1)
    with pytest.raises(Conflict, match="time to decide is over"):
        await company.decide("sam", late)
    await company.drive(late)
    assert (await company.approvals(late))[-1].state == ApprovalState.EXPIRED
    assert company.ci.posts == 1
