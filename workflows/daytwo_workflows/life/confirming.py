"""The run that an answer to a dispatch names is read before it is taken (docs/decisions/0023)."""

from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from daytwo_actions.backends.base import Accepted, ExternalState
from daytwo_actions.backends.failures import BackendDenied, BackendUnreachable
from daytwo_store.ids import ExternalRunId
from daytwo_store.tables import AttemptRow
from daytwo_workflows.life.adopting import marker_of
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.finding import recognised

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shown:
    """The run that an answer named, as a read that began at `began` showed it."""

    state: ExternalState
    began: datetime


async def confirmed(
    life: Life, attempt: AttemptRow, sent: Accepted, named: ExternalRunId
) -> tuple[Accepted, Shown | None]:
    """An answer may name another run than ours, and what it names would be followed, and stopped. So it is read first.

    A run that does not fit is not taken; ours is found by its marker then. Where the pipeline shows none, the answer is
    the best that there is, and it counts unless it is seen to be wrong.
    """
    marker, doubt = marker_of(attempt), "which is not there"
    async with life.store.read() as session:
        began = await life.store.clock.now(session)
    try:
        shown = await recognised(life, attempt, named, attempt.intent_at)
    except (BackendUnreachable, BackendDenied):
        shown, doubt = None, "which could not be read"
    if shown is None and not marker.pinned.marked:
        return sent, None
    if shown is not None:
        unmarked = ["it does not carry the marker"] if marker.pinned.marked and not shown.marked else []
        if not (misfits := [*unmarked, *shown.misfits]):
            return replace(sent, proven=True), Shown(shown.state, began)
        doubt = f"and {', '.join(misfits)}"
        log.error("dispatch.wrong_id", run=attempt.run_id, step=attempt.path, attempt=attempt.no, external=named)
    return Accepted(id=None, url=None, doubt=f"it named run {named}, {doubt}"), None
