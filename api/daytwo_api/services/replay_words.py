"""How a run of before would come out, in words."""

from collections.abc import Mapping, Sequence
from typing import Final

from daytwo_api.services.freeze_views import held_view
from daytwo_api.services.words import needed
from daytwo_api.views.common import Person
from daytwo_api.views.replays import AskedView, ReplayedRun
from daytwo_store.states import RunState
from daytwo_store.tables import PrincipalRow, RunRow
from daytwo_workflows.life.replaying import Outcome, Replayed, Why
from daytwo_workflows.life.who_is_asked import Asked

NOBODY: Final = "nobody"
_REFUSED: Final[Mapping[Why | None, str]] = {
    Why.ALLOW: "{name} may not run it",
    Why.SEE: "{name} may not see it",
    Why.INPUTS: "other inputs are asked for",
    Why.PLAN: "it cannot be planned",
}


def replayed_view(row: RunRow, requester: PrincipalRow, found: Replayed) -> ReplayedRun:
    return ReplayedRun(
        run=row.id,
        action=row.action,
        entity=row.entity,
        requester=Person(id=requester.id, name=requester.name, ref=requester.ref),
        state=RunState(row.state),
        created_at=row.created_at,
        outcome=found.outcome,
        why=found.why,
        told=found.told,
        was=[_view(one) for one in found.was],
        would_be=[_view(one) for one in found.would_be],
        was_text=_all(found.was),
        would_be_text=_would_be(found, requester.name),
        held=[held_view(one) for one in found.held],
    )


def _would_be(found: Replayed, requester: str) -> str:
    if found.outcome is Outcome.REFUSED:
        return f"refused: {_REFUSED[found.why].format(name=requester)}"
    if found.outcome is Outcome.UNKNOWN:
        return "cannot be told"
    held = "; ".join(f"held back by the freeze '{one.title}'" for one in found.held)
    return f"{_all(found.would_be)}, {held}" if held else _all(found.would_be)


def _view(asked: Asked) -> AskedView:
    return AskedView(
        needed_from=list(asked.needed_from), count=asked.count, rule=asked.rule, step=asked.step, text=_words(asked)
    )


def _all(stages: Sequence[Asked]) -> str:
    return ", then ".join(map(_words, stages)) or NOBODY


def _words(asked: Asked) -> str:
    if asked.rule is not None:
        return f"a rule ({asked.rule})"
    named = " and ".join(asked.needed_from)
    who = needed(asked.needed_from, asked.count) if asked.count is not None else f"all of {named}"
    also = [
        *(["who asked for it or filled in values"] if asked.self_approval else []),
        *(["who wrote it"] if asked.editor_approval else []),
    ]
    more = f" ({' and '.join(also)} too)" if also else ""
    at = f" at the step {asked.step}" if asked.step is not None else ""
    return f"{who}{more}{at}"
