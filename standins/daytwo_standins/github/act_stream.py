"""act's ``--json`` lines become jobs, steps, logs and annotations.

What act writes was read off act 0.2.89: every line is an object with ``jobID``, ``matrix`` and ``msg``; a step's lines
have ``stage`` (Pre, Main, Post) and ``stepID`` (its id, else its place; longer inside a composite action);
``stepResult`` and ``jobResult`` end them; ``raw_output`` marks what the step printed; ``command`` a ``::command::``.
A step or job that is skipped is not mentioned at all.
"""

import json
import re
from typing import Any

from daytwo_standins.github.job_state import COMPLETE, SET_UP, JobState, first_line
from daytwo_standins.github.job_tree import JobTree
from daytwo_standins.github.local_actions import ONLY_OURS, is_ours
from daytwo_standins.github.records import Annotation, Conclusion, Level, PlannedStep
from daytwo_standins.github.shells import Heard

_LEVELS = {"error": Level.FAILURE, "warning": Level.WARNING, "notice": Level.NOTICE}
_CANCELLED = "this step has been cancelled"
_EXIT = re.compile(r"^exit status (\d+)$")
_SILENT = {"add-mask", "set-output", "set-env", "add-path", "save-state", "debug", "add-matcher", "summary"}


class ActStream:
    """Feeds a job tree from act's lines."""

    def __init__(self, tree: JobTree, heard: Heard) -> None:
        self._tree = tree
        self._heard = heard

    def feed(self, line: bytes, now: float) -> bool:
        """Take one line; True when a status has changed and should be published."""
        try:
            record = json.loads(line)
        except ValueError:
            return False
        if not isinstance(record, dict) or "jobID" not in record:
            return False
        if self._tree.is_carried(str(record["jobID"])):
            return False  # the empty step that stands in the file for a job that is not run again
        job = self._tree.running(str(record["jobID"]), record.get("matrix") or {}, now)
        if "jobResult" in record:
            self._tree.finish(job, Conclusion(record["jobResult"]), now)
            return True
        if "command" in record:
            self._command(job, record, now)
            return False
        if record.get("raw_output"):
            text = self._heard.without_mark(_plain(record["msg"]))
            if text is not None:
                job.say(text, now)
            return False
        return self._progress(job, record, now)

    def _progress(self, job: JobState, record: dict[str, Any], now: float) -> bool:
        number = _number(job, record)
        nested = len(record.get("stepID", ())) > 1
        message = str(record["msg"])
        if number is None:
            return False
        if "stepResult" in record:
            if nested or record.get("stage") == "Pre":
                return False
            job.step_end(number, Conclusion(record["stepResult"]), now)
            return True
        if message.startswith("⭐ Run "):
            return self._begin(job, number, record, now)
        if message == "Failed but continue next step":
            job.tolerated.add(number)
        elif record.get("level") == "error":
            self._error(job, number, record, now)
        return False

    def _begin(self, job: JobState, number: int, record: dict[str, Any], now: float) -> bool:
        if record.get("stage") == "Pre":
            return False
        text = str(record["msg"]).removeprefix("⭐ Run ").partition(" ")[2]
        planned = _planned(job, record)
        if len(record.get("stepID", ())) > 1:
            if planned is not None and not is_ours(planned.uses):
                _group(job, text, now)
            return False
        if record.get("stage") == "Main" and planned is not None:
            _introduce(job, planned, text, now)
        job.step_begin(number, _name(job, record), now)
        return True

    def _error(self, job: JobState, number: int, record: dict[str, Any], now: float) -> None:
        message = str(record["msg"])
        if message.startswith(_CANCELLED):
            job.step_end(number, Conclusion.CANCELLED, now)
            job.say("##[error]The operation was canceled.", now)
            return
        found = _EXIT.match(message)
        text = f"Process completed with exit code {found[1]}." if found else message
        if record.get("stage") == "Pre":
            number, text = 1, f"{text}. {ONLY_OURS}"
            job.step_end(1, Conclusion.FAILURE, now)
        job.say(f"##[error]{text}", now)
        if number not in job.tolerated:
            job.annotate(Annotation(level=Level.FAILURE, message=text))

    def _command(self, job: JobState, record: dict[str, Any], now: float) -> None:
        command, text = str(record["command"]), str(record.get("arg") or "")
        if command in _LEVELS:
            job.say(f"##[{command}]{text}", now)
            job.annotate(_annotation(_LEVELS[command], text, record.get("kvPairs") or {}))
        elif command == "set-output":
            step = str((record.get("stepID") or [""])[0])
            job.step_outputs.setdefault(step, {})[str(record.get("name"))] = text
        elif command == "group":
            job.say(f"##[group]{text}", now)
        elif command == "endgroup":
            job.say("##[endgroup]", now)
        elif command not in _SILENT:
            job.say(_plain(str(record.get("raw", text))), now)


def _number(job: JobState, record: dict[str, Any]) -> int | None:
    if record.get("step") == SET_UP:
        return 1
    count = len(job.plan.steps)
    if record.get("step") == COMPLETE:
        return 2 * count + 2
    place = _place(job, str((record.get("stepID") or [""])[0]))
    if place is None:
        return None
    # Post steps run in reverse, so the last step's comes first after the main ones.
    return place + 2 if record.get("stage") != "Post" else 2 * count + 1 - place


def _place(job: JobState, step_id: str) -> int | None:
    for place, step in enumerate(job.plan.steps):
        if step_id == (step.id or str(place)):
            return place
    return None


def _name(job: JobState, record: dict[str, Any]) -> str:
    said = str(record["step"])
    if record.get("stage") is None:
        return said
    planned = _planned(job, record)
    named = planned is not None and bool(planned.name)
    text = said if named else f"Run {first_line(said)}"
    return f"Post {text}" if record.get("stage") == "Post" else text


def _planned(job: JobState, record: dict[str, Any]) -> PlannedStep | None:
    place = _place(job, str((record.get("stepID") or [""])[0]))
    return None if place is None else job.plan.steps[place]


def _introduce(job: JobState, planned: PlannedStep, text: str, now: float) -> None:
    """The group with which GitHub's log of a step begins: the script, or the action and its inputs."""
    if planned.run:
        _group(job, planned.run if planned.name else text, now)
        return
    job.say(f"##[group]Run {planned.uses}", now)
    if planned.inputs:
        job.say("with:", now)
    for name, value in planned.inputs.items():
        job.say(f"  {name}: {value}", now)
    job.say("##[endgroup]", now)


def _group(job: JobState, text: str, now: float) -> None:
    job.say(f"##[group]Run {first_line(text)}", now)
    for line in text.splitlines():
        job.say(line, now)
    job.say("##[endgroup]", now)


def _annotation(level: Level, text: str, pairs: dict[str, str]) -> Annotation:
    line = _integer(pairs.get("line"), 1)
    return Annotation(
        level=level,
        message=text,
        title=str(pairs.get("title", "")),
        path=str(pairs.get("file", ".github")),
        line=line,
        end_line=_integer(pairs.get("endLine"), line),
        column=_integer(pairs.get("col"), 0) or None,
    )


def _integer(text: str | None, otherwise: int) -> int:
    return int(text) if text and text.isdigit() else otherwise


def _plain(text: str) -> str:
    """A printed line without its end; act gives steps a terminal, which GitHub does not, hence the carriage return."""
    return text.rstrip("\r\n")
