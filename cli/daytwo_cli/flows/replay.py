"""`daytwo replay`: the runs of a time under changed definitions, asked page by page."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from daytwo_actions.definitions.durations import parse_duration
from daytwo_actions.definitions.errors import DefinitionRejected
from daytwo_actions.definitions.yaml import read_documents
from daytwo_api.views.common import Page, Problem
from daytwo_api.views.replays import AskedView, ReplayedRun
from daytwo_cli.client.api import Api
from daytwo_cli.errors import CliError, Refused, Usage
from daytwo_cli.exits import Exit
from daytwo_cli.flows.definition_files import files_below, text_of
from daytwo_workflows.life.replaying import Outcome

_MOST_BYTES: Final = 125_000  # of a request: the server takes 128 KB
_NOT_SENT: Final = frozenset({"Entity", "Schedule", "Trigger"})  # nobody is asked because of one of these


def definitions_in(paths: Sequence[Path]) -> list[dict[str, JsonValue]]:
    """Files that say who is asked. Raises `Usage` when there are none, or more than the server takes."""
    found: list[dict[str, JsonValue]] = []
    for path in files_below(paths):
        text = text_of(path)
        if _matters(text, str(path)):
            found.append({"name": str(path), "text": text})
    if not found:
        raise Usage("There is no action, no freeze and no policy there. Nothing was asked.")
    size = len(json.dumps(found))
    if size > _MOST_BYTES:
        raise Usage(
            f"These files are {size // 1000} KB, and the server takes {_MOST_BYTES // 1000} KB at once. Nothing was "
            "asked. Name the files that you have changed: what is registered counts for everything else."
        )
    return found


def _matters(text: str, name: str) -> bool:
    try:
        documents = read_documents(text, name)
    except DefinitionRejected:
        return True  # the server says what is wrong with it
    kinds = {one.value.get("kind") if isinstance(one.value, dict) else None for one in documents}
    return not kinds <= _NOT_SENT


def moment(text: str, *, now: datetime) -> str:
    """Of `30d`, `2026-11-01` or `2026-11-01T12:00:00Z`. Raises `Usage`."""
    try:
        return (now - parse_duration(text)).isoformat()
    except ValueError:
        pass
    try:
        told = datetime.fromisoformat(text)
    except ValueError:
        raise Usage(f"`{text}` is no time: write 30d, 2026-11-01 or 2026-11-01T12:00:00Z. Nothing was asked.") from None
    return (told if told.tzinfo else told.replace(tzinfo=UTC)).isoformat()


def replayed(
    api: Api, asked: dict[str, JsonValue], *, tell: Callable[[int], None] = lambda _: None
) -> list[ReplayedRun]:
    """All runs, newest first. Raises CliError for definitions that are not valid, Refused, Unreachable."""
    found: list[ReplayedRun] = []
    cursor: str | None = None
    while True:
        try:
            page = api.post("/policy/replays", Page[ReplayedRun], {**asked, "cursor": cursor}, reads=True).view
        except Refused as error:
            raise _not_valid(error) from None
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            return found
        tell(len(found))


def _not_valid(error: Refused) -> CliError:
    """What is wrong with a definition is told once, and ends as `daytwo validate` does."""
    problem = Problem.model_validate_json(error.document) if error.document else None
    if problem is None or problem.type != DefinitionRejected.type:
        return error
    return CliError(problem.detail, document=error.document)


def counts(runs: Sequence[ReplayedRun]) -> "Counter[Outcome]":
    return Counter(one.outcome for one in runs)


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """What somebody is asked: in how many runs, for how many decisions. Of several who may give one, each counts."""

    who: str
    runs: int
    runs_were: int
    decisions: int
    decisions_were: int


def load(runs: Sequence[ReplayedRun]) -> list[Load]:
    """The most asked first. Runs of which nothing can be told are left out."""
    told = [one for one in runs if one.outcome is not Outcome.UNKNOWN]
    now_in, now = _asked([one.would_be for one in told])
    were_in, were = _asked([one.was for one in told])
    found = [
        Load(who=who, runs=now_in[who], runs_were=were_in[who], decisions=now[who], decisions_were=were[who])
        for who in now.keys() | were.keys()
    ]
    return sorted(found, key=lambda one: (-one.decisions, -one.decisions_were, one.who))


def _asked(every: Sequence[Sequence[AskedView]]) -> tuple["Counter[str]", "Counter[str]"]:
    """By who is asked: runs, decisions."""
    runs: Counter[str] = Counter()
    decisions: Counter[str] = Counter()
    for stages in every:
        people = [one for one in stages if one.rule is None]
        runs.update({who for one in people for who in one.needed_from})
        for one in people:
            decisions.update(dict.fromkeys(one.needed_from, one.count or 1))
    return runs, decisions


def by_action(runs: Sequence[ReplayedRun]) -> Iterator[tuple[str, "Counter[Outcome]"]]:
    for action in sorted({one.action for one in runs}):
        yield action, counts([one for one in runs if one.action == action])


def to_json(runs: Sequence[ReplayedRun]) -> str:
    """What the API answers, page after page, and what comes of it in all."""
    asked: list[JsonValue] = [asdict(one) for one in load(runs)]
    actions: dict[str, JsonValue] = {action: _plain(told) for action, told in by_action(runs)}
    items: list[JsonValue] = [one.model_dump(mode="json") for one in runs]
    return json.dumps({"items": items, "outcomes": _plain(counts(runs)), "actions": actions, "asked": asked})


def _plain(told: "Counter[Outcome]") -> dict[str, JsonValue]:
    return {outcome.value: told[outcome] for outcome in Outcome}


def exit_of(runs: Sequence[ReplayedRun], *, strict: bool) -> Exit:
    """With `strict`, whatever is different or cannot be told counts."""
    bad = {one for one in Outcome if one is not Outcome.UNCHANGED} if strict else {Outcome.REFUSED}
    return Exit.FAILED if any(one.outcome in bad for one in runs) else Exit.SUCCESS
