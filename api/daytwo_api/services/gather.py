"""What several views need besides their own rows: titles of actions, names of people. Read once per answer."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from daytwo_actions.voices import Voter
from daytwo_api.views.common import Person
from daytwo_store import approvals, definitions, principals
from daytwo_store.engine import Session
from daytwo_store.run_visibility import Onlooker, among
from daytwo_store.tables import ActionVersionRow, ApprovalRow, DecisionRow, PrincipalRow, RunRow

SYSTEM = Person(id="daytwo", name="Daytwo", ref=None)


@dataclass(frozen=True, slots=True)
class Known:
    versions: Mapping[str, ActionVersionRow]  # by digest
    people: Mapping[str, PrincipalRow]  # by id
    decisions: Mapping[str, Sequence[DecisionRow]]  # by approval, and of the other stages
    stages: Mapping[str, Sequence[ApprovalRow]]  # by approval: all that have opened of what it is a stage of
    taken_back: Mapping[str, Sequence[DecisionRow]] = field(default_factory=dict)  # by approval; they do not count
    voter: Voter | None = None  # the asker, where it is told what they may decide
    seen: frozenset[str] = frozenset()  # other runs that are named, of those that the asker may see

    def person(self, principal: str | None) -> Person:
        row = self.people.get(principal or "")
        return Person(id=row.id, name=row.name, ref=row.ref) if row else SYSTEM

    def title(self, run: RunRow) -> str:
        metadata = self._part(run, "metadata")
        return str(metadata.get("title") or run.action)

    def allow_run(self, run: RunRow) -> list[str]:
        """Who may run this version of the action: entries of `allow.run`."""
        allow = self._part(run, "spec").get("allow")
        entries = allow.get("run") if isinstance(allow, dict) else None
        return [str(entry) for entry in entries] if isinstance(entries, list) else []

    def _part(self, run: RunRow, name: str) -> dict[str, object]:
        part = self.versions[run.version].document.get(name)
        return dict(part) if isinstance(part, dict) else {}


async def gather(
    session: Session,
    runs: Collection[RunRow],
    asked: Collection[ApprovalRow] = (),
    people: Collection[str] = (),
    voter: Voter | None = None,
    stages: Mapping[str, Sequence[ApprovalRow]] | None = None,
    onlooker: Onlooker | None = None,
) -> Known:
    """What is known about these runs and approvals, whose stages may have been read already. Runs that they undo or
    repeat are named to the onlooker alone."""
    found = await definitions.by_digests(session, {run.version for run in runs})
    decided: dict[str, list[DecisionRow]] = {}
    if stages is None:
        stages = await approvals.stages(session, list(asked)) if asked else {}
    opened = {stage.id for rows in stages.values() for stage in rows}
    taken_back: dict[str, list[DecisionRow]] = {}
    ids = {run.requester for run in runs} | set(people)
    ids |= {lent.by.principal for lent in voter.lent} if voter is not None else set()
    for row in await approvals.decisions(session, sorted(opened), taken_back=True):
        (decided if row.withdrawn_at is None else taken_back).setdefault(row.approval_id, []).append(row)
        ids |= {one for one in (row.principal, row.on_behalf_of) if one is not None}
    named = [one for run in runs for one in (run.undo_of, run.rerun_of, run.resume_of) if one is not None]
    seen = frozenset(await among(session, named, onlooker)) if named and onlooker is not None else frozenset()
    return Known(found, await principals.by_ids(session, ids), decided, stages, taken_back, voter, seen)
