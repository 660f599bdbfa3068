"""Deciding: read the sealed plan, say yes to exactly its digest."""

from dataclasses import dataclass, field

import yaml
from pydantic import JsonValue

from daytwo_api.views.approvals import ApprovalView, DecisionAnswer, DecisionView, PipelineChanges
from daytwo_api.views.runs import RunView
from daytwo_cli.client.api import Api, new_key
from daytwo_cli.errors import CliError, Declined, Usage
from daytwo_cli.flows.form import Filling, fields_of, fill
from daytwo_cli.show.approval import print_beside, print_filled, print_open, print_pipelines
from daytwo_cli.show.plan import pairs, print_differences, word
from daytwo_cli.show.words import at
from daytwo_cli.tools import Tools


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was said on the command line. Without a digest it is the one that is read and shown."""

    word: str
    digest: str | None
    comment: str
    answers: dict[str, JsonValue] = field(default_factory=dict)  # what the stage asks to be filled in


def decide(tools: Tools, api: Api, approval: str, verdict: Verdict, *, yes: bool, as_json: bool) -> None:
    """Raises Usage without anybody to ask, Declined, Refused (four eyes, a changed plan, too late …)."""
    if not yes and not tools.asker.interactive:
        raise Usage(
            f"There is no terminal to ask, so nothing was decided. Add --yes to {verdict.word} without being asked."
        )
    found = api.get(f"/approvals/{of_run(api, approval)}", ApprovalView).view
    print_approval(tools, found)
    answers = _filled(tools, api, found, verdict, yes=yes)
    if not yes and not tools.asker.confirm(f"{verdict.word.capitalize()} exactly this?"):
        raise Declined("Nothing was decided.")
    body: dict[str, JsonValue] = {
        "verdict": verdict.word,
        "digest": verdict.digest or found.digest,
        "comment": verdict.comment,
        **({} if answers is None else {"answers": answers}),
    }
    answer = api.post(f"/approvals/{found.id}/decision", DecisionAnswer, body)
    if as_json:
        return tools.out.json(answer.text)
    repeated = " You had decided so before." if answer.view.repeated else ""
    return tools.out.state(answer.view.approval.state, answer.view.approval.text + repeated)


def _filled(
    tools: Tools, api: Api, approval: ApprovalView, verdict: Verdict, *, yes: bool
) -> dict[str, JsonValue] | None:
    """What is filled in with the decision; None where nothing is. Raises Usage when it is not complete."""
    if verdict.word != "approve" or not approval.asks or not approval.may_decide.allowed:
        return verdict.answers or None
    if approval.filled is not None:
        if verdict.answers:
            raise Usage(
                "This stage is filled in already, and who approves after that confirms exactly that. Nothing was "
                "decided. Leave --field out to confirm it, or reject it."
            )
        return dict(approval.filled)
    filling = Filling(api, f"/approvals/{approval.id}", {}, verdict.answers, "--field", "Nothing was decided")
    form = fill(filling, tools.asker, ask_optional=not yes)
    for one in fields_of(form):
        tools.asker.say(f"{one.title}: {word(form.data.get(one.name))}")
    return dict(form.data)


def print_approval(tools: Tools, approval: ApprovalView) -> None:
    """Everything that one needs to decide, in full for whoever may; part of the conversation, not of the result."""
    say = tools.asker.say
    about = f" on {approval.entity}" if approval.entity else ""
    if approval.unusual:
        say(f"{approval.unusual}.")
    say(f"{approval.action_title}{about}, asked for by {approval.requester.name}")
    say(f"with {pairs(approval.inputs)}")
    if approval.comment:
        say(f"because: {approval.comment}")
    print_differences(say, approval.differences, approval.previous_run)
    print_differences(say, approval.drift, "the plan that was approved before")
    print_beside(say, approval)
    for stage in approval.all_stages if approval.stages > 1 else ():
        say(f"stage {stage.number} of {approval.stages}: {stage.text}")
    say(f"Needs {approval.who}; expires {at(approval.expires_at)} UTC.")
    for sentence in approval.terms:
        say(sentence)
    say(approval.edited)
    print_filled(say, approval)
    print_open(say, approval)
    for entry, names in approval.on_call.items():
        say(f"On call now ({entry.partition('@')[2]}): {', '.join(names) or 'nobody'}")
    for one in approval.decisions:
        say(decision_words(one))
    for comment in approval.comments:
        say(f"{at(comment.at)} {comment.by.name}: {comment.text}")
    if approval.decides_for:
        say(f"You decide for {approval.decides_for.name}.")
    if not approval.may_decide.allowed:
        return
    say("The sealed plan; nothing else will be sent:")
    document = yaml.safe_dump(dict(approval.sealed), sort_keys=False, allow_unicode=True, width=100)
    say("\n".join(f"  {line}" for line in document.splitlines()))
    say(f"Its digest: {approval.digest}")


def decision_words(one: DecisionView) -> str:
    """'09:30 Fay, for Sam, approved: fine (taken back 09:40)'."""
    who = one.by.name if one.by else "a rule of the action"
    lent = f", for {one.on_behalf_of.name}," if one.on_behalf_of else ""
    theirs = (("own request", one.own_request), ("own edit", one.own_edit), ("own values", one.own_values))
    own = "".join(f", {what}," for what, is_so in theirs if is_so)
    said = f": {one.comment}" if one.comment else ""
    gone = f" (taken back {at(one.taken_back_at)})" if one.taken_back_at else ""
    return f"{at(one.at)} {who}{lent}{own} {'approved' if one.verdict == 'approve' else 'rejected'}{said}{gone}"


def show(tools: Tools, api: Api, approval: str, *, as_json: bool) -> None:
    """One approval in full."""
    found = api.get(f"/approvals/{of_run(api, approval)}", ApprovalView)
    if as_json:
        return tools.out.json(found.text)
    print_approval(tools, found.view)
    changes = api.get(f"/approvals/{found.view.id}/pipelines", PipelineChanges).view  # asks the CI systems
    print_pipelines(tools.asker.say, changes.items)
    return tools.out.state(found.view.state, found.view.text)


def say(tools: Tools, api: Api, approval: str, text: str) -> None:
    """Comment without deciding."""
    where = of_run(api, approval)
    api.post(f"/approvals/{where}/comments", ApprovalView, {"text": text}, key=new_key())
    tools.out.line(f"Written beside {where}. It decides nothing.")


def hand_on(tools: Tools, api: Api, approval: str, to: str, reason: str) -> None:
    where = of_run(api, approval)
    body = {"to": to if ":" in to else f"person:{to}", "reason": reason}
    answer = api.post(f"/approvals/{where}/delegate", ApprovalView, body, key=new_key()).view
    tools.out.line(f"{body['to']} may decide on {where} for you until {at(answer.expires_at)} UTC.")


def take_back(tools: Tools, api: Api, approval: str) -> None:
    api.delete(f"/approvals/{approval}/decision")
    view = api.get(f"/approvals/{approval}", ApprovalView).view
    tools.out.state(view.state, f"Your approval is taken back. {view.text}")


def of_run(api: Api, given: str) -> str:
    """An approval is called a_…; for a run it is its pending one."""
    if not given.startswith("r_"):
        return given
    run = api.get(f"/runs/{given}", RunView).view
    pending = [approval.id for approval in run.approvals if approval.state == "pending"]
    if not pending:
        raise CliError(
            f"{given} waits for no approval ({run.text}), so nothing was decided. See what it does wait for: "
            f"daytwo show {given}. What you may decide: daytwo approvals."
        )
    return pending[0]
