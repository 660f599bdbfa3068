"""By which action a run is called, as expressions know it: `run.called_by`."""

from daytwo_store import runs
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_store.tables import RunRow


async def caller_of(session: Session, parent: RunId | None) -> str | None:
    """The action of the run of which a step asks; None: somebody asks for it directly."""
    return (await runs.peek(session, parent)).action if parent is not None else None


def parent_of(run: RunRow) -> RunId | None:
    return RunId(run.parent_run) if run.parent_run is not None else None
