"""What the CI system notes on jobs that failed, made fit to be kept and shown: masked, in lines, and not too much."""

from collections.abc import Sequence
from typing import Final

from daytwo_actions.backends.tree import Job, JobTree
from daytwo_actions.logs import Cleaner
from daytwo_store import attempts
from daytwo_store.ids import AttemptNo, RunId, StepPath
from daytwo_store.secret_values import UNUSABLE
from daytwo_store.tables import AttemptRow, ExternalRunRow
from daytwo_workflows.life import requests
from daytwo_workflows.life.context import Life
from daytwo_workflows.life.trees import CleanNotes

_MOST: Final = 10  # lines of a job
_LONGEST: Final = 500  # characters of a line


async def clean_notes(life: Life, of: AttemptRow | ExternalRunRow, tree: JobTree | None) -> CleanNotes:
    """By job. Where they cannot be masked now, there are none."""
    noted = [job for job in tree.jobs if job.notes] if tree is not None else []
    if not noted:
        return {}
    run = RunId(of.run_id)
    async with life.store.read() as session:
        attempt = await attempts.get(session, run, StepPath(of.path), AttemptNo(of.no))
    if attempt is None:
        return {}
    try:
        secrets = await life.masks(run, attempt.connection, requests.corr_of(attempt))
    except UNUSABLE:
        return {}
    return {job.id: _clean(job, secrets) for job in noted}


def _clean(job: Job, secrets: Sequence[str]) -> list[str]:
    cleaner = Cleaner(secrets=tuple(secrets))
    lines = [*cleaner.feed("".join(f"{note}\n" for note in job.notes).encode()), *cleaner.end()]
    return [line[:_LONGEST] for line in lines if line.strip()][:_MOST]
