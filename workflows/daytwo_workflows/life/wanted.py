"""Of whom something is wanted right now, by which run, and who of them may not do it: four eyes leave somebody out."""

from dataclasses import dataclass

from daytwo_actions.voices import Question
from daytwo_store import approvals, open_runs, principals
from daytwo_store.engine import Session
from daytwo_store.ids import RunId
from daytwo_workflows.life import standing


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One approval, or one task. `never`: by their refs, else their principals."""

    run: RunId
    entries: tuple[str, ...]
    never: frozenset[str]


async def wanted(session: Session) -> list[Wanted]:
    return [*await _decisions(session), *await _tasks(session)]


async def _decisions(session: Session) -> list[Wanted]:
    rows = await open_runs.to_decide(session)
    stages = await approvals.stages(session, [approval for approval, _ in rows])
    decided = await approvals.decisions(session, [stage.id for each in stages.values() for stage in each])
    people = await standing.people_of(session, [run for _, run in rows], decided)
    return [
        Wanted(
            run=RunId(run.id),
            entries=tuple(row.needed_from),
            never=_never(standing.question(row, run, stages[row.id], decided, people)),
        )
        for row, run in rows
    ]


def _never(asked: Question) -> frozenset[str]:
    own = frozenset() if asked.terms.self_approval else frozenset({asked.requester})
    return own.union(asked.editors, asked.fillers, asked.before, asked.decided, asked.spoken)


async def _tasks(session: Session) -> list[Wanted]:
    rows = await open_runs.to_do(session)
    people = await principals.by_ids(session, {requester for _, requester in rows})
    return [
        Wanted(
            run=RunId(task.run_id),
            entries=tuple(task.needed_from),
            never=frozenset({standing.key(people, requester), *task.editors}) if task.four_eyes else frozenset(),
        )
        for task, requester in rows
    ]
