"""What a pipeline left: the files of its jobs, and its results in an archive with a fixed name."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Final

from pydantic import JsonValue

from daytwo_actions.backends.failures import OutputsUnusable
from daytwo_actions.backends.gitlab.following import Following
from daytwo_actions.backends.gitlab.job_log import JobLogs
from daytwo_actions.backends.gitlab.job_tree import Trees
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.jobs import VendorJob, artifacts_of
from daytwo_actions.backends.gitlab.wire.outcome import GITLAB
from daytwo_actions.backends.http.links import Answered
from daytwo_actions.backends.tree import Artifact
from daytwo_actions.backends.wire.result_file import LARGEST_ARCHIVE, BadResult, result_in

_GONE: Final = 404  # expired, or deleted by somebody


class Results:
    def __init__(self, trees: Trees, following: Following, logs: JobLogs) -> None:
        self._trees = trees
        self._following = following
        self._logs = logs

    async def artifacts(self, project: str, run: str) -> list[Artifact]:
        """Raises `ExternalGone` and what a read raises."""
        return [artifact for job in await self._jobs(project, run) for artifact in artifacts_of(job)]

    async def outputs(self, project: str, run: str) -> Mapping[str, JsonValue] | None:
        """`result.json` of the job `daytwo-result`, or of one that calls its artifacts so; of several, of the latest.

        None when there is none. Raises `OutputsUnusable`, `ExternalGone` and what a read raises.
        """
        named = [job for job in await self._jobs(project, run) if job.leaves_results]
        if not named:
            return None
        newest = max(named, key=lambda job: job.id)
        what = f"the results that job {newest.id} of {project} left"
        archive = await self._archive(project, newest, what)
        try:
            return result_in(archive)
        except BadResult as bad:
            raise _unusable(what, f"cannot be used: {bad}") from None

    async def _archive(self, project: str, job: VendorJob, what: str) -> bytes:
        path = f"{names.job(names.project(project), str(job.id))}/artifacts"
        archive = b""
        try:
            async with aclosing(self._logs.fetch(path, what, limit=LARGEST_ARCHIVE + 1)) as pieces:
                async for piece in pieces:
                    archive += piece
        except Answered as answered:
            if answered.answer.status == _GONE:
                raise _unusable(what, "have expired or were deleted") from None
            raise GITLAB.failure(answered.answer, what) from None
        return archive

    async def _jobs(self, project: str, run: str) -> Sequence[VendorJob]:
        jobs = await self._trees.top_jobs(project, run)
        if jobs is None:
            raise await self._following.gone(project, run)
        return jobs


def _unusable(what: str, why: str) -> OutputsUnusable:
    return OutputsUnusable(f"{what[0].upper()}{what[1:]} {why}. Nothing was taken from them.")
