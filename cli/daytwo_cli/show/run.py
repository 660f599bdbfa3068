"""One run, in words."""

from daytwo_api.views.runs import RunView, StepView
from daytwo_cli.show.out import Out
from daytwo_cli.show.plan import pairs, print_changes
from daytwo_cli.show.words import at, lasted, state_words


def print_run(out: Out, run: RunView) -> None:
    """Everything that one wants to know first; --json has the rest."""
    out.state(run.state, f"{run.action_title}{f' on {run.entity}' if run.entity else ''}")
    out.facts(
        [
            ("run", run.id),
            ("asked for by", run.requester.name),
            ("with", pairs(run.inputs)),
            ("because", run.comment),
            ("created", at(run.created_at)),
            ("started", at(run.started_at) if run.started_at else None),
            ("ended", f"{at(run.ended_at)} after {lasted(run.started_at, run.ended_at)}" if run.ended_at else None),
            ("waits", f"{run.waits.text} ({run.waits.owner}: {run.waits.next_event})" if run.waits else None),
            ("result", run.reason),
            ("lock", f"{run.lock.key}, {run.lock.state}" if run.lock and run.lock.state != "none" else None),
            ("undoes", run.undo_of),
            ("undone by", run.undone_by),
        ]
    )
    for step in run.steps:
        _print_step(out, step)
    for approval in run.approvals:
        out.state(approval.state, f"{approval.text}  ({approval.id})")
    print_changes(out.line, run.changes)
    if run.first_error:
        out.line(f"first error, line {run.first_error.number} of the log:")
        out.log(run.first_error.job, run.first_error.text)


def print_end(out: Out, run: RunView) -> None:
    """How a followed run ended."""
    if run.first_error and run.state != "succeeded":
        out.log(run.first_error.job, run.first_error.text)
    print_changes(out.line, run.changes)
    took = f" after {lasted(run.started_at, run.ended_at)}" if run.started_at and run.ended_at else ""
    out.state(run.state, f"{run.id}{took}{f'. {run.reason}' if run.reason else ''}")


def _print_step(out: Out, step: StepView) -> None:
    out.state(step.state, f"step {step.path} on {step.uses}  {lasted(step.started_at, step.ended_at)}")
    for attempt in step.attempts:
        where = f"  {attempt.external.url or attempt.external.id}" if attempt.external else ""
        out.line(f"  attempt {attempt.number}: {state_words(attempt.state)}{where}")
        if attempt.note:
            out.line(f"    {attempt.note}")
    for job in step.jobs:
        out.line(f"  {state_words(job.status)}: {job.name}  {lasted(job.started_at, job.ended_at)}")
        for one in job.steps:
            out.line(f"    {state_words(one.status)}: {one.name}")
