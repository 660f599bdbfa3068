"""What came of a replay, for who is about to change the rules: what is different, run by run, and the sums."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from daytwo_api.views.replays import ReplayedRun
from daytwo_cli.flows.replay import by_action, counts, load
from daytwo_cli.show.out import Out
from daytwo_cli.show.words import at
from daytwo_workflows.life.replaying import Outcome

_COLUMNS: Final = {
    Outcome.UNCHANGED: "AS IT WAS",
    Outcome.APPROVAL: "NEW APPROVAL",
    Outcome.OTHER_APPROVAL: "OTHER APPROVAL",
    Outcome.RULE: "BY A RULE",
    Outcome.NO_APPROVAL: "NO APPROVAL",
    Outcome.HELD: "HELD BACK",
    Outcome.NOT_HELD: "NOT HELD BACK",
    Outcome.REFUSED: "REFUSED",
    Outcome.UNKNOWN: "CANNOT BE TOLD",
}
_SHOWN: Final = 50  # runs; what is behind that is in the sums, and in --json


def show(out: Out, runs: Sequence[ReplayedRun]) -> None:
    if not runs:
        out.line("There was no such run that you may see.")
        return
    different = [one for one in runs if one.outcome is not Outcome.UNCHANGED]
    if different:
        _runs(out, different)
        out.line()
    _actions(out, runs)
    _load(out, runs)
    _reasons(out, different)
    _note(out, runs)


def _runs(out: Out, different: Sequence[ReplayedRun]) -> None:
    rows = [
        (one.run, at(one.created_at), one.action, one.entity or "–", one.requester.name, one.was_text, _would_be(one))
        for one in different[:_SHOWN]
    ]
    out.table(("RUN", "CREATED (UTC)", "ACTION", "ON", "BY", "WAS ASKED", "WOULD BE"), rows, empty="")
    if len(different) > _SHOWN:
        out.line(f"… and {len(different) - _SHOWN} more, which --json has.")


def _would_be(one: ReplayedRun) -> str:
    if one.outcome is Outcome.NOT_HELD:
        return f"{one.would_be_text}, not held back"
    return one.would_be_text


def _reasons(out: Out, runs: Sequence[ReplayedRun]) -> None:
    """In whole sentences, each once."""
    told = Counter(_told(one) for one in runs if one.told is not None)
    if told:
        out.line()
        out.table(("RUNS", "WHY"), [(str(count), why) for why, count in told.most_common(_SHOWN)], empty="")


def _told(one: ReplayedRun) -> str:
    refused = one.outcome is Outcome.REFUSED
    return f'{one.requester.name} would be told: "{one.told}"' if refused else f"cannot be told: {one.told}"


def _actions(out: Out, runs: Sequence[ReplayedRun]) -> None:
    whole = counts(runs)
    shown = [outcome for outcome in Outcome if whole[outcome]]
    rows = [(action, str(told.total()), *(str(told[outcome]) for outcome in shown)) for action, told in by_action(runs)]
    if len(rows) > 1:
        rows.append(("all", str(whole.total()), *(str(whole[outcome]) for outcome in shown)))
    out.table(("ACTION", "RUNS", *(_COLUMNS[outcome] for outcome in shown)), rows, empty="")


def _load(out: Out, runs: Sequence[ReplayedRun]) -> None:
    """Who would have how much to decide."""
    rows = [
        (one.who, f"{one.runs} (was {one.runs_were})", f"{one.decisions} (was {one.decisions_were})")
        for one in load(runs)
    ]
    if rows:
        out.line()
        out.table(("WHO WOULD BE ASKED", "IN RUNS", "DECISIONS"), rows, empty="")


def _note(out: Out, runs: Sequence[ReplayedRun]) -> None:
    told = counts(runs)
    many = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    same = told[Outcome.UNCHANGED]
    out.note(
        f"{many}: {same} as it was, {len(runs) - same - told[Outcome.UNKNOWN]} different, "
        f"{told[Outcome.UNKNOWN]} cannot be told. People, groups and the rest of the catalog are those of now. "
        "Nothing was changed, and no CI system was asked."
    )
