"""Running only the failed jobs again: the workflow file without the work of those that succeeded.

A job that succeeded stays in the file, so that ``needs`` still resolve, but with an empty step and the outputs that it
had; its record is carried over from the attempt in which it really ran.
"""

import dataclasses
import json

from daytwo_standins.github.records import Attempt, Conclusion, Job, Plan
from daytwo_standins.github.workflow_file import plain_yaml


def carried_jobs(before: Attempt) -> tuple[Job, ...]:
    """The jobs of an attempt that need not be run again."""
    return tuple(
        dataclasses.replace(job, carried_from=job.carried_from or before.number)
        for job in before.jobs
        if job.conclusion is Conclusion.SUCCESS and not _siblings_failed(job, before)
    )


def without(plan: Plan, content: bytes, before: Attempt) -> tuple[Plan, str]:
    """The plan of a re-run of the failed jobs, and the workflow file to run instead (JSON, which is YAML)."""
    carried = carried_jobs(before)
    keys = {job.key for job in carried}
    data = plain_yaml(content)
    for job in carried:
        data["jobs"][job.key] = {
            "runs-on": "ubuntu-latest",
            "outputs": job.outputs,
            "steps": [{"run": "true"}],
        }
    jobs = tuple(job for job in plan.jobs if job.key not in keys)
    return dataclasses.replace(plan, carried=carried, jobs=jobs), json.dumps(data)


def _siblings_failed(job: Job, before: Attempt) -> bool:
    """Whether another cell of the same matrix has to run again; they share one entry of the file."""
    return any(other.key == job.key and other.conclusion is not Conclusion.SUCCESS for other in before.jobs)
