"""Doing a task: read what is to be done, fill in what it asks for, say that it is done."""

from collections.abc import Callable

from pydantic import JsonValue

from daytwo_api.views.tasks import CompleteAnswer, TaskView
from daytwo_cli.client.api import Api
from daytwo_cli.errors import Declined, Usage
from daytwo_cli.flows.form import Filling, fields_of, fill
from daytwo_cli.show.plan import word
from daytwo_cli.show.words import at
from daytwo_cli.tools import Tools

_UNDONE = "Nothing was changed"
_FOUR_EYES = "and not by who asked for the run, nor by who last changed the action's file"


def complete(
    tools: Tools, api: Api, task: str, answers: dict[str, JsonValue], words: str, *, yes: bool, as_json: bool
) -> None:
    """Raises Usage without anybody to ask, Declined, Refused."""
    if not yes and not tools.asker.interactive:
        raise Usage(f"There is no terminal to ask, so nothing was changed. Add --yes to complete {task} without it.")
    found = api.get(f"/tasks/{task}", TaskView).view
    print_task(tools.asker.say, found)
    if found.asks and found.may_do.allowed:
        filling = Filling(api, f"/tasks/{task}", {}, answers, "--field", _UNDONE)
        form = fill(filling, tools.asker, ask_optional=not yes)
        answers = dict(form.data)
        for one in fields_of(form):
            said = "(secret)" if one.schema.get("writeOnly") else word(answers.get(one.name))
            tools.asker.say(f"{one.title}: {said}")
    if not yes and not tools.asker.confirm("Is it done?"):
        raise Declined(f"{_UNDONE}.")
    body: dict[str, JsonValue] = {"answers": answers, "words": words}
    answer = api.post(f"/tasks/{task}/complete", CompleteAnswer, body)
    if as_json:
        return tools.out.json(answer.text)
    repeated = " You had said so before." if answer.view.repeated else ""
    return tools.out.state(answer.view.task.state, answer.view.task.text + repeated)


def print_task(say: Callable[[str], None], task: TaskView) -> None:
    about = f" on {task.entity}" if task.entity else ""
    say(f"{task.action_title}{about}, step {task.step} of run {task.run}, asked for by {task.requester.name}")
    if task.instructions:
        say("\n".join(f"  {line}" for line in task.instructions.splitlines()))
    say(f"{task.text}; over at {at(task.ends_at)} UTC.")
    say(f"It is done by {task.who}{f', {_FOUR_EYES}' if task.four_eyes else ''}.")
    for one in task.left:
        say(f"{'evidence' if one.evidence else 'filled in'}: {one.title}: {word(one.value)}")
    if task.words:
        say(f"{task.settled_by.name if task.settled_by else 'somebody'}: {task.words}")
    if task.does_for:
        say(f"You do it for {task.does_for.name}.")
    if not task.may_do.allowed:
        say(task.may_do.why_not or "You may not do it.")
