"""The log of a job: behind a link, and none before the job has ended."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from daytwo_actions.backends.failures import LogsNotReady
from daytwo_actions.backends.github import stored
from daytwo_actions.backends.github.settings import GitHubSettings
from daytwo_actions.backends.github.wire import names
from daytwo_actions.backends.github.wire.outcome import GITHUB
from daytwo_actions.backends.http.reading import Reading
from daytwo_actions.backends.wire.answer import Answer

CUT: Final = b"\n##[warning]Daytwo has cut this log off here: it is longer than the connection's log_limit.\n"


class JobLogs:
    def __init__(self, settings: GitHubSettings, reading: Reading) -> None:
        self._settings = settings
        self._reading = reading
        self._wanted = stored.Wanted(what="log", limit=settings.log_limit, seconds=settings.log_timeout.total_seconds())

    async def pieces(self, project: str, job: str) -> AsyncGenerator[bytes, None]:
        """Raises `LogsNotReady` and what a read raises."""
        link = await self._link(project, job)
        async with aclosing(stored.fetch(link, self._settings, self._wanted)) as pieces:
            try:
                async for piece in pieces:
                    yield piece
            except stored.TooLong:
                yield CUT
            except stored.NotStored:
                raise _none(project, job) from None

    async def _link(self, project: str, job: str) -> str:
        result = await self._reading.ask("job.logs", f"{names.job(project, job)}/logs")
        if isinstance(result, Answer) and result.status in {404, 410}:
            raise _none(project, job)
        if not isinstance(result, Answer) or result.status != 302:
            raise GITHUB.failure(result, f"the log of job {job} of {project}")
        return stored.check_link(result.headers.get("location", ""), self._settings, "log")


def _none(project: str, job: str) -> LogsNotReady:
    return LogsNotReady(
        f"GitHub has no log of job {job} of {project}: it has one only after the job has ended, "
        "none of a job that never started, and keeps it for a limited time."
    )
