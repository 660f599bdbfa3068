"""What an order does to a pipeline. Pure; whether it is allowed, the routes have asked before."""

import dataclasses

from daytwo_standins.gitlab.ledger import Order
from daytwo_standins.gitlab.progress import advance, put
from daytwo_standins.gitlab.records import Approval, Blueprint, Job, State, Status

_NOT_BEGUN = frozenset({Status.CREATED, Status.PENDING, Status.MANUAL, Status.SCHEDULED, Status.WAITING_FOR_RESOURCE})
_AGAIN = frozenset({Status.FAILED, Status.CANCELED})


def obey(state: State, blueprint: Blueprint, order: Order) -> State:
    """The pipeline after an order; carried out twice it does no more than once."""
    if order.number <= state.applied:
        return state
    now = order.received_at
    state = dataclasses.replace(state, applied=order.number)
    job = next((job for job in state.jobs if job.index == order.job), None)
    if order.verb == "cancel":
        return advance(put(state, *(_cancelled(one, now) for one in state.latest)), blueprint, now)
    if order.verb == "retry":
        return advance(_all_again(state, order), blueprint, now)
    if job is None:
        return state
    if order.verb == "cancel_job":
        state = put(state, _cancelled(job, now, force=order.force))
    elif order.verb == "play":
        state = _unskipped(put(state, _played(job, order)))
    elif order.verb == "retry_job":
        state = _unskipped(_again(state, job, order))
    else:
        said = Approval(user=order.actor, status=order.status, comment=order.comment, at=now)
        others = tuple(one for one in job.approvals if one.user != order.actor)
        job = dataclasses.replace(job, approvals=(*others, said))
        state = put(state, _rejected(job, now) if order.status == "rejected" else job)
    return advance(state, blueprint, now)


def _cancelled(job: Job, now: float, *, force: bool = False) -> Job:
    if job.status in _NOT_BEGUN or (force and job.status is Status.CANCELING):
        return dataclasses.replace(job, status=Status.CANCELED, finished_at=now)
    if job.status is Status.RUNNING:
        ends = job.bridge  # nothing of ours runs for it; what it started is cancelled by itself
        return dataclasses.replace(
            job, status=Status.CANCELED if ends else Status.CANCELING, finished_at=now if ends else None
        )
    return job


def _rejected(job: Job, now: float) -> Job:
    """One rejection ends the job: https://gitlab.com/gitlab-org/gitlab/-/merge_requests/73340"""
    return dataclasses.replace(job, status=Status.FAILED, finished_at=now, failure_reason="deployment_rejected")


def _played(job: Job, order: Order) -> Job:
    return dataclasses.replace(
        job, status=Status.PENDING, queued_at=order.received_at, user=order.actor, variables=order.variables
    )


def _all_again(state: State, order: Order) -> State:
    for job in state.latest:
        if job.status in _AGAIN:
            state = _again(state, job, order)
    return _unskipped(state)


def _again(state: State, job: Job, order: Order) -> State:
    """A new job in place of one that has ended."""
    new = dataclasses.replace(
        job,
        index=1 + max(one.index for one in state.jobs),
        status=Status.PENDING if order.verb == "retry_job" else Status.CREATED,
        created_at=order.received_at,
        queued_at=order.received_at if order.verb == "retry_job" else None,
        started_at=None,
        finished_at=None,
        failure_reason="",
        user=order.actor,
        downstream=None,
        approvals=(),
    )
    if new.needs_approvals:
        new = dataclasses.replace(new, status=Status.CREATED, queued_at=None)
    return put(state, dataclasses.replace(job, retried=True), new)


def _unskipped(state: State) -> State:
    """Jobs that were skipped get another chance."""
    return put(
        state,
        *(dataclasses.replace(one, status=Status.CREATED) for one in state.latest if one.status is Status.SKIPPED),
    )
