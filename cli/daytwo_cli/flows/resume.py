"""Resuming a run: what it would do is shown, what nobody knows is asked, then one request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from daytwo_api.views.runs import ResumeView, RunAccepted
from daytwo_cli.client.api import Api, new_key
from daytwo_cli.errors import Declined, Usage
from daytwo_cli.exits import Exit
from daytwo_cli.flows.submit import after_start
from daytwo_cli.tools import Tools

_WORDS: Final[Mapping[str, str]] = {
    "skip": "carried over",
    "check": "looked at again",
    "repeat": "done again",
    "begin": "its turn comes",
    "ask": "to be said",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ResumeSaid:
    """What was said on the command line."""

    done: Sequence[str]
    again: Sequence[str]
    version: str | None
    reason: str


def preview(tools: Tools, api: Api, run: str, *, as_json: bool) -> Exit:
    """Raises Refused with the server's reason."""
    seen = api.get(f"/runs/{run}/resume", ResumeView)
    if as_json:
        tools.out.json(seen.text)
    else:
        for line in _lines(seen.view):
            tools.out.line(line)
    return Exit.SUCCESS


def resume_run(
    tools: Tools, api: Api, run: str, said: ResumeSaid, *, key: str | None, yes: bool, follow: bool, as_json: bool
) -> Exit:
    """Raises Usage when there is nobody to ask, Declined, Refused with the server's reason."""
    answers = {**dict.fromkeys(said.done, "done"), **dict.fromkeys(said.again, "again")}
    version = said.version
    if not yes:
        seen = api.get(f"/runs/{run}/resume", ResumeView).view
        if not tools.asker.interactive:
            raise Usage("There is no terminal to ask, so nothing was sent. Add --yes to resume it without asking.")
        for line in _lines(seen):
            tools.asker.say(line)
        if not tools.asker.confirm(f"Go on where {run} ended, with a run of its own?"):
            raise Declined("Nothing was started.")
        version = version or (seen.version if seen.changed else None)
    body: dict[str, JsonValue] = {"reason": said.reason, "version": version, "answers": {**answers}}
    started = api.post(f"/runs/{run}/resume", RunAccepted, body, key=key or new_key())
    return after_start(tools, api, started, follow=follow, as_json=as_json)


def _lines(seen: ResumeView) -> list[str]:
    changed = f"The action has changed since: this is version {seen.version[:12]}." if seen.changed else None
    return [
        *(f"{_WORDS[one.does]}: {one.text}{_how(one.step, one.answers)}" for one in seen.steps),
        *([changed] if changed else []),
        *(f"different: {one.field}, {one.before!r} then, {one.after!r} now" for one in seen.differences),
    ]


def _how(step: str, answers: Sequence[str]) -> str:
    """What to write on the command line."""
    return f" ({' or '.join(f'--{one} {step}' for one in answers)})" if answers else ""
