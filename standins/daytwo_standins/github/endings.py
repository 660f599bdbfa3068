"""Ends that no runner has written: a run that was cancelled before it began, or that could not go on."""

import dataclasses

from daytwo_standins.github.records import Annotation, Attempt, Conclusion, Job, Level, Status

_TITLE = "GitHub stand-in"


def cancelled(attempt: Attempt, now: float) -> Attempt:
    """An attempt that was cancelled while nobody executed it."""
    jobs = tuple(job if _over(job) else _ended(job, Conclusion.CANCELLED, now) for job in attempt.jobs)
    return _closed(attempt, Conclusion.CANCELLED, jobs, now)


def failed(attempt: Attempt, message: str, now: float) -> Attempt:
    """An attempt that could not go on: what ran has failed, what waited is skipped, and one annotation says why."""
    known = attempt.jobs or (Job(index=1, key="run", name="run", created_at=attempt.created_at),)
    told = _told(known)
    remark = Annotation(level=Level.FAILURE, title=_TITLE, message=message)

    def end(job: Job) -> Job:
        if job.index == told:
            job = dataclasses.replace(job, annotations=(*job.annotations, remark))
            return _ended(job, Conclusion.FAILURE, now)
        if _over(job):
            return job
        return _ended(job, Conclusion.SKIPPED if job.status is Status.QUEUED else Conclusion.FAILURE, now)

    return _closed(attempt, Conclusion.FAILURE, tuple(end(job) for job in known), now)


def _told(jobs: tuple[Job, ...]) -> int:
    """The job that says why: one that ran, else one that waited, else the last."""
    running = [job for job in jobs if job.status is Status.IN_PROGRESS]
    waiting = [job for job in jobs if not _over(job)]
    return (running or waiting or [jobs[-1]])[0].index


def _over(job: Job) -> bool:
    return job.status is Status.COMPLETED


def _ended(job: Job, conclusion: Conclusion, now: float) -> Job:
    return dataclasses.replace(job, status=Status.COMPLETED, conclusion=conclusion, completed_at=now)


def _closed(attempt: Attempt, conclusion: Conclusion, jobs: tuple[Job, ...], now: float) -> Attempt:
    return dataclasses.replace(attempt, status=Status.COMPLETED, conclusion=conclusion, updated_at=now, jobs=jobs)
