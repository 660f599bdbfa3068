"""The detached runner: executes one job with gitlab-ci-local and writes down what happens, whoever else dies meanwhile.

``python -m daytwo_standins.gitlab.runner JOB_DIR``. Reads ``plan.json``; writes ``state.json``, ``trace`` and
``artifacts/``. ``lock`` is held as long as it lives, ``started`` makes a second start impossible, ``cancel.json`` asks
it to stop. Standard library only: it has to start quickly and to depend on nothing.
"""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from daytwo_standins.gitlab.command import environment, run_arguments
from daytwo_standins.gitlab.records import Plan, Report, Status, plain, plan_from
from daytwo_standins.gitlab.trace import Trace
from daytwo_standins.shared import checkout, processes
from daytwo_standins.shared.files import claim, held, read_json, write_json
from daytwo_standins.shared.launcher import LEFTOVERS
from daytwo_standins.shared.lines import LineReader
from daytwo_standins.shared.stopping import Stopper

_PROMPT = "<gclShellPromptPlaceholder>"  # what gitlab-ci-local 4.75 leaves when a job prints no line break before it
_CODE = re.compile(r"finished in .* (?:FAIL|WARN) (\d+)\s*$")  # WARN: it may fail


class Runner:
    """One job, from its plan to its end."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._folder = folder
        self._plan = plan
        self._trace = Trace(folder / "trace", stamps=plan.stamps)
        self._began = time.time()
        self._code = 0
        self._summary = False

    def run(self) -> None:
        """Execute, keep the artifacts, publish the end, clean up."""
        self._publish(Report(status=Status.RUNNING, started_at=self._began))
        self._trace.begin(self._began)
        error, reason, status = "", "", Status.SUCCESS
        try:
            cancelled = self._execute()
        except (OSError, subprocess.SubprocessError) as problem:
            error, reason, status = f"Job failed (system failure): {problem}", "runner_system_failure", Status.FAILED
        else:
            if cancelled:
                error, status = "Job failed: canceled", Status.CANCELED
            elif self._code:
                error, reason, status = f"Job failed: exit status {self._code}", "script_failure", Status.FAILED
        now = time.time()
        self._trace.end(now, error=error)
        for name in LEFTOVERS:
            shutil.rmtree(self._folder / name, ignore_errors=True)
        end = Report(status=status, started_at=self._began, finished_at=now, failure_reason=reason)
        self._publish(end, durable=True)

    def _execute(self) -> bool:
        """Run the job to its end; True when it was cancelled."""
        if self._plan.missing:
            raise OSError(self._plan.missing)
        work = self._work_tree()
        self._trace.section("step_script", 'Executing "step_script" stage of the job script', time.time())
        file = f"../{self._plan.config_file}"
        process = subprocess.Popen(
            run_arguments(
                node=self._plan.node,
                script=self._plan.script,
                file=file,
                job=self._plan.job,
                variables=self._plan.variables,
            ),
            cwd=work,
            env=environment(self._folder, self._plan.path),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=processes.end_with_parent,
        )
        stopper = Stopper(self._folder, process, self._plan.grace)
        self._follow(process, stopper)
        code = process.wait()
        processes.end_descendants()
        if code != 0 and not self._code and not stopper.asked:
            raise OSError(f"gitlab-ci-local ended with {code} before the job was done")
        self._keep_artifacts(work)
        return stopper.asked

    def _work_tree(self) -> Path:
        plan = self._plan
        work = self._folder / "work"
        checkout.work_tree(source=plan.source, commit=plan.head_sha, target=work, path=plan.path, origin=plan.remote)
        (self._folder / plan.config_file).write_bytes((self._folder.parent / plan.config_file).read_bytes())
        self._trace.note(f"Checking out {plan.head_sha[:8]} as detached HEAD...", time.time())
        kept = work / ".gitlab-ci-local" / "artifacts"
        for folder in plan.earlier:
            for found in Path(folder, "artifacts").glob("*"):
                shutil.copytree(found, kept / found.name, dirs_exist_ok=True, symlinks=True)
                shutil.copytree(found, work, dirs_exist_ok=True, symlinks=True, ignore=_reports)
        self._known = {path.name for path in kept.glob("*")}
        return work

    def _follow(self, process: subprocess.Popen[bytes], stopper: Stopper) -> None:
        assert process.stdout is not None
        reader = LineReader(process.stdout.fileno())
        while not reader.ended:
            for line in reader.read(0.1):
                self._take(line.decode(errors="replace"), time.time())
            stopper.look()
            processes.reap_orphans(process.pid)
            if process.poll() is not None and reader.idle:
                break  # a job that daemonised still holds the pipe; gitlab-ci-local itself has said everything

    def _take(self, line: str, now: float) -> None:
        """One line of gitlab-ci-local: what the job printed, a command, or a remark of its own."""
        name = self._plan.job
        if line.strip() in {f"PASS  {name}", f"FAIL  {name}", f"WARN  {name}"}:
            self._summary = True  # the last lines are repeated after it
        found = _CODE.search(line)
        if found:
            self._code = int(found[1])
        if self._summary or not line.startswith(f"{name} "):
            if not self._summary and line.startswith((name, "Error", "YAMLException")):
                self._trace.note(line, now)
            return
        rest = line.removeprefix(f"{name} ")
        if rest.startswith("> "):
            text, prompt, command = rest[2:].partition(_PROMPT)
            self._trace.output(text, now)
            if prompt:
                self._trace.command(command.strip(), now)
        elif rest.startswith("$ "):
            self._trace.command(rest[2:], now)
        elif rest.startswith("Running after script"):
            self._trace.section("after_script", "Running after_script", now)

    def _keep_artifacts(self, work: Path) -> None:
        for path in sorted((work / ".gitlab-ci-local" / "artifacts").glob("*")):
            if path.name not in self._known:
                shutil.copytree(path, self._folder / "artifacts" / path.name, symlinks=True)

    def _publish(self, report: Report, *, durable: bool = False) -> None:
        write_json(self._folder / "state.json", plain(report), durable=durable)


def _reports(_folder: str, names: list[str]) -> list[str]:
    """gitlab-ci-local keeps reports beside artifacts; they are no files of the work tree."""
    return [name for name in names if name == ".gitlab-ci-reports"]


def main(arguments: list[str]) -> int:
    """Run the job in the folder named by the one argument; 0 also when somebody else runs or ran it."""
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
