"""What would happen, in words."""

from collections.abc import Callable, Mapping, Sequence

from pydantic import JsonValue

from daytwo_api.views.actions import Difference, PlannedChange, PlannedLock, PlanView
from daytwo_cli.show.words import duration

Say = Callable[[str], None]


def _collected(secrets: Sequence[str]) -> str | None:
    return f"Its pipeline may collect, once: {', '.join(secrets)}." if secrets else None


def print_plan(say: Say, plan: PlanView) -> None:
    """What is sent where, who must agree, what it waits for, what it changes."""
    for request in plan.requests:
        say(
            f"{request.step}: {request.connection} runs {request.pipeline} of {request.project} at {request.ref} "
            f"({request.commit[:12]}) with {pairs(request.inputs)}"
        )
        for name, value in request.holes.items():
            say(f"  {name} is filled in by who approves: {word(value)}")
        for note in (request.packing, _collected(request.secrets), request.held, request.loose):
            if note:
                say(note)
    _print_other_steps(say, plan)
    print_emergency(say, plan)
    print_stages(say, plan)
    print_locks(say, plan.lock)
    if plan.stopped:
        say(plan.stopped)
    for freeze in plan.freezes:
        say(f"held back by the freeze '{freeze.title}' of {freeze.owner}: {freeze.reason}")
    print_changes(say, plan.changes)
    print_differences(say, plan.differences, plan.previous_run)
    say(plan.starts)
    for line in plan.undo:
        say(line)
    say(
        "can be undone" if plan.undoable else f"cannot be undone by one command. {plan.why_not_undoable or ''}".rstrip()
    )


def print_stages(say: Say, plan: PlanView) -> None:
    """Who must agree, in order."""
    for number, approval in enumerate(plan.approvals, 1):
        stage = f"stage {number} of {len(plan.approvals)}: " if len(plan.approvals) > 1 else ""
        if approval.rule:
            say(f"{stage}approved by a rule of the action: {approval.rule}")
            continue
        say(f"{stage}needs the approval of {approval.who}, within {duration(approval.expires_in)}")
        for sentence in approval.terms:
            say(f"  {sentence}")
        if approval.asks:
            say(f"  who approves fills in: {', '.join(approval.asks)}")


def _print_other_steps(say: Say, plan: PlanView) -> None:
    """Steps that start no pipeline, and what dispatches get from earlier steps, as the plan has them."""
    steps = plan.document.get("steps")
    for step in steps if isinstance(steps, list) else []:
        if not isinstance(step, dict):
            continue
        given, late = step.get("given"), step.get("late")
        known = {**(given if isinstance(given, dict) else {}), **(late if isinstance(late, dict) else {})}
        if isinstance(given, dict):
            say(f"{step['path']}: {step['uses']} with {pairs(known)}")
        elif known:
            say(f"{step['path']} gets from earlier steps: {pairs(known)}")


def print_emergency(say: Say, plan: PlanView) -> None:
    """What an emergency passes over, and who confirms it."""
    if plan.break_glass is None:
        return
    past = "; ".join(f"{one.count} of {' or '.join(one.needed_from)}" for one in plan.break_glass.past)
    say(f"EMERGENCY: goes past the approval of {past or 'nobody, as nothing needs approval here'}")
    if plan.break_glass.second is None:
        say("EMERGENCY: no second person confirms it; everybody it concerns is told, and it is reviewed afterwards")


def print_locks(say: Say, lock: PlannedLock | None) -> None:
    """Who has what it needs."""
    for key in lock.keys if lock else []:
        waiting = f", {key.queued} waiting" if key.queued else ""
        say(f"takes the lock {key.key}{f', now {key.text}' if key.text != 'free' else ''}{waiting}")


def print_changes(say: Say, changes: Sequence[PlannedChange]) -> None:
    """Before and after of each entity, by property."""
    for change in changes:
        if change.before is None:
            say(f"makes {change.entity}")
        before, after = flat(change.before or {}), flat(change.after)
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                say(f"{change.entity}  {name}: {before.get(name, '–')} → {after.get(name, '–')}")


def print_differences(say: Say, differences: Sequence[Difference], previous: str | None) -> None:
    """Inputs that are others than the last time."""
    for one in differences:
        say(f"other than in {previous or 'the last run'}: {one.field}: {word(one.before)} → {word(one.after)}")


def flat(document: Mapping[str, JsonValue], prefix: str = "") -> dict[str, str]:
    """{'properties': {'version': 1}} → {'properties.version': '1'}."""
    found: dict[str, str] = {}
    for name, value in document.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{name}.")
        else:
            found[f"{prefix}{name}"] = word(value)
    return found


def pairs(inputs: Mapping[str, JsonValue]) -> str:
    return ", ".join(f"{name}={word(value)}" for name, value in inputs.items()) or "no inputs"


def word(value: JsonValue) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(word(item) for item in value)
    return str(value)
