"""Everywhere in a definition where people are asked: to approve something, or to do it."""

from collections.abc import Iterator

from daytwo_actions.definitions.approval_stage import ApprovalStage
from daytwo_actions.definitions.model import Spec
from daytwo_actions.definitions.steps.approval import ApprovalStep
from daytwo_actions.definitions.steps.foreach import ForeachStep
from daytwo_actions.definitions.steps.task import PeopleStep


def asked_stages(spec: Spec) -> Iterator[tuple[str, ApprovalStage]]:
    """With the pointer of each: before the run, and in the middle of it."""
    for number, stage in enumerate(spec.approval):
        yield f"/spec/approval/{number}", stage
    for number, step in enumerate(spec.steps):
        if isinstance(step, ApprovalStep):
            yield f"/spec/steps/{number}/with", step.with_.stage
        elif isinstance(step, PeopleStep):
            yield f"/spec/steps/{number}/with", step.asked.stage
        elif isinstance(step, ForeachStep) and step.with_.ask is not None:
            yield f"/spec/steps/{number}/with/ask", step.with_.ask.stage
