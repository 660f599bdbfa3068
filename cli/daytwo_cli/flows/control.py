"""Cancel, withdraw, undo, resolve: one question, one request."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from daytwo_api.views.runs import RunAccepted, RunView
from daytwo_cli.client.api import Api, new_key
from daytwo_cli.errors import CliError, Declined, Usage
from daytwo_cli.exits import Exit
from daytwo_cli.flows.follow import Taste, follow_to_end
from daytwo_cli.flows.submit import after_start
from daytwo_cli.show.plan import pairs
from daytwo_cli.tools import Tools


def change(
    tools: Tools, api: Api, run: str, verb: str, body: Mapping[str, JsonValue], *, follow: bool, as_json: bool
) -> Exit:
    """One of the changes that answer with the run. Raises Refused, Unreachable."""
    answer = api.post(f"/runs/{run}/{verb}", RunView, body)
    if follow:
        return follow_to_end(tools, api, run, taste=Taste(quiet=as_json))
    if as_json:
        tools.out.json(answer.text)
    else:
        found = answer.view
        tools.out.state(found.state, found.waits.text if found.waits else found.reason or found.text)
    return Exit.SUCCESS


def undo_run(
    tools: Tools, api: Api, run: str, *, reason: str, key: str | None, yes: bool, follow: bool, as_json: bool
) -> Exit:
    """Raises Usage when there is nobody to ask, Declined, Refused with the server's reason."""
    if not yes:
        _confirm_undo(tools, api.get(f"/runs/{run}", RunView).view)
    started = api.post(f"/runs/{run}/undo", RunAccepted, {"reason": reason}, key=key or new_key())
    return after_start(tools, api, started, follow=follow, as_json=as_json)


def rerun(
    tools: Tools, api: Api, run: str, *, reason: str, key: str | None, yes: bool, follow: bool, as_json: bool
) -> Exit:
    """Raises Usage when there is nobody to ask, Declined, Refused with the server's reason."""
    if not yes:
        if not tools.asker.interactive:
            raise Usage("There is no terminal to ask, so nothing was sent. Add --yes to run it again without asking.")
        seen = api.get(f"/runs/{run}", RunView).view
        tools.asker.say(f"{seen.action_title}{f' on {seen.entity}' if seen.entity else ''} with {pairs(seen.inputs)}")
        if not tools.asker.confirm("Ask for the same again, by today's definition?"):
            raise Declined("Nothing was started.")
    started = api.post(f"/runs/{run}/rerun", RunAccepted, {"reason": reason}, key=key or new_key())
    return after_start(tools, api, started, follow=follow, as_json=as_json)


def _confirm_undo(tools: Tools, run: RunView) -> None:
    if not run.may.undo.allowed:
        raise CliError(f"Nothing was started: {run.may.undo.why_not}")
    if not tools.asker.interactive:
        raise Usage(
            "There is no terminal to ask whether to undo it, so nothing was sent. Add --yes to undo without asking."
        )
    tools.asker.say(f"{run.action_title}{f' on {run.entity}' if run.entity else ''} with {pairs(run.inputs)}")
    for one in run.changes:
        tools.asker.say(f"changed {one.entity}")
    if not tools.asker.confirm(f"Start the run that brings back what was there before {run.id}?"):
        raise Declined("Nothing was started.")


@dataclass(frozen=True, kw_only=True, slots=True)
class GateSaid:
    """What was said on the command line to a gate."""

    gate: str
    verdict: str
    comment: str


def answer_gate(tools: Tools, api: Api, run: str, said: GateSaid, *, key: str | None, yes: bool, as_json: bool) -> Exit:
    """Say go or stop where a run waits in the CI system. Raises Usage without anybody to ask, Declined, Refused."""
    if not yes:
        _confirm_answer(tools, api.get(f"/runs/{run}", RunView).view, said)
    body = {"verdict": said.verdict, "comment": said.comment}
    answer = api.post(f"/runs/{run}/gates/{said.gate}", RunView, body, key=key or new_key())
    if as_json:
        tools.out.json(answer.text)
    else:
        found = answer.view
        tools.out.state(found.state, found.waits.text if found.waits else found.reason or found.text)
    return Exit.SUCCESS


def _confirm_answer(tools: Tools, run: RunView, said: GateSaid) -> None:
    gate, verdict = said.gate, said.verdict
    found = next((one for one in run.gates if one.id == gate), None)
    if found is None:
        known = ", ".join(one.id for one in run.gates) or "none"
        raise CliError(f"Nothing of {run.id} waits at {gate}. It waits at: {known}. Nothing was sent.")
    if not tools.asker.interactive:
        raise Usage(f"There is no terminal to ask, so nothing was sent. Add --yes to say {verdict} without asking.")
    tools.asker.say(f"{run.action_title}{f' on {run.entity}' if run.entity else ''}: {found.text} ({found.title})")
    if not tools.asker.confirm(f"Say {verdict} there? It takes effect in the CI system at once."):
        raise Declined("Nothing was sent.")


def resolve_attempt(
    tools: Tools,
    api: Api,
    run: str,
    where: tuple[str | None, int | None],
    *,
    external: str | None,
    without_marker: bool,
    reason: str,
    as_json: bool,
) -> Exit:
    """Raises Usage when it is not clear which attempt is meant."""
    held = [
        (step.path, attempt.number)
        for step in api.get(f"/runs/{run}", RunView).view.steps
        for attempt in step.attempts
        if attempt.state == "held" and where[0] in (None, step.path) and where[1] in (None, attempt.number)
    ]
    if len(held) != 1:
        found = ", ".join(f"--step {step} --attempt {number}" for step, number in held) or "none"
        raise Usage(f"Which held attempt of {run} is meant? There are: {found}. Nothing was sent.")
    body: dict[str, JsonValue] = {
        "step": held[0][0],
        "attempt": held[0][1],
        "outcome": "did_not_run" if external is None else "ran",
        "external_run": external,
        "without_marker": without_marker,
        "reason": reason,
    }
    return change(tools, api, run, "resolve", body, follow=False, as_json=as_json)
