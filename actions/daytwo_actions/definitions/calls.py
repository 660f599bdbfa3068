"""Actions that run others: whether those are there, take what they are given, and do not come back to the first."""

from collections.abc import Iterator, Mapping, Sequence

from daytwo_actions.definitions.errors import Problem
from daytwo_actions.definitions.load import ActionVersion
from daytwo_actions.definitions.steps.action import Call, CallStep
from daytwo_actions.definitions.steps.foreach import Each
from daytwo_actions.expressions import did_you_mean


def call_problems(actions: Mapping[str, ActionVersion]) -> Iterator[Problem]:
    """Of all actions of a company together."""
    for version in actions.values():
        for number, step in enumerate(version.model.spec.steps):
            for place, call in step.calls.items() if isinstance(step, CallStep) else ():
                yield from _called(version, call, f"/spec/steps/{number}/{place}", actions)


def called_by(version: ActionVersion) -> list[str]:
    steps = [step for step in version.model.spec.steps if isinstance(step, CallStep)]
    return [call.action for step in steps for call in step.calls.values()]


def _called(
    version: ActionVersion, call: Call, pointer: str, actions: Mapping[str, ActionVersion]
) -> Iterator[Problem]:
    document, name = version.source, call.action
    other = actions.get(name)
    if other is None:
        near = did_you_mean(name, actions) or "Write it, or take the step out."
        yield document.problem(f"{pointer}/action", f"There is no action `{name}`", near)
        return
    circle = _circle(version.name, name, actions)
    if circle is not None:
        way = " → ".join(f"`{one}`" for one in circle)
        yield document.problem(f"{pointer}/action", f"It calls itself: {way}", "Break the circle.")
        return
    for field in call.inputs:
        if field not in other.form.fields:
            close = did_you_mean(field, other.form.fields)
            yield document.problem(f"{pointer}/inputs/{field}", f"`{name}` has no field `{field}`", close, at_key=True)
        elif other.form.fields[field].secret:
            message = f"`{field}` of `{name}` is secret, and a definition cannot give it"
            yield document.problem(f"{pointer}/inputs/{field}", message, "Leave it out.", at_key=True)
    for field, spec in other.form.fields.items():
        if spec.required is True and spec.default is None and field not in call.inputs:
            message = f"`{name}` needs its field `{field}`"
            yield document.problem(f"{pointer}/inputs", message, "Give it under `inputs`.", at_key=True)
    yield from _target(version, call, pointer, other)


def _target(version: ActionVersion, call: Call, pointer: str, other: ActionVersion) -> Iterator[Problem]:
    wants, has = other.model.spec.target, version.model.spec.target
    targets = call.targets if isinstance(call, Each) else None
    if wants is None and call.entity is not None:
        message = f"`{other.name}` has no target"
        yield version.source.problem(f"{pointer}/entity", message, "Leave `entity` out.", at_key=True)
    elif wants is None and targets is not None:
        message = f"`{other.name}` has no target, so it would not know which of them it is about"
        yield version.source.problem(f"{pointer}/targets", message, "Give it a `target`.", at_key=True)
    elif wants is not None and call.entity is None and targets is not None and targets.kind != wants.kind:
        message = f"`{other.name}` needs a {wants.kind}, and these are of the kind {targets.kind}"
        yield version.source.problem(f"{pointer}/targets/kind", message, "Say which: `entity: …`.")
    elif wants is not None and call.entity is None and targets is None and (has is None or has.kind != wants.kind):
        message = f"`{other.name}` needs a {wants.kind}"
        yield version.source.problem(pointer, message, "Say which: `entity: …`.", at_key=True)


def _circle(start: str, first: str, actions: Mapping[str, ActionVersion]) -> Sequence[str] | None:
    """The way back to the start, if there is one."""
    todo: list[tuple[str, ...]] = [(start, first)]
    seen: set[str] = set()
    while todo:
        way = todo.pop()
        if way[-1] == start:
            return way
        if way[-1] in seen or way[-1] not in actions:
            continue
        seen.add(way[-1])
        todo += [(*way, name) for name in called_by(actions[way[-1]])]
    return None
