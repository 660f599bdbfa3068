"""One of the example people, with a session of her own, doing what she would do on the page."""

import time
from collections.abc import Callable
from typing import Self

from pydantic import JsonValue

from daytwo_api.views.actions import FormView
from daytwo_api.views.approvals import ApprovalView, DecisionAnswer
from daytwo_api.views.catalog import EntityView
from daytwo_api.views.common import Page
from daytwo_api.views.runs import RunAccepted, RunSummary, RunView
from daytwo_api.views.tasks import CompleteAnswer, TaskSummary, TaskView
from daytwo_cli.client.api import Api, new_key
from daytwo_cli.client.events import watch
from daytwo_cli.client.server import Server
from daytwo_cli.demo.steps import StoryBroken
from daytwo_cli.flows.follow import Story, Taste
from daytwo_cli.tools import Tools

_PATIENCE = 180.0  # seconds that a run may take here


class Person:
    """Signed in as `name`. Everything goes over HTTP."""

    def __init__(self, name: str, api: Api, tools: Tools) -> None:
        self.name = name
        self._api = api
        self._tools = tools

    @classmethod
    def sign_in(cls, name: str, page: str, tools: Tools) -> Self:
        door = Api(Server(url=page))
        try:
            login = door.sign_in(name)
        finally:
            door.close()
        return cls(name.capitalize(), Api(Server(url=page, login=login)), tools)

    def sign_out(self) -> None:
        self._api.delete("/session")
        self._api.close()

    def deploy(self, version: str, environment: str) -> RunView:
        """Fill in the form of `deploy` for the shop, and start it."""
        answers: dict[str, JsonValue] = {"version": version, "environment": f"environment:{environment}"}
        asked: dict[str, JsonValue] = {"entity": "service:shop", "answers": answers}
        form = self._api.post("/actions/deploy/form", FormView, asked, reads=True).view
        if form.errors:
            raise StoryBroken(f"the form refuses {answers}: {form.errors[0].detail}")
        body: dict[str, JsonValue] = {"entity": "service:shop", "inputs": dict(form.data), "version": form.version}
        accepted = self._api.post("/actions/deploy/runs", RunAccepted, body, key=new_key()).view
        self._tools.out.line(f"   {self.name} starts {accepted.id}: deploy shop {version} to {environment}")
        return self.run(accepted.id)

    def undo(self, run: str) -> RunView:
        accepted = self._api.post(
            f"/runs/{run}/undo", RunAccepted, {"reason": "The cart is wrong."}, key=new_key()
        ).view
        self._tools.out.line(f"   {self.name} starts {accepted.id}: undo {run}")
        return self.run(accepted.id)

    def latest(self, action: str) -> RunView | None:
        """The newest run of an action."""
        found = self._api.get("/runs", Page[RunSummary], {"action": action, "limit": 1}).view.items
        return self.run(found[0].id) if found else None

    def tasks(self) -> list[TaskSummary]:
        """What Daytwo asks of this person by hand."""
        return self._api.get("/tasks", Page[TaskSummary], {"mine": True}).view.items

    def do(self, task: str, answers: dict[str, JsonValue], words: str) -> TaskView:
        """Take it, look at what is to be done, say that it is done."""
        self._api.post(f"/tasks/{task}/claim", TaskView, {})
        return self._api.post(f"/tasks/{task}/complete", CompleteAnswer, {"answers": answers, "words": words}).view.task

    def run(self, run: str) -> RunView:
        return self._api.get(f"/runs/{run}", RunView).view

    def runs(self) -> list[RunView]:
        """All runs, with everything about them."""
        found = self._api.get("/runs", Page[RunSummary], {"limit": 200}).view.items
        return [self.run(one.id) for one in found]

    def entity(self, ref: str) -> EntityView:
        return self._api.get(f"/entities/{ref.replace(':', '/', 1)}", EntityView).view

    def approval_of(self, run: RunView) -> ApprovalView:
        """The sealed plan that waits for a decision. Raises StoryBroken when nothing waits."""
        pending = [one for one in run.approvals if one.state == "pending"]
        if len(pending) != 1:
            raise StoryBroken(f"{run.id} waits for {len(pending)} approvals, and should wait for one ({run.text})")
        return self._api.get(f"/approvals/{pending[0].id}", ApprovalView).view

    def approve(self, approval: ApprovalView) -> DecisionAnswer:
        """Exactly the digest that was read. Raises Refused when the server says no."""
        body = {"verdict": "approve", "digest": approval.digest, "comment": "Seen."}
        return self._api.post(f"/approvals/{approval.id}/decision", DecisionAnswer, body).view

    def wait(self, run: str, until: Callable[[RunView], bool]) -> RunView:
        """Follow a run, printing what happens, until it is as wanted or has ended. Raises StoryBroken after 3 min."""
        story = Story(self._tools, Taste())
        deadline = time.monotonic() + _PATIENCE
        for event in watch(self._api, run, lost=story.lost):
            story.tell(event)
            if event.name == "run" and until(RunView.model_validate_json(event.data)):
                break
            if time.monotonic() > deadline:
                now = self.run(run)
                waits = now.waits.text if now.waits else now.text
                raise StoryBroken(f"{run} does not get on: after {_PATIENCE:.0f} s it is {now.state} ({waits})")
        self._tools.out.finish()
        return self.run(run)
