"""The detached runner: carries one workflow to its end, whoever else dies meanwhile.

``python -m daytwo_standins.argo.runner ATTEMPT_DIR``. Reads ``plan.json`` and ``commands/``; writes ``state.json``,
``replies/`` and ``logs/``. ``lock`` is held as long as it lives, ``started`` makes a second start impossible.
Standard library only: it has to start quickly and to depend on nothing.
"""

import json
import select
import shutil
import sys
import time
from pathlib import Path

from daytwo_standins.argo import commands
from daytwo_standins.argo.interpreter.controls import ControlError, control
from daytwo_standins.argo.interpreter.machine import Machine, PodResult
from daytwo_standins.argo.interpreter.operation import Start
from daytwo_standins.argo.plans import Plan, plan_from
from daytwo_standins.argo.pod_command import PodError
from daytwo_standins.argo.pods import Pod
from daytwo_standins.shared import processes
from daytwo_standins.shared.files import claim, held, read_json, write_json

_PAUSE = 0.05


class Runner:
    """One attempt, from its plan to its end."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._machine = Machine(plan.workflow, plan.state)
        self._pods: dict[str, Pod] = {}
        self._keep_results = ".outputs.result" in json.dumps(plan.workflow.spec)

    def run(self) -> None:
        """Look, start, listen, until the workflow has ended; then publish the end."""
        changed = True
        while not self._machine.state.ended:
            changed = self._obey() or changed or self._due()
            changed = changed and self._operate()
            changed = self._listen() or changed
        processes.end_descendants()
        shutil.rmtree(self._folder / "work", ignore_errors=True)
        write_json(self._folder / "state.json", self._machine.state.to_json(), durable=True)

    def _operate(self) -> bool:
        """Let the machine decide; whether it has to look again, since something could not even be started."""
        begun = [self._start(start) for start in self._machine.operate(time.time())]
        for number, why in self._machine.stops(time.time()).items():
            self._pods[number].stop(why)
        if not self._machine.state.ended:
            write_json(self._folder / "state.json", self._machine.state.to_json())
        return not all(begun)

    def _start(self, start: Start) -> bool:
        try:
            self._pods[start.node_id] = Pod(
                start,
                folder=self._folder / "work" / start.node_id,
                plan=self._plan,
                log=self._folder / "logs" / f"{start.node_id}.log",
                keep_result=self._keep_results,
            )
        except (PodError, OSError) as error:
            self._machine.pod_ended(start.node_id, PodResult(exit_code=None, trouble=str(error)), time.time())
            return False
        self._machine.pod_started(start.node_id, time.time())
        return True

    def _listen(self) -> bool:
        """Wait a little for the pods; whether one has ended."""
        if self._machine.state.ended:
            return False
        handles = [handle for pod in self._pods.values() for handle in pod.handles]
        if handles:
            select.select(handles, [], [], _PAUSE)
        else:
            time.sleep(_PAUSE)
        ended = False
        for number, pod in list(self._pods.items()):
            result = pod.look()
            if result is not None:
                del self._pods[number]
                self._machine.pod_ended(number, result, time.time())
                ended = True
        if not self._pods:
            processes.reap_orphans(0)
        return ended

    def _due(self) -> bool:
        coming = self._machine.next_at()
        return coming is not None and time.time() >= coming

    def _obey(self) -> bool:
        """Carry out the commands that have come; whether there was one."""
        state, found = self._machine.state, False
        while (told := commands.command(self._folder, state.applied + 1)) is not None:
            found, answer = True, {}
            try:
                control(state, told["verb"], told["told"], time.time())
            except ControlError as error:
                answer = {"code": error.code, "message": str(error)}
            state.applied += 1
            write_json(self._folder / "state.json", state.to_json())
            commands.reply(self._folder, state.applied, answer)
        return found


def main(arguments: list[str]) -> int:
    """Run the attempt in the folder named by the one argument; 0 also when somebody else runs or ran it."""
    folder = Path(arguments[0]).resolve()
    data = read_json(folder / "plan.json")
    if data is None:
        sys.stderr.write(
            f"{folder} has no plan.json: nothing was executed. The stand-in writes it before it starts us.\n"
        )
        return 2
    with held(folder / "lock"):
        if claim(folder / "started"):
            processes.become_subreaper()
            Runner(folder, plan_from(data)).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
