"""From a command line to an accepted run: form, plan, yes, start."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from daytwo_api.views.actions import ActionView, PlanView
from daytwo_api.views.catalog import EntitySearch, EntitySummary
from daytwo_api.views.common import Page
from daytwo_api.views.runs import RunAccepted
from daytwo_cli.ask.asker import Choice
from daytwo_cli.client.api import Answer, Api, new_key
from daytwo_cli.errors import Declined, Usage
from daytwo_cli.exits import Exit
from daytwo_cli.flows.follow import Taste, follow_to_end
from daytwo_cli.flows.form import Filling, fill, inputs_of, titles_of
from daytwo_cli.show.plan import print_plan
from daytwo_cli.tools import Tools


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What was on the command line."""

    action: str
    entity: str | None
    answers: dict[str, JsonValue]
    reason: str
    key: str | None
    yes: bool
    break_glass: bool = False


def submit(tools: Tools, api: Api, asked: Asked, *, follow: bool, as_json: bool) -> Exit:
    """Start a run, and stay with it if asked to. Raises Usage, Refused, Unreachable."""
    if not asked.yes and not tools.asker.interactive:
        raise Usage(
            "There is no terminal to ask whether to start, so nothing was sent. Add --yes to start without asking."
        )
    if asked.break_glass and not asked.reason.strip():
        raise Usage("Say with --reason why it cannot wait for its approval. Nothing was sent.")
    action = api.get(f"/actions/{asked.action}", ActionView, {"entity": asked.entity}).view
    entity = asked.entity or _entity(tools, api, action)
    filling = Filling(api, f"/actions/{asked.action}", {"entity": entity}, dict(asked.answers))
    form = fill(filling, tools.asker, ask_optional=not asked.yes)
    titles = titles_of(form)
    body: dict[str, JsonValue] = {"entity": entity, "inputs": inputs_of(form, filling), "version": form.version}
    body["comment"] = asked.reason
    if asked.break_glass:
        body["break_glass"] = True
    if not asked.yes:
        plan = api.post(f"/actions/{asked.action}/plan", PlanView, body, reads=True, titles=titles).view
        print_plan(tools.asker.say, plan)
        if plan.approvals and not asked.reason:
            body["comment"] = tools.asker.text("Why, for who decides (optional, Enter to skip)")
        if not tools.asker.confirm(f"{action.title}: start this?"):
            raise Declined("Nothing was started.")
    key = asked.key or new_key()
    started = api.post(f"/actions/{asked.action}/runs", RunAccepted, body, key=key, titles=titles)
    return after_start(tools, api, started, follow=follow, as_json=as_json)


def show_plan(tools: Tools, api: Api, asked: Asked, *, at: datetime | None, as_json: bool) -> None:
    """What would happen, now or at another time. Nothing is started."""
    action = api.get(f"/actions/{asked.action}", ActionView, {"entity": asked.entity}).view
    entity = asked.entity or _entity(tools, api, action)
    filling = Filling(api, f"/actions/{asked.action}", {"entity": entity}, dict(asked.answers))
    form = fill(filling, tools.asker, ask_optional=False)
    body: dict[str, JsonValue] = {"entity": entity, "inputs": inputs_of(form, filling), "version": form.version}
    if at is not None:
        body["at"] = at.isoformat()
    found = api.post(f"/actions/{asked.action}/plan", PlanView, body, reads=True, titles=titles_of(form))
    return tools.out.json(found.text) if as_json else print_plan(tools.out.line, found.view)


def after_start(tools: Tools, api: Api, started: Answer[RunAccepted], *, follow: bool, as_json: bool) -> Exit:
    """Say where it is; stay with it if asked to."""
    run = started.view
    if as_json and not follow:
        tools.out.json(started.text)
        return Exit.SUCCESS
    again = " (it had been started before, by the same key)" if run.repeated else ""
    tools.out.note(f"Run {run.id}{again}: {run.url}")
    if run.held:
        tools.out.note(f"It {run.held}.")
    if follow:
        return follow_to_end(tools, api, run.id, taste=Taste(quiet=as_json))
    tools.out.line(run.id)
    tools.out.note(f"Follow it: daytwo logs {run.id} -f")
    return Exit.SUCCESS


def _entity(tools: Tools, api: Api, action: ActionView) -> str | None:
    kind = action.target_kind
    if kind is None:
        return None
    if not tools.asker.interactive:
        raise Usage(f"{action.title} is about a {kind}, so nothing was sent. Add --entity {kind}:NAME.")

    def search(typed: str) -> list[Choice]:
        asked = EntitySearch(kind=kind, text=typed).model_dump(mode="json")
        found = api.post("/entities/search", Page[EntitySummary], asked, reads=True).view
        return [Choice(one.ref, one.title) for one in found.items]

    chosen = tools.asker.choose(kind.capitalize(), search)
    return str(chosen.value) if chosen else None
