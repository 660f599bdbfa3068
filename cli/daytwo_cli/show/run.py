"""One run, in words."""

from collections.abc import Mapping, Sequence
from typing import Final

from daytwo_api.views.external import ExternalFact, ExternalRunView, GateView, JobView
from daytwo_api.views.runs import RunView, StepView
from daytwo_cli.show.out import Out
from daytwo_cli.show.plan import pairs, print_changes
from daytwo_cli.show.words import at, lasted, state_words

_DEEP: Final = 2  # characters of indentation
_FACTS: Final[Mapping[ExternalFact, str]] = {
    ExternalFact.DELETED: "somebody deleted it in the CI system",
    ExternalFact.CANCELLED: "somebody cancelled it in the CI system",
    ExternalFact.RERUN: "somebody re-ran it in the CI system; the result that counts is the first",
}


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
            ("called by", f"{run.called_by}, step {run.called_by_step}" if run.called_by else None),
            ("undoes", run.undo_of),
            ("undone by", run.undone_by),
            ("goes on with", run.resume_of),
            ("went on in", run.resumed_by),
        ]
    )
    for held in run.holds:
        out.line(f"held back by the freeze '{held.title}' of {held.owner}: {held.reason}")
        out.line(f"  ask for an exception: daytwo exceptions ask {run.id} {held.freeze} --reason …")
    for exception in run.exceptions:
        out.line(f"exception {exception.id} to '{exception.title}': {exception.text} ({exception.reason})")
    for one in run.unheard:
        out.state("needs_attention", one.text)
    for gate in run.gates:
        print_gate(out, run.id, gate)
    for step in run.steps:
        _print_step(out, step)
    if run.undoing is not None and run.undoing.choices:
        out.line(f"  say what becomes of it: daytwo undoing {run.id} {'|'.join(run.undoing.choices)}")
    for approval in run.approvals:
        out.state(approval.state, f"{approval.text}  ({approval.id})")
    print_changes(out.line, run.changes)
    if run.first_error:
        out.line(f"first error, line {run.first_error.number} of the log:")
        out.log(run.first_error.job, run.first_error.text)


def print_gate(out: Out, run: str, gate: GateView) -> None:
    """Where it waits in the CI system, and how to answer from here where that is possible."""
    out.state("waiting", f"{gate.text}  {gate.url or ''}".rstrip())
    for answer in gate.answers:
        note = f" ({answer.note})" if answer.note else ""
        out.line(f"  {answer.by.name} said {answer.verdict} at {at(answer.at)}: {answer.state}{note}")
    if gate.go.allowed or gate.stop.allowed:
        verdicts = "|".join(word for word, may in (("go", gate.go), ("stop", gate.stop)) if may.allowed)
        out.line(f"  answer it: daytwo answer {run} {gate.id} {verdicts}")
    else:
        out.line(f"  {gate.go.why_not}")


def print_end(out: Out, run: RunView) -> None:
    """How a followed run ended."""
    if run.first_error and run.state != "succeeded":
        out.log(run.first_error.job, run.first_error.text)
    print_changes(out.line, run.changes)
    took = f" after {lasted(run.started_at, run.ended_at)}" if run.started_at and run.ended_at else ""
    out.state(run.state, f"{run.id}{took}{f'. {run.reason}' if run.reason else ''}")


def _print_step(out: Out, step: StepView) -> None:
    what = f"on {step.uses}" if step.kind == "dispatch" else f"({step.kind})"
    said = "" if step.kind == "dispatch" or step.text == step.state else f": {step.text}"
    out.state(step.state, f"step {step.path} {what}  {lasted(step.started_at, step.ended_at)}{said}")
    if step.task is not None and step.state == "running":
        out.line(f"  do it: daytwo tasks complete {step.task}")
    _print_waves(out, step)
    for one in step.calls if not any(one.wave for one in step.calls) else ():
        named = " ".join(part for part in (one.key, one.run or "") if part)
        out.line(f"  calls {named or 'a run'}: {one.state or ('goes on' if one.run else 'not begun')}")
    for attempt in step.attempts:
        where = f"  {attempt.external.url or attempt.external.id}" if attempt.external else ""
        out.line(f"  attempt {attempt.number}: {state_words(attempt.state)}{where}")
        if attempt.note:
            out.line(f"    {attempt.note}")
        if attempt.claimed_by:
            out.line(f"    only execution {attempt.claimed_by} was let through")
        for found in attempt.findings:
            what = f"it ran as {found.external_run}" if found.outcome == "ran" else "it did not run"
            out.line(f"    {found.by.name} found that {what}: {found.reason}")
        if attempt.external:
            _print_external(out, attempt.external)
    print_tree(out, step.jobs)
    if step.outputs:
        source = "reported by the run" if step.outputs_source == "report" else "left by the run"
        out.line(f"  results, {source}: {pairs(step.outputs)}")
    if step.log_note:
        out.line(f"  {step.log_note}")


def _print_waves(out: Out, step: StepView) -> None:
    """A line for each wave; of what it goes through only what goes on or has not gone well is named."""
    waves = sorted({one.wave for one in step.calls if one.wave is not None})
    for number in waves:
        calls = [one for one in step.calls if one.wave == number and not one.check]
        good = sum(one.state == "succeeded" for one in calls)
        on = sum(one.state is None and one.run is not None for one in calls)
        told = [f"{good} of {len(calls)} succeeded", *([f"{on} go on"] if on else [])]
        out.line(f"  wave {number} of {len(waves)}: {', '.join(told)}")
        for one in calls:
            if one.state != "succeeded" and (one.state is not None or one.run is not None):
                why = f": {one.text}" if one.text else ""
                out.line(f"    {one.key}  {one.run or ''}  {one.state or 'goes on'}{why}")
        for one in step.calls:
            if one.wave == number and one.check:
                out.line(f"    its check  {one.run or ''}  {one.state or ('goes on' if one.run else 'not begun')}")


def _print_external(out: Out, external: ExternalRunView) -> None:
    """What happened to it there by other hands, and the files that it left."""
    for fact in external.facts:
        out.line(f"    {_FACTS[fact]}")
    for one in external.artifacts:
        size = f"  {one.size:,} bytes" if one.size is not None else ""
        out.line(f"    left {one.name}{size}  {'expired' if one.expired else one.url or ''}".rstrip())


def print_tree(out: Out, jobs: Sequence[JobView]) -> None:
    """Nested as they belong together. Of a group in which nothing is under way or went wrong, only how many ended."""
    inside: dict[str | None, list[JobView]] = {}
    known = {job.id for job in jobs}
    for job in jobs:
        inside.setdefault(job.parent if job.parent in known and job.parent != job.id else None, []).append(job)
    _print_nodes(out, inside, None, "  ")


def _print_nodes(out: Out, inside: Mapping[str | None, Sequence[JobView]], parent: str | None, indent: str) -> None:
    for job in inside.get(parent, ()):
        mark = {"group": "▸ ", "gate": "⏸ "}.get(job.kind, "")
        said = f"{indent}{state_words(job.status)}: {mark}{job.name}  {lasted(job.started_at, job.ended_at)}"
        calm = job.kind == "group" and len(indent) > _DEEP and job.status == "succeeded"
        out.line(f"{said}  ({_inside(inside, job.id)})" if calm else said)
        if calm:
            continue
        for note in job.notes:
            out.line(f"{indent}  ! {note}")
        for one in job.steps:
            out.line(f"{indent}  {state_words(one.status)}: {one.name}")
        if job.id != parent:
            _print_nodes(out, inside, job.id, f"{indent}  ")


def _inside(inside: Mapping[str | None, Sequence[JobView]], parent: str) -> str:
    """The one that is in a group, by its name; of more, how many."""
    within = [job for job in inside.get(parent, ()) if job.id != parent]
    alone = len(within) == 1 and within[0].kind == "job"
    return within[0].name if alone else f"{_count(inside, parent)} inside"


def _count(inside: Mapping[str | None, Sequence[JobView]], parent: str) -> int:
    return sum(1 + _count(inside, job.id) for job in inside.get(parent, ()) if job.id != parent)
