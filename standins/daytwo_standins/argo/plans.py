"""What a runner is told: a workflow, where it stands, and what its pods may know."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from daytwo_standins.argo.interpreter.workflow import State, Workflow, state_from


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One attempt. Secrets are only named: the runner reads their files when a pod needs them."""

    workflow: Workflow
    state: State
    path: str  # of the pods
    grace: float  # seconds between SIGTERM and SIGKILL
    config_maps: Mapping[str, Mapping[str, str]]
    secrets: Mapping[str, Mapping[str, str]]  # paths of files


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """A record of it."""
    return dataclasses.asdict(plan)


def plan_from(data: dict[str, Any]) -> Plan:
    """A plan from its record."""
    return Plan(**{**data, "workflow": Workflow(**data["workflow"]), "state": state_from(data["state"])})
