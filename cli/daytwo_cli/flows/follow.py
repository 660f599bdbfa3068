"""Staying with a run until it ends: what changes in it, and its log lines as they come."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from daytwo_api.views.runs import LogBatch, LogLine, RunView
from daytwo_cli.client.api import Api
from daytwo_cli.client.events import Event, watch
from daytwo_cli.exits import OF_RUN, Exit
from daytwo_cli.show.run import print_end
from daytwo_cli.show.words import state_sentence
from daytwo_cli.tools import Tools
from daytwo_store.log_text import as_read


@dataclass(frozen=True, kw_only=True, slots=True)
class Taste:
    """What is printed of a followed run: `changes` in it, and lines of its log with `grep` in them, `raw` or tidied.

    `quiet`: nothing but the run at its end, as JSON. `as_json`: each line, and then the run, as an object on a line.
    """

    quiet: bool = False
    as_json: bool = False
    changes: bool = True
    grep: str = ""
    raw: bool = False


def follow_to_end(tools: Tools, api: Api, run: str, *, after: int = 0, taste: Taste | None = None) -> Exit:
    """Print until the run has ended or needs a person; the exit code that tells how. Ctrl-C leaves, cancels nothing."""
    taste = taste or Taste()
    story = Story(tools, taste)
    try:
        for event in watch(api, run, after=after, lost=story.lost):
            story.tell(event)
            if story.needs_somebody:
                break
    except KeyboardInterrupt:
        tools.out.finish()
        tools.out.note(f"\nYou left; the run goes on. See it again: daytwo logs {run} -f --after {story.line}")
        return Exit.INTERRUPTED
    tools.out.finish()
    end = api.get(f"/runs/{run}", RunView)
    if taste.as_json:
        tools.out.json_line(end.text)
    elif taste.quiet:
        tools.out.json(end.text)
    elif taste.changes:
        print_end(tools.out, end.view)
    return OF_RUN.get(end.view.state.value, Exit.FAILED)


class Story:
    """Prints each thing once, however often the server tells it."""

    def __init__(self, tools: Tools, taste: Taste) -> None:
        self.line = 0
        self.needs_somebody = False
        self._out = tools.out
        self._taste = taste
        self._told: dict[str, str] = {}

    def tell(self, event: Event) -> None:
        if event.name == "run":
            self._run(RunView.model_validate_json(event.data))
        elif event.name == "log":
            self._log(LogBatch.model_validate_json(event.data))

    def lost(self, reason: str) -> None:
        self._out.note(f"The connection broke ({reason.splitlines()[0]}); going on after line {self.line}.")

    def _run(self, run: RunView) -> None:
        self.needs_somebody = run.state == "needs_attention"
        if self._taste.quiet or not self._taste.changes:
            return
        for subject, state, text in _news(run):
            if self._told.get(subject) != f"{state} {text}":
                self._told[subject] = f"{state} {text}"
                self._out.state(state, text)
        self._out.progress(state_sentence(run.state, run.waits.text if run.waits else run.text))

    def _log(self, batch: LogBatch) -> None:
        for line in batch.lines:
            if line.number > self.line:
                self.line = line.number
                self._print(line)

    def _print(self, line: LogLine) -> None:
        # Nobody can look in a gap. Elsewhere it is looked for as the server does.
        wanted = line.left_out or self._taste.grep.casefold() in as_read(line.text).casefold()
        if self._taste.quiet or not wanted:
            return
        if self._taste.as_json:
            self._out.json_line(line.model_dump_json())
        else:
            self._out.log(line.job, line.text, raw=self._taste.raw)


def _news(run: RunView) -> Iterator[tuple[str, str, str]]:
    """What is worth a line when it changes: subject, state, text."""
    yield "run", run.state, run.waits.text if run.waits else run.text
    for step in run.steps:
        for attempt in step.attempts:
            if attempt.external is not None:
                where = attempt.external.url or attempt.external.id
                yield (
                    f"{step.path} {attempt.number}",
                    attempt.external.status,
                    f"{attempt.external.connection} run {where}",
                )
        for job in step.jobs:
            if job.kind != "gate":
                yield f"{step.path} {job.id}", job.status, f"{job.kind} {job.name}"
        if step.log_note:
            yield f"{step.path} log", "log", step.log_note
    for gate in run.gates:
        yield f"gate {gate.id}", "waiting", f"{gate.text}  {gate.url or ''}".rstrip()
    with suppress(IndexError):
        yield "approval", run.approvals[-1].state, run.approvals[-1].text
