"""Approvals (A3): one pending at most per run, one decision per person, decided once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import ARRAY, Text, all_, any_, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import CollectionAggregate, ColumnElement

from daytwo_store.by_token import token_of
from daytwo_store.engine import Topic, Tx
from daytwo_store.evidence_decisions import answers_digest
from daytwo_store.identity import Login, principal_for
from daytwo_store.ids import ApprovalId, Digest, PrincipalId, RunId, StepPath, new_approval_id
from daytwo_store.notifications import Notice, tell
from daytwo_store.on_call import place_of
from daytwo_store.said import said
from daytwo_store.states import APPROVAL_MOVES, ApprovalState, Verdict, check_move
from daytwo_store.tables import ApprovalRow, DecisionRow, Json, RunRow
from daytwo_store.terms import DEFAULT, TERMS, Terms


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """One that opens when the stage before it is approved."""

    needed_from: Sequence[str]
    count: int
    expires_in: timedelta
    again: bool  # may somebody who approved an earlier stage approve this one, too?
    rule: str | None = None  # approves it in place of people
    terms: Terms = DEFAULT
    name: str | None = None
    asks: Sequence[str] = ()  # fields that are filled in with the decision


# Stages may open in one transaction, at one time, and a clock may go back: what is void came before what is not.
_IN_ORDER: Final = (
    ApprovalRow.state != ApprovalState.SUPERSEDED,
    ApprovalRow.created_at,
    ApprovalRow.stage,
    ApprovalRow.id,
)
RULES: Final = "daytwo:rule"  # the issuer of rules of actions: no sign-in gives it
_EXTEND: Final = ".extend"
STAGE: Final = TypeAdapter(Stage)  # as it stands in `later`


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What is asked of whom: the first stage, and those that follow."""

    run: RunId
    digest: Digest
    document: str
    needed_from: Sequence[str]
    count: int
    expires_at: datetime
    supersedes: ApprovalId | None = None
    drift: Sequence[Json] = ()
    later: Sequence[Stage] = ()
    rule: str | None = None
    terms: Terms = DEFAULT
    name: str | None = None
    asks: Sequence[str] = ()
    editors: Sequence[str] = ()  # the people whose changes stand in the action's file
    fillers: Sequence[str] = ()  # who did tasks of the run, or filled in values of it
    path: StepPath | None = None  # the step that asks; none: the run as a whole


def extension_of(step: str) -> StepPath:
    """The path of the approvals by which what is temporary lasts longer. No step has one with a dot."""
    return StepPath(f"{step}{_EXTEND}")


def extends(row: ApprovalRow) -> StepPath | None:
    """The step that is to last longer; None: the approval is about something that is sent."""
    return extended_by(row.path)


def extended_by(path: str | None) -> StepPath | None:
    """The same, by the path of the approval."""
    return StepPath(path.removesuffix(_EXTEND)) if path is not None and path.endswith(_EXTEND) else None


async def ask(tx: Tx, asked: Asked) -> ApprovalRow:
    """Create the pending approval of a run, its first stage."""
    row = ApprovalRow(
        id=new_approval_id(),
        run_id=asked.run,
        path=asked.path,
        state=ApprovalState.PENDING,
        digest=asked.digest,
        document=asked.document,
        needed_from=list(asked.needed_from),
        count=asked.count,
        created_at=tx.now,
        expires_at=asked.expires_at,
        supersedes=asked.supersedes,
        drift=list(asked.drift),
        stage=1,
        again=False,
        rule=asked.rule,
        editor=next(iter(asked.editors), None),
        other_editors=list(asked.editors[1:]),
        fillers=list(asked.fillers),
        name=asked.name,
        asks=list(asked.asks),
        terms=TERMS.dump_python(asked.terms, mode="json"),
        later=[STAGE.dump_python(stage, mode="json") for stage in asked.later],
    )
    return await _add(tx, row)


def editors_of(row: ApprovalRow) -> frozenset[str]:
    """The people whose changes stand in the action's file."""
    return frozenset({row.editor, *row.other_editors} - {None}) if row.editor is not None else frozenset()


async def open_next(tx: Tx, row: ApprovalRow) -> ApprovalRow | None:
    """Open the stage after an approved one, about the same digest; None after the last."""
    if not row.later:
        return None
    stage = STAGE.validate_python(row.later[0])
    await tx.session.flush()  # one pending approval per run: the one before is written first
    following = ApprovalRow(
        id=new_approval_id(),
        run_id=row.run_id,
        path=row.path,
        state=ApprovalState.PENDING,
        digest=row.digest,
        document=row.document,
        needed_from=list(stage.needed_from),
        count=stage.count,
        created_at=tx.now,
        expires_at=tx.now + stage.expires_in,
        drift=row.drift,
        stage=row.stage + 1,
        first=row.first or row.id,
        again=stage.again,
        rule=stage.rule,
        editor=row.editor,
        other_editors=row.other_editors,
        fillers=row.fillers,
        name=stage.name,
        asks=list(stage.asks),
        terms=TERMS.dump_python(stage.terms, mode="json"),
        later=row.later[1:],
    )
    return await _add(tx, following)


async def _add(tx: Tx, row: ApprovalRow) -> ApprovalRow:
    row.looks_up = any(place_of(entry) is not None for entry in row.needed_from)
    tx.session.add(row)
    await tx.session.flush()
    facts = {"approval": row.id, "digest": row.digest, "from": ", ".join(row.needed_from)}
    if row.path is not None:
        facts["step"] = row.path
    if row.stage > 1 or row.later:
        facts["stage"] = f"{row.stage} of {row.stage + len(row.later)}"
    tx.audit(actor="daytwo", action="approval.asked", subject=f"run:{row.run_id}", facts=facts)
    tx.notify(Topic.APPROVAL, row.id)
    if row.rule is not None:
        await _decide_by_rule(tx, row, row.rule)
    else:
        tell(tx, Notice.APPROVAL_ASKED, audience=row.needed_from, run=RunId(row.run_id), approval=ApprovalId(row.id))
    return row


async def _decide_by_rule(tx: Tx, row: ApprovalRow, rule: str) -> None:
    """A rule of the action approves the stage as it opens: a decision like others, by nobody who can sign in."""
    action = await tx.session.scalar(select(RunRow.action).where(RunRow.id == row.run_id))
    principal = await principal_for(tx, Login(issuer=RULES, subject=str(action), name=f"Rule of {action}", ref=None))
    tx.session.add(
        DecisionRow(
            approval_id=row.id,
            principal=principal.id,
            verdict=Verdict.APPROVE,
            digest=row.digest,
            comment="",
            group="",
            rule=rule,
            at=tx.now,
        )
    )
    await tx.session.flush()
    facts = {"approval": row.id, "digest": row.digest, "rule": rule[:200]}
    tx.audit(actor="daytwo", action="decision.by_rule", subject=f"run:{row.run_id}", facts=facts)
    settle(tx, row, ApprovalState.APPROVED)
    await open_next(tx, row)


def settle(tx: Tx, row: ApprovalRow, state: ApprovalState, *, actor: str = "daytwo") -> None:
    """Move an approval of a held run. Raises `IllegalMove`."""
    check_move(APPROVAL_MOVES, ApprovalState(row.state), state)
    row.state = state
    row.settled_at = tx.now
    tx.audit(actor=actor, action=f"approval.{state}", subject=f"run:{row.run_id}", facts={"approval": row.id})
    tx.notify(Topic.APPROVAL, row.id)
    tx.notify(Topic.RUN, row.run_id)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewDecision:
    principal: PrincipalId
    verdict: Verdict
    comment: str
    group: str  # the entry of `needed_from` that entitles
    on_behalf_of: PrincipalId | None = None
    delegation: str | None = None
    own_request: bool = False  # who asked for the run decides, because the action lets them
    own_edit: bool = False  # who last changed the action's file decides, because the action lets them
    own_values: bool = False  # who filled in values of the run decides, likewise
    answers: Json | None = None  # what was filled in


async def record(tx: Tx, row: ApprovalRow, new: NewDecision) -> None:
    """Write one person's decision; unique indexes let each person decide once, and be decided for once."""
    earlier = await tx.session.scalar(
        select(func.count()).where(DecisionRow.approval_id == row.id, DecisionRow.principal == new.principal)
    )
    tx.session.add(
        DecisionRow(
            approval_id=row.id,
            principal=new.principal,
            no=(earlier or 0) + 1,
            verdict=new.verdict,
            digest=row.digest,
            comment=new.comment,
            group=new.group,
            at=tx.now,
            on_behalf_of=new.on_behalf_of,
            delegation=new.delegation,
            via_token=token_of(new.principal),
            answers=new.answers,
        )
    )
    await tx.session.flush()
    facts = {"approval": row.id, "digest": row.digest, "group": new.group, **said(new.comment)}
    if new.on_behalf_of is not None and new.delegation is not None:
        facts |= {"on_behalf_of": new.on_behalf_of, "delegation": new.delegation}
    if new.own_request:
        facts["own_request"] = "true"
    if new.own_edit:
        facts["own_edit"] = "true"
    if new.own_values:
        facts["own_values"] = "true"
    if new.answers is not None:
        facts["answers"] = answers_digest(new.answers)
    tx.audit(actor=new.principal, action=f"decision.{new.verdict}", subject=f"run:{row.run_id}", facts=facts)


def take_back(tx: Tx, row: ApprovalRow, decision: DecisionRow, *, actor: PrincipalId) -> None:
    """A decision no longer counts; it stays written down. The run is held."""
    decision.withdrawn_at = tx.now
    facts = {"approval": row.id, "digest": decision.digest, "verdict": decision.verdict}
    tx.audit(actor=actor, action="decision.withdrawn", subject=f"run:{row.run_id}", facts=facts)
    tx.notify(Topic.APPROVAL, row.id)


def escalate(tx: Tx, row: ApprovalRow, to: Sequence[str]) -> None:
    """Others are asked as well, as the plan says. The run is held."""
    others = [name for name in to if name not in row.needed_from]
    row.needed_from = [*row.needed_from, *others]
    row.escalated_at = tx.now
    facts = {"approval": row.id, "to": ", ".join(to)}
    tx.audit(actor="daytwo", action="approval.escalated", subject=f"run:{row.run_id}", facts=facts)
    tell(tx, Notice.APPROVAL_ESCALATED, audience=others, run=RunId(row.run_id), approval=ApprovalId(row.id))
    tx.notify(Topic.APPROVAL, row.id)


def remind(tx: Tx, row: ApprovalRow, number: int) -> None:
    """Those who are asked are reminded for the `number`th time."""
    row.reminded = number
    tell(
        tx,
        Notice.APPROVAL_REMINDER,
        audience=row.needed_from,
        run=RunId(row.run_id),
        approval=ApprovalId(row.id),
        facts={"number": number, "expires_at": row.expires_at.isoformat()},
    )


async def get(session: AsyncSession, approval: ApprovalId) -> ApprovalRow | None:
    return await session.get(ApprovalRow, approval)


async def of_run(session: AsyncSession, run: RunId) -> Sequence[ApprovalRow]:
    """Every approval that was ever asked for a run, oldest first."""
    return (await session.scalars(select(ApprovalRow).where(ApprovalRow.run_id == run).order_by(*_IN_ORDER))).all()


async def newest(session: AsyncSession, run: RunId, path: StepPath | None = None) -> ApprovalRow | None:
    """Of the run as a whole, or of one of its steps."""
    found: ApprovalRow | None = await session.scalar(
        select(ApprovalRow)
        .where(ApprovalRow.run_id == run, ApprovalRow.path.is_not_distinct_from(path))
        .order_by(*(one.desc() for one in _IN_ORDER))
        .limit(1)
    )
    return found


async def stages(session: AsyncSession, approvals: Sequence[ApprovalRow]) -> dict[str, list[ApprovalRow]]:
    """The stages that have opened, in order, of what each of these approvals belongs to, by its id."""
    keys = {row.first or row.id for row in approvals}
    here = {row.id: row for row in approvals}
    others = await session.scalars(
        select(ApprovalRow)
        .where(or_(ApprovalRow.id == _one_of(keys), ApprovalRow.first == _one_of(keys)))
        .where(ApprovalRow.id != all_(_texts(here)))
    )
    found: dict[str, list[ApprovalRow]] = {}
    for row in sorted((*here.values(), *others), key=lambda row: row.stage):
        found.setdefault(row.first or row.id, []).append(row)
    return {row.id: found[row.first or row.id] for row in approvals}


async def successor(session: AsyncSession, stages_of_it: Sequence[ApprovalRow]) -> ApprovalRow | None:
    """What replaced an approval, in whatever stage it was."""
    ids = [row.id for row in stages_of_it]
    found: ApprovalRow | None = await session.scalar(select(ApprovalRow).where(ApprovalRow.supersedes.in_(ids)))
    return found


async def decisions(
    session: AsyncSession, approvals: Sequence[str], *, taken_back: bool = False
) -> Sequence[DecisionRow]:
    """Decisions that count, oldest first; with `taken_back` also those that no longer do."""
    query = select(DecisionRow).where(DecisionRow.approval_id == _one_of(approvals)).order_by(DecisionRow.at)
    if not taken_back:
        query = query.where(DecisionRow.withdrawn_at.is_(None))
    return (await session.scalars(query)).all()


def _one_of(ids: Iterable[str]) -> CollectionAggregate[bool]:
    """For a page of ids: as one parameter the statement is the same for every page, and prepared once."""
    return any_(_texts(ids))


def _texts(ids: Iterable[str]) -> ColumnElement[Sequence[str]]:
    return cast(list(ids), ARRAY(Text))
