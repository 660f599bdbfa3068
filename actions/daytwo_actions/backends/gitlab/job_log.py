"""The log of a job, whole each time that it is asked for, also while the job runs; and archives that jobs left.

https://docs.gitlab.com/api/jobs/#retrieve-a-log-file-for-a-job
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from daytwo_actions.backends.failures import BackendUnreachable, LogsNotReady
from daytwo_actions.backends.gitlab.job_tree import Trees
from daytwo_actions.backends.gitlab.settings import GitLabSettings
from daytwo_actions.backends.gitlab.transport import API
from daytwo_actions.backends.gitlab.wire import names
from daytwo_actions.backends.gitlab.wire.outcome import GITLAB
from daytwo_actions.backends.gitlab.wire.trace import Trace
from daytwo_actions.backends.http.links import Answered, check_link, stream

CUT: Final = b"\nERROR: Daytwo has cut this log off here: it is longer than the connection's log_limit.\n"
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class JobLogs:
    def __init__(self, settings: GitLabSettings, trees: Trees) -> None:
        self._settings = settings
        self._trees = trees

    async def log(self, project: str, job: str) -> AsyncGenerator[bytes, None]:
        """Cleaned pieces from the first byte. Raises `LogsNotReady`, `BackendUnreachable`, `BackendDenied`."""
        path = f"{names.job(names.project(project), job)}/trace"
        what = f"the log of job {job} of {project}"
        trace, left = Trace(), self._settings.log_limit
        try:
            async with aclosing(self.fetch(path, what, limit=left + 1)) as pieces:
                async for piece in pieces:
                    if cleaned := trace.feed(piece[:left]):
                        yield cleaned
                    left -= len(piece)
        except Answered as answered:
            if answered.answer.status == 404:
                raise LogsNotReady(f"GitLab has no job {job} in {project}, or keeps no log of it any more.") from None
            raise GITLAB.failure(answered.answer, what) from None
        if left == self._settings.log_limit:
            raise await self._nothing(project, job)
        yield trace.end()
        if left < 0:
            yield CUT

    async def fetch(self, path: str, what: str, *, limit: int) -> AsyncGenerator[bytes, None]:
        """What the API has at a path, or what it links to, which gets no credential. Raises `Answered`."""
        address, token = self._settings.base + API + path, self._settings.token.get_secret_value()
        link: str | None = None
        try:
            async with aclosing(
                stream(address, self._settings, what=what, limit=limit, headers={"PRIVATE-TOKEN": token})
            ) as pieces:
                async for piece in pieces:
                    yield piece
        except Answered as answered:
            if answered.answer.status not in _REDIRECTS:
                raise
            link = answered.answer.headers.get("location", "")
        if link is None:
            return
        checked = check_link(link, self._settings, what=f"GitLab's link to {what}")
        async with aclosing(stream(checked, self._settings, what=what, limit=limit, link=True)) as pieces:
            async for piece in pieces:
                yield piece

    async def _nothing(self, project: str, job: str) -> LogsNotReady | BackendUnreachable:
        """Why a log is empty: nothing was written yet, or somebody has erased it."""
        found = await self._trees.job(project, job)
        if found is not None and found.erased_at is not None:
            return LogsNotReady(f"The log of job {job} of {project} was erased in GitLab.")
        return LogsNotReady(f"The job {job} of {project} has written nothing (yet).")
