"""The runners of this stand-in, and what they are told."""

import dataclasses

from daytwo_standins.argo.config import Config, NamespaceSettings
from daytwo_standins.argo.endings import failed
from daytwo_standins.argo.interpreter.phases import WorkflowPhase
from daytwo_standins.argo.interpreter.workflow import State, state_from
from daytwo_standins.argo.plans import Plan
from daytwo_standins.argo.runs import Run
from daytwo_standins.shared.launcher import Launcher, States, steps_path


def runners() -> Launcher[State]:
    """Starts the runners of workflows."""
    states = States(load=state_from, dump=State.to_json, ended=lambda state: state.ended, failed=failed)
    return Launcher("daytwo_standins.argo.runner", states)


class Planner:
    """Makes plans."""

    def __init__(self, config: Config) -> None:
        self._grace = config.grace
        self._namespaces = {one.name: one for one in config.namespaces}

    def __call__(self, run: Run) -> Plan:
        """What the runner of a workflow is told. A namespace that left the configuration offers nothing any more."""
        settings: NamespaceSettings | None = self._namespaces.get(run.accepted.namespace)
        secrets = settings.secrets if settings else {}
        begin = dataclasses.replace(run.state, phase=WorkflowPhase.UNKNOWN, message="", started_at=None)
        return Plan(
            workflow=run.workflow,
            state=begin,
            path=steps_path(),
            grace=self._grace,
            config_maps=settings.config_maps if settings else {},
            secrets={name: {key: str(file) for key, file in keys.items()} for name, keys in secrets.items()},
        )
