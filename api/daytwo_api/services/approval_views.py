"""Approvals as people read them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from daytwo_actions.plan.difference import Change
from daytwo_actions.policy import YES, Answer
from daytwo_actions.roles import Permission
from daytwo_actions.voices import Voice, voice
from daytwo_api.asker import Asker
from daytwo_api.services import words
from daytwo_api.services.doors import permitted
from daytwo_api.services.filled_views import asked_fields, filled, first_answers, titles_of
from daytwo_api.services.freeze_views import held_view
from daytwo_api.services.gather import Known
from daytwo_api.services.hints import input_hints, longer, more_inputs, unusual
from daytwo_api.services.open_views import open_view
from daytwo_api.services.term_words import edited, terms_words
from daytwo_api.views.actions import Difference
from daytwo_api.views.approvals import (
    ApprovalSummary,
    ApprovalView,
    CommentView,
    DecisionView,
    DelegationView,
    EscalationView,
    StageView,
)
from daytwo_api.views.common import Permitted, Person
from daytwo_store.approvals import STAGE, editors_of, extends
from daytwo_store.states import UNSENT, ApprovalState, RunState, Verdict
from daytwo_store.tables import ApprovalRow, CommentRow, DecisionRow, DelegationRow, Json, RunRow
from daytwo_store.terms import terms_of
from daytwo_workflows.life.open_requests import OpenRequest
from daytwo_workflows.life.standing import key, question
from daytwo_workflows.life.window import Window


def summary(row: ApprovalRow, run: RunRow, known: Known, asker: Asker) -> ApprovalSummary:
    terms = terms_of(row.terms)
    titles = titles_of(run, known).get(row.name or "", {}) if row.asks else {}
    why, found = _voice(row, run, known, asker)
    return ApprovalSummary(
        id=row.id,
        run=run.id,
        action=run.action,
        action_title=known.title(run),
        entity=run.entity,
        requester=known.person(run.requester),
        comment=run.comment,
        break_glass=run.break_glass,
        unusual=longer(row) or unusual(run, known),
        hints=input_hints(run, known),
        more_inputs=more_inputs(run),
        state=ApprovalState(row.state),
        text=words.approval_words(row, deciders(row, known), break_glass=run.break_glass),
        needed_from=row.needed_from,
        count=row.count,
        stage=row.stage,
        stages=row.stage + len(row.later),
        created_at=row.created_at,
        expires_at=row.expires_at,
        decisions=[_decision(one, row, run, known, titles) for one in _told(row, known)],
        digest=row.digest,
        may_decide=permitted(asker, Permission.DECIDE, Answer(why is None, why)),
        decides_for=known.person(found.lent.by.principal) if why is None and found and found.lent else None,
        who=words.needed(row.needed_from, row.count),
        self_approval=terms.self_approval,
        terms=terms_words(terms),
        reason_needed=[Verdict(one) for one in terms.reason],
        asks=asked_fields(row.asks, titles),
        filled=first_answers(known.decisions.get(row.id, ())),
    )


def deciders(row: ApprovalRow, known: Known) -> list[str]:
    return [
        words.RULE if decision.rule else known.person(decision.principal).name
        for decision in known.decisions.get(row.id, ())
    ]


def stage_views(row: ApprovalRow, run: RunRow, known: Known) -> list[StageView]:
    """Every stage: those that have opened, and those to come."""
    opened = known.stages[row.id]
    total = row.stage + len(row.later)
    titles = titles_of(run, known)
    seen = [
        StageView(
            number=one.stage,
            approval=one.id,
            state=ApprovalState(one.state),
            text=words.stage_words(one, deciders(one, known)),
            needed_from=one.needed_from,
            count=one.count,
            self_approval=terms_of(one.terms).self_approval,
            name=one.name,
            asks=asked_fields(one.asks, titles.get(one.name or "", {})),
            filled=filled(first_answers(known.decisions.get(one.id, ())), titles.get(one.name or "", {})),
        )
        for one in opened
    ]
    coming = opened[-1].later if len(opened) < total else []
    for number, stored in enumerate(coming, len(opened) + 1):
        stage = STAGE.validate_python(stored)
        seen.append(
            StageView(
                number=number,
                approval=None,
                state=None,
                text=f"{words.needed(stage.needed_from, stage.count)}, when stage {number - 1} is approved",
                needed_from=list(stage.needed_from),
                count=stage.count,
                self_approval=stage.terms.self_approval,
                name=stage.name,
                asks=asked_fields(stage.asks, titles.get(stage.name or "", {})),
            )
        )
    return seen


def _told(row: ApprovalRow, known: Known) -> list[DecisionRow]:
    """Every decision, also those that were taken back, in order."""
    every = [*known.decisions.get(row.id, ()), *known.taken_back.get(row.id, ())]
    return sorted(every, key=lambda one: one.at)


def _decision(one: DecisionRow, row: ApprovalRow, run: RunRow, known: Known, titles: Mapping[str, str]) -> DecisionView:
    """Of a person or of a rule; a rule has asked for nothing and edited nothing."""
    who = key(known.people, one.principal)
    return DecisionView(
        by=None if one.rule else known.person(one.principal),
        rule=one.rule,
        verdict=Verdict(one.verdict),
        comment=one.comment,
        at=one.at,
        on_behalf_of=known.person(one.on_behalf_of) if one.on_behalf_of else None,
        own_request=who == key(known.people, run.requester),
        own_edit=not one.rule and who in editors_of(row),
        own_values=not one.rule and who in row.fillers,
        via_token=one.via_token,
        taken_back_at=one.withdrawn_at,
        filled=filled(one.answers, titles),
    )


def _voice(row: ApprovalRow, run: RunRow, known: Known, asker: Asker) -> tuple[str | None, Voice | None]:
    """Why the asker may not decide, or by what they may."""
    if row.state != ApprovalState.PENDING:
        return f"It is already {row.state}.", None
    if any(decision.principal == asker.principal for decision in known.decisions.get(row.id, ())):
        return "You have decided already; it waits for others.", None
    assert known.voter is not None, "who reads an approval is looked up"
    stages = known.stages[row.id]
    counted = [one for stage in stages for one in known.decisions.get(stage.id, ())]
    found = voice(known.voter, question(row, run, stages, counted, known.people))
    return (found, None) if isinstance(found, str) else (None, found)


def _take_back(row: ApprovalRow, run: RunRow, known: Known, asker: Asker) -> Permitted:
    mine = [one for one in known.decisions.get(row.id, ()) if one.principal == asker.principal]
    if not mine:
        return Permitted(allowed=False, why_not="You have not decided on this.")
    if mine[0].verdict == Verdict.REJECT or row.state not in (ApprovalState.PENDING, ApprovalState.APPROVED):
        return Permitted(allowed=False, why_not=f"It is {row.state}, and that stays.")
    if extends(row) is not None and row.state != ApprovalState.PENDING:
        return Permitted(allowed=False, why_not="It is too late: it lasts longer already.")
    # At a step it is too late when what comes after it has begun, which is looked at when it is taken back.
    midway = (RunState.RUNNING, RunState.NEEDS_ATTENTION) if row.path is not None and run.cancel_at is None else ()
    if RunState(run.state) not in (*UNSENT, *midway):
        return Permitted(allowed=False, why_not="It is too late: the run has gone on.")
    return permitted(asker, Permission.DECIDE, YES)


def _escalation(row: ApprovalRow) -> EscalationView | None:
    planned = terms_of(row.terms).escalate
    if planned is None:
        return None
    at = row.escalated_at or row.created_at + timedelta(seconds=planned.after)
    return EscalationView(to=list(planned.to), at=at, done=row.escalated_at is not None)


def delegation_view(row: DelegationRow, by: Person, now: datetime) -> DelegationView:
    return DelegationView(
        id=row.id,
        by=by,
        to=row.delegate,
        approval=row.approval_id,
        begins_at=row.begins_at,
        ends_at=row.ends_at,
        reason=row.reason,
        revoked_at=row.revoked_at,
        in_force=row.revoked_at is None and row.begins_at <= now < row.ends_at,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Beside:
    """What only the page of one approval shows."""

    comments: Sequence[CommentRow]
    delegations: Sequence[DelegationRow]
    on_call: Mapping[str, list[str]]
    now: datetime


def whole(
    row: ApprovalRow,
    run: RunRow,
    known: Known,
    asker: Asker,
    *,
    previous: RunRow | None,
    differences: list[Change],
    superseded_by: str | None,
    beside: Beside,
    window: Window,
    now: Mapping[str, object],
    left_open: Sequence[OpenRequest],
) -> ApprovalView:
    short = summary(row, run, known, asker)
    sealed = json.loads(row.document)
    numbers = {one.id: one.stage for one in known.stages[row.id]}
    return ApprovalView(
        **dict(short),
        **now,
        on_call=dict(beside.on_call),
        reminders=[row.created_at + timedelta(seconds=after) for after in terms_of(row.terms).remind],
        escalation=_escalation(row),
        comments=[
            CommentView(
                id=one.id, by=known.person(one.principal), text=one.text, at=one.at, stage=numbers[one.approval_id]
            )
            for one in beside.comments
        ],
        delegations=[delegation_view(one, known.person(one.principal), beside.now) for one in beside.delegations],
        may_take_back=_take_back(row, run, known, asker),
        may_delegate=_may_delegate(short, asker),
        all_stages=stage_views(row, run, known),
        open_requests=[open_view(one, row, known) for one in left_open],
        sealed=sealed,
        edited=edited(sealed, terms_of(row.terms)),
        inputs=run.inputs,
        differences=[as_view(change.as_json()) for change in differences],
        previous_run=previous.id if previous else None,
        superseded_by=superseded_by,
        freezes=[held_view(held) for held in window.holds],
        stopped=f"Everything is stopped: {window.stop.reason}" if window.stop else None,
        drift=[as_view(change) for change in row.drift],
    )


def _may_delegate(short: ApprovalSummary, asker: Asker) -> Permitted:
    if asker.via == "token":
        return Permitted(allowed=False, why_not="A token hands nothing on: that would outlive it. Sign in.")
    if short.decides_for is not None:
        return Permitted(allowed=False, why_not=f"{short.decides_for.name} lent it to you.")
    return short.may_decide


def as_view(change: Json) -> Difference:
    return Difference(field=str(change["field"]), before=change.get("before"), after=change.get("after"))
