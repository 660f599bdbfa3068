"""The runs that exist, in memory: built from the ledger and the state files, in the order of their ids."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from daytwo_standins.github.ledger import Accepted
from daytwo_standins.github.records import Attempt, Job, Status

_JOBS_PER_ATTEMPT = 1_000
_JOBS_PER_RUN = 100 * _JOBS_PER_ATTEMPT


def job_id(run_id: int, attempt: int, index: int) -> int:
    """The id of a job, from which its run can be read."""
    return run_id * _JOBS_PER_RUN + attempt * _JOBS_PER_ATTEMPT + index


def split_job_id(number: int) -> tuple[int, int, int]:
    """Run id, attempt and index of a job id."""
    run_id, rest = divmod(number, _JOBS_PER_RUN)
    return run_id, *divmod(rest, _JOBS_PER_ATTEMPT)


class Run:
    """One accepted dispatch and what has become of it."""

    def __init__(self, accepted: Accepted, folder: Path) -> None:
        self.accepted = accepted
        self.folder = folder
        self.attempts: list[Attempt] = []
        self.actors: list[str] = []
        self.failed_only: list[bool] = []
        self.cancelling = False
        self.waits_for_group = False

    @property
    def id(self) -> int:
        """The id of the run."""
        return self.accepted.run_id

    @property
    def latest(self) -> Attempt:
        """The newest attempt."""
        return self.attempts[-1]

    def attempt_folder(self, number: int) -> Path:
        """Where the files of an attempt are."""
        return self.folder / str(number)

    def attempt(self, number: int) -> Attempt | None:
        """An attempt by its number."""
        return self.attempts[number - 1] if 1 <= number <= len(self.attempts) else None

    def add_attempt(self, actor: str, now: float, *, failed_only: bool = False) -> Attempt:
        """Queue another attempt."""
        attempt = Attempt(number=len(self.attempts) + 1, created_at=now, updated_at=now)
        self.attempts.append(attempt)
        self.actors.append(actor)
        self.failed_only.append(failed_only)
        self.cancelling = False
        return attempt

    def put(self, attempt: Attempt) -> None:
        """Take a newer state of the newest attempt."""
        self.attempts[-1] = attempt

    def wait_for_group(self, now: float) -> None:
        """The concurrency group is taken."""
        self.waits_for_group = True
        self.put(dataclasses.replace(self.latest, status=Status.PENDING, updated_at=now))

    def leave_group_queue(self, now: float) -> None:
        """The concurrency group is free."""
        self.waits_for_group = False
        self.put(dataclasses.replace(self.latest, status=Status.QUEUED, updated_at=now))

    def wait_for_environment(self, now: float) -> None:
        """Somebody has to approve it, or a timer to run out; only the jobs that wait are there to be seen."""
        if self.latest.status is Status.WAITING:
            return
        jobs = tuple(
            Job(index=index, key=one.key, name=one.name, status=Status.WAITING, created_at=now)
            for index, one in enumerate(self.accepted.gated, start=1)
        )
        self.put(dataclasses.replace(self.latest, status=Status.WAITING, updated_at=now, jobs=jobs))

    def leave_environment(self, now: float) -> None:
        """Nothing holds it any more."""
        if self.latest.status is Status.WAITING:
            self.put(dataclasses.replace(self.latest, status=Status.QUEUED, updated_at=now, jobs=()))

    def log_file(self, job: Job, number: int) -> Path:
        """Where the log of a job is; a job that was carried over has its log where it ran."""
        return self.attempt_folder(job.carried_from or number) / "logs" / f"{job.index}.log"


class Runs:
    """All runs by id."""

    def __init__(self) -> None:
        self._by_id: dict[int, Run] = {}
        self._numbers: dict[tuple[str, str], int] = {}

    def __iter__(self) -> Iterator[Run]:
        return iter(self._by_id.values())

    def add(self, run: Run) -> None:
        """Take in a run."""
        self._by_id[run.id] = run
        key = (run.accepted.repository, run.accepted.workflow)
        self._numbers[key] = max(self._numbers.get(key, 0), run.accepted.run_number)

    def get(self, run_id: int) -> Run | None:
        """A run by its id."""
        return self._by_id.get(run_id)

    def take_number(self, repository: str, workflow: str) -> int:
        """The next number among the runs of a workflow."""
        key = (repository, workflow)
        self._numbers[key] = self._numbers.get(key, 0) + 1
        return self._numbers[key]

    def newest_first(self) -> Iterator[Run]:
        """All runs, the newest first."""
        return reversed(self._by_id.values())
